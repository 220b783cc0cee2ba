import KubeModel
import PlimsollAPI
import ServiceLevels
import Testing
import Values

struct CompositeConditionTests {
    /// Another object stands in the way: the composite goes on with what it has, and says so.
    @Test func `a composite that is not whole is not ready`() throws {
        func gap(_ reason: CompositeMembers.Gap.Reason) throws -> CompositeMembers.Gap {
            let spec = try SLOFixtures.spec(SLOFixtures.composite)
            let members = try #require(
                CompositeMembers(ObjectKey(namespace: "shop", name: "shop"), spec) { key in
                    var other = SLOSpec()
                    other.sharedWith = ["shop"]
                    guard key.name == "checkout" else { return .slo(other) }
                    if reason == .otherSource { other.source = "west" }
                    return reason == .missing ? .nothing : .slo(other)
                })
            #expect(members.counted.map(\.description) == ["shop/front.end", "ai/search"])
            return try #require(members.gaps.first { $0.reason == reason })
        }
        var world = try SLODeciderTests.World(SLOFixtures.composite)
        world.load()
        world.count(consumed: 0.5, burn: 1)
        world.observation.gaps = [try gap(.missing)]
        #expect(world.step().rules == world.rules.map { .write($0) })
        #expect(world.condition("Ready")?.status == .false)
        #expect(world.condition("Ready")?.reason == "MemberMissing")
        #expect(world.condition("Ready")?.message.contains("members[0]: this installation works on no such SLO") == true)
        #expect(world.condition("Reconciling")?.status == .true)
        #expect(world.condition("Stalled")?.status == .false)
        #expect(world.condition("BudgetHealthy")?.status == .true)
        world.observation.gaps = [try gap(.otherSource)]
        _ = world.step()
        #expect(world.condition("Ready")?.reason == "MemberOfOtherSource")
        #expect(world.condition("Stalled")?.status == .true)
        #expect(world.condition("Reconciling")?.status == .false)
        world.observation.gaps = []
        _ = world.step()
        #expect(world.condition("Ready")?.status == .true)
        #expect(world.condition("Stalled")?.status == .false)
    }
}
