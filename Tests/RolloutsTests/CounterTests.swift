import Testing
import Values

@testable import Rollouts

@Suite struct CounterTests {
    private static let old = PodLife(name: "old", arm: .stable, startedAt: RolloutFixtures.at(-3600))
    private static let new = PodLife(name: "new", arm: .canary, startedAt: RolloutFixtures.at(10))

    private struct Rig {
        var differencer = CounterDifferencer()
        var warmUp = PromDuration.zero

        mutating func scrape(_ life: PodLife, _ seconds: Double, _ values: [(CounterRole, String, Double)], outcomes: Int = 1) -> [Double]? {
            let at = RolloutFixtures.at(seconds)
            let samples = values.map { CounterSample(pod: life.name, series: $0.1, role: $0.0, at: at, value: $0.2) }
            let increment = differencer.add(
                samples, of: life, at: at, outcomes: outcomes, since: RolloutFixtures.start, warmUp: warmUp, maximumGap: .seconds(20))
            return increment.map { [$0.requests] + $0.bad }
        }
    }

    @Test func aFreshPodsFirstValuesCount() {
        var rig = Rig()
        #expect(rig.scrape(Self.new, 15, [(.total, "", 9), (.bad(0), "code=500", 7)]) == [9, 7])
        #expect(rig.scrape(Self.new, 20, [(.total, "", 12), (.bad(0), "code=500", 8)]) == [3, 1])
    }

    @Test func anOldPodsFirstValuesAreWhereItStands() {
        var rig = Rig()
        #expect(rig.scrape(Self.old, 2, [(.total, "", 900), (.bad(0), "", 70)]) == nil)
        #expect(rig.scrape(Self.old, 7, [(.total, "", 910), (.bad(0), "", 71)]) == [10, 1])
        // A series born since the last scrape counts whole.
        #expect(rig.scrape(Self.old, 12, [(.total, "", 920), (.bad(0), "", 71), (.bad(0), "code=503", 4)]) == [10, 4])
    }

    @Test func aSeriesThatIsGoneIsNoReset() {
        var rig = Rig()
        _ = rig.scrape(Self.new, 15, [(.total, "a", 100), (.total, "b", 50), (.bad(0), "", 0)])
        #expect(rig.scrape(Self.new, 20, [(.total, "a", 103), (.bad(0), "", 0)]) == [3, 0])
        #expect(rig.scrape(Self.new, 25, [(.total, "a", 103), (.total, "b", 51), (.bad(0), "", 0)]) == [1, 0])
    }

    @Test func aResetCountsWhatCameSince() {
        var rig = Rig()
        _ = rig.scrape(Self.new, 15, [(.total, "", 100), (.bad(0), "", 10)])
        #expect(rig.scrape(Self.new, 20, [(.total, "", 4), (.bad(0), "", 2)]) == [4, 2])
    }

    @Test func whatIsNoCountIsNoScrape() {
        var rig = Rig()
        _ = rig.scrape(Self.new, 15, [(.total, "", 10), (.bad(0), "", 0)])
        for nonsense in [Double.nan, .infinity, -1] {
            #expect(rig.scrape(Self.new, 20, [(.total, "", 14), (.bad(0), "", nonsense)]) == nil)
        }
        #expect(rig.scrape(Self.new, 25, [(.total, "", 18), (.bad(0), "", 1)]) == [8, 1])
        // Neither is what was seen before.
        #expect(rig.scrape(Self.new, 25, [(.total, "", 18), (.bad(0), "", 1)]) == nil)
    }

    @Test func aGapIsLeftOut() {
        var rig = Rig()
        _ = rig.scrape(Self.new, 15, [(.total, "", 10), (.bad(0), "", 0)])
        #expect(rig.scrape(Self.new, 36, [(.total, "", 99), (.bad(0), "", 50)]) == nil)
        #expect(rig.scrape(Self.new, 41, [(.total, "", 100), (.bad(0), "", 50)]) == [1, 0])
    }

    @Test func warmUpIsLeftOut() {
        var rig = Rig(warmUp: .seconds(30))
        #expect(rig.scrape(Self.new, 15, [(.total, "", 10), (.bad(0), "", 9)]) == nil)
        #expect(rig.scrape(Self.new, 30, [(.total, "", 20), (.bad(0), "", 9)]) == nil)
        #expect(rig.scrape(Self.new, 42, [(.total, "", 25), (.bad(0), "", 9)]) == [5, 0])
    }

    @Test func bucketsLeaveTheRest() {
        var rig = Rig()
        // Of ten, eight within the first bound and nine within the second.
        #expect(rig.scrape(Self.new, 15, [(.total, "", 10), (.good(0), "", 8), (.good(1), "", 9)], outcomes: 2) == [10, 2, 1])
        // More good than all, by a scrape in the midst of a change: no less than none.
        #expect(rig.scrape(Self.new, 20, [(.total, "", 12), (.good(0), "", 11), (.good(1), "", 10)], outcomes: 2) == [2, 0, 1])
        // An outcome that is not asked for is not counted.
        #expect(rig.scrape(Self.new, 25, [(.total, "", 13), (.bad(5), "", 1)]) == [1, 0])
    }

    @Test func aStatefulSetsPodComesBackInAnotherLife() {
        var rig = Rig()
        _ = rig.scrape(PodLife(name: "web-2", arm: .stable, startedAt: RolloutFixtures.at(-60)), 5, [(.total, "", 500), (.bad(0), "", 5)])
        let again = PodLife(name: "web-2", arm: .canary, startedAt: RolloutFixtures.at(20))
        #expect(rig.scrape(again, 25, [(.total, "", 600), (.bad(0), "", 6)]) == [600, 6])
    }

    @Test func roles() {
        for role in [CounterRole.total, .bad(0), .good(12)] { #expect(CounterRole(role.text) == role) }
        #expect(CounterRole("bad") == nil && CounterRole("goodx") == nil && CounterRole("") == nil)
    }

    @Test func latencyBounds() {
        let buckets = [0.1: 40.0, 0.25: 60, 0.5: 96, 1: 99.5, 2.5: 100]
        #expect(LatencyBounds.choose(slowerThan: 0.5, buckets: buckets, total: 100) == [0.25, 0.5, 1])
        #expect(LatencyBounds.choose(slowerThan: 0.3, buckets: [0.1: 0, 0.5: 0], total: 0) == [0.5])
        #expect(LatencyBounds.choose(slowerThan: 9, buckets: buckets, total: 1000) == [2.5])
        #expect(LatencyBounds.choose(slowerThan: 1, buckets: [.infinity: 5], total: 5) == [])
    }
}
