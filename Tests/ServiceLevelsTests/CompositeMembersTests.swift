import KubeModel
import PlimsollAPI
import ServiceLevels
import Testing
import Values

/// What a composite makes of the SLOs that it names.
struct CompositeMembersTests {
    private static func plain(groupBy: [String] = [], source: String = "default", sharedWith: [String] = []) -> CompositeMembers.Found {
        var spec = SLOSpec()
        (spec.groupBy, spec.source, spec.sharedWith) = (groupBy, source, sharedWith)
        return .slo(spec)
    }

    private static func composite(_ members: String..., groupBy: [String] = []) -> SLOSpec {
        var spec = SLOSpec()
        spec.groupBy = groupBy
        spec.indicator = SLOIndicator(
            composite: CompositeIndicator(
                members: members.map { text in
                    let parts = text.split(separator: "/").map(String.init)
                    return parts.count == 2 ? CompositeMember(name: parts[1], namespace: parts[0]) : CompositeMember(name: text)
                }))
        return spec
    }

    /// Of `shop/all`, in a world of SLOs by key.
    private func members(_ spec: SLOSpec, _ world: [String: CompositeMembers.Found]) throws -> CompositeMembers {
        try #require(
            CompositeMembers(ObjectKey(namespace: "shop", name: "all"), spec) { key in
                key.description == "shop/all" ? .slo(spec) : world[key.description] ?? .nothing
            })
    }

    private func told(_ members: CompositeMembers) -> [String] {
        members.faults.map(\.description) + members.gaps.map { "\($0.reason.rawValue) \($0.problem)" }
    }

    @Test func allIsWell() throws {
        let found = try members(
            Self.composite("a", "ai/b", "shop/c"),
            ["shop/a": Self.plain(groupBy: ["x"]), "ai/b": Self.plain(sharedWith: ["x", "shop"]), "shop/c": Self.plain(sharedWith: [])])
        #expect(told(found) == [])
        #expect(found.counted.map(\.description) == ["shop/a", "ai/b", "shop/c"])
        #expect(found.resolved(Self.composite("a")).indicator.composite?.members.map(\.namespace) == ["shop", "ai", "shop"])
        #expect(CompositeMembers(ObjectKey(namespace: "shop", name: "a"), SLOSpec()) { _ in .nothing } == nil)
    }

    static let cases: [(spec: SLOSpec, world: [String: CompositeMembers.Found], counted: [String], told: [String])] = [
        (
            composite("a", "b"), ["shop/a": plain()], ["shop/a"],
            [
                #"MemberMissing spec.indicator.composite.members[1]: this installation works on no such SLO; create it, or take it out of the members (got "shop/b")"#
            ]
        ),
        // One that is there and not shared reads like one that is not there.
        (
            composite("ai/a", "ai/b", "ai/c"), ["ai/a": plain(sharedWith: ["other"]), "ai/c": .invalid(sharedWith: ["other"])], [],
            ["a", "b", "c"].enumerated().map { index, name in
                "MemberNotShared spec.indicator.composite.members[\(index)]: no such SLO lists the namespace shop in its spec.sharedWith; its owner must "
                    + "add it there (got \"ai/\(name)\")"
            }
        ),
        // Of what is shared nobody is left out for a slip of its owner's pen.
        (
            composite("ai/a"), ["ai/a": .invalid(sharedWith: ["shop"])], ["ai/a"],
            [
                "MemberInvalid spec.indicator.composite.members[0]: its spec is invalid, so that it counts as it was before; correct it "
                    + #"(got "ai/a")"#
            ]
        ),
        (
            composite("a"), ["shop/a": .invalid(sharedWith: [])], ["shop/a"],
            [
                "MemberInvalid spec.indicator.composite.members[0]: its spec is invalid, so that it counts as it was before; correct it "
                    + #"(got "shop/a")"#
            ]
        ),
        (
            composite("a", "b"), ["shop/a": plain(), "shop/b": plain(source: "west")], ["shop/a"],
            [
                "MemberOfOtherSource spec.indicator.composite.members[1]: its source is west, and the composite's is default: one Prometheus must have "
                    + #"the events of all members; give both the same spec.source (got "shop/b")"#
            ]
        ),
        (
            composite("a", "all"), ["shop/a": plain()], ["shop/a"],
            [#"spec.indicator.composite.members[1]: is the composite itself; name others (got "shop/all")"#]
        ),
        (
            composite("a", "shop/a"), ["shop/a": plain()], ["shop/a"],
            [
                "spec.indicator.composite.members[1]: is given already, without its namespace; each member must be a different SLO "
                    + #"(got "shop/a")"#
            ]
        ),
        (
            composite("a", groupBy: ["region", "zone"]), ["shop/a": plain(groupBy: ["zone"])], ["shop/a"],
            [
                "spec.groupBy[0]: splits by a label by which the member shop/a is not split; add it to the member's groupBy, or remove it here "
                    + #"(got "region")"#
            ]
        ),
        // Composites of composites are good, even of the same.
        (
            composite("a", "b"), ["shop/a": .slo(composite("c")), "shop/b": .slo(composite("c")), "shop/c": plain()], ["shop/a", "shop/b"], []
        ),
        (
            composite("a"), ["shop/a": .slo(composite("x", "b")), "shop/b": .slo(composite("all")), "shop/x": plain()], ["shop/a"],
            [
                "spec.indicator.composite.members: lead in a circle: shop/all -> shop/a -> shop/b -> shop/all; take one of them out of another's "
                    + "members"
            ]
        ),
        // One that leads into a circle has no more sense than one that is in it.
        (
            composite("a"), ["shop/a": .slo(composite("b")), "shop/b": .slo(composite("a"))], ["shop/a"],
            ["spec.indicator.composite.members: lead in a circle: shop/a -> shop/b -> shop/a; take one of them out of another's members"]
        ),
    ]

    @Test(arguments: cases.indices) func whatStandsInTheWayIsNamed(index: Int) throws {
        let (spec, world, counted, expected) = Self.cases[index]
        let found = try members(spec, world)
        #expect(told(found) == expected)
        #expect(found.counted.map(\.description) == counted)
    }

    @Test(arguments: [(7, false), (8, true)]) func depthIsBounded(composites: Int, isTooDeep: Bool) throws {
        var world: [String: CompositeMembers.Found] = ["shop/m\(composites)": Self.plain()]
        for level in 0..<composites { world["shop/m\(level)"] = .slo(Self.composite("m\(level + 1)")) }
        let found = try members(Self.composite("m0"), world)
        #expect(!found.faults.isEmpty == isTooDeep, "\(found.faults)")
        if isTooDeep {
            #expect(found.faults.first?.message.hasPrefix("are composites of composites more than 8 deep: shop/all -> shop/m0 -> ") == true)
        }
        // The same below one that has been looked at on a shorter way.
        let wide = try members(Self.composite("m\(composites - 1)", "m0"), world)
        #expect(!wide.faults.isEmpty == isTooDeep, "\(wide.faults)")
    }

    /// 32 members that each have the same 32, eight deep: each is looked at once.
    @Test func manyWaysToTheSameAreOneWalk() throws {
        var asked = 0
        let names = (0..<32).map { "m\($0)" }
        func level(_ level: Int) -> SLOSpec {
            var spec = SLOSpec()
            spec.indicator = SLOIndicator(
                composite: CompositeIndicator(members: names.map { CompositeMember(name: "\($0)-\(level)") }))
            return spec
        }
        let found = CompositeMembers(ObjectKey(namespace: "shop", name: "all"), level(1)) { key in
            asked += 1
            let depth = key.name.split(separator: "-").last.flatMap { Int($0) } ?? 0
            return depth < 8 ? .slo(level(depth + 1)) : Self.plain()
        }
        #expect(found?.faults == [])
        #expect(asked <= 32 + 32 * 32 * 8)
    }
}
