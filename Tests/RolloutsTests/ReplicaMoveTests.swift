import Rollouts
import Testing
import Values

/// A paused Deployment with two versions, moved from weight to weight.
@Suite struct ReplicaMoveTests {
    /// What the Deployment's controller and the kubelet do: seen on a 1.20 server.
    private struct Paused {
        struct Side {
            var wanted: Int
            var ready: Int

            mutating func settle(becomesReady: Bool) {
                // Pods that are not Ready go first.
                if ready > wanted { ready = wanted }
                if becomesReady { ready = wanted }
            }
        }

        var replicas: Int
        let surge: Int
        let unavailable: Int
        var stable: Side
        var canary = Side(wanted: 0, ready: 0)

        init(replicas: Int, surge: Int, unavailable: Int) {
            self.replicas = replicas
            self.surge = surge
            self.unavailable = unavailable
            stable = Side(wanted: replicas, ready: replicas)
        }

        var split: ReplicaSplit { ReplicaSplit(replicas: replicas, maxSurge: surge) }
        var ready: Int { stable.ready + canary.ready }

        mutating func perform(_ move: ReplicaMove) {
            switch move.scale {
            case .canary: canary.wanted = move.to
            case .stable: stable.wanted = move.to
            }
            stable.settle(becomesReady: false)
            canary.settle(becomesReady: false)
        }

        /// `sync` of a paused Deployment.
        mutating func reconcile() {
            if canary.wanted == 0 || stable.wanted == 0 {
                if canary.wanted == 0 { stable.wanted = replicas } else { canary.wanted = replicas }
            } else if canary.wanted == replicas, canary.ready == replicas {
                stable.wanted = 0
            } else {
                let missing = replicas + surge - canary.wanted - stable.wanted
                if missing > 0 {
                    if canary.wanted >= stable.wanted { canary.wanted += missing } else { stable.wanted += missing }
                } else if stable.wanted >= canary.wanted {
                    stable.wanted = max(0, stable.wanted + missing)
                } else {
                    canary.wanted = max(0, canary.wanted + missing)
                }
            }
            stable.settle(becomesReady: false)
            canary.settle(becomesReady: false)
        }

        mutating func becomeReady() {
            stable.settle(becomesReady: true)
            canary.settle(becomesReady: true)
        }

        func next(_ target: Int) -> ReplicaMove? {
            ReplicaMove.next(
                split, target: target, canary: canary.wanted, stable: stable.wanted, canaryReady: canary.ready, stableReady: stable.ready,
                maxUnavailable: unavailable)
        }
    }

    private static let shapes = [
        (1, 1, 0), (1, 0, 1), (2, 1, 0), (3, 1, 0), (4, 1, 0), (4, 1, 1), (5, 2, 1), (10, 3, 2), (10, 0, 1), (10, 10, 0), (25, 7, 6), (100, 25, 25),
    ]

    /// Goes to a weight; the least number of Ready pods on the way is kept.
    private func go(_ world: inout Paused, to weight: Int, missing: Int = 0, at places: SourceLocation = #_sourceLocation) {
        let target = world.split.canaryPods(atWeight: weight)
        let least = world.replicas - world.unavailable - missing
        for _ in 0..<500 {
            guard let move = world.next(target) else { break }
            world.perform(move)
            #expect(world.ready >= least, "\(world) after \(move)", sourceLocation: places)
            world.reconcile()
            #expect(world.ready >= least, "\(world) after \(move) and its controller", sourceLocation: places)
            world.becomeReady()
            world.reconcile()
            world.becomeReady()
        }
        #expect(world.next(target) == nil, "\(world) never rests on the way to \(target)", sourceLocation: places)
        #expect(world.canary.wanted == target, "\(world) should have \(target)", sourceLocation: places)
        if weight < 100 { #expect(world.stable.wanted > 0, "\(world)", sourceLocation: places) }
    }

    @Test(arguments: shapes) func stepsForward(_ shape: (Int, Int, Int)) {
        var world = Paused(replicas: shape.0, surge: shape.1, unavailable: shape.2)
        for weight in [10, 25, 50, 75, 90, 100] {
            go(&world, to: weight)
            if weight < 100, world.canary.wanted > 0 {
                #expect(world.canary.wanted + world.stable.wanted == world.split.total)
            }
        }
        #expect(world.canary.wanted == shape.0 && world.stable.wanted == 0)
    }

    @Test(arguments: shapes) func straightToTheEnd(_ shape: (Int, Int, Int)) {
        var world = Paused(replicas: shape.0, surge: shape.1, unavailable: shape.2)
        go(&world, to: 100)
        #expect(world.canary.wanted == shape.0 && world.stable.wanted == 0)
    }

    @Test(arguments: shapes) func backToNothing(_ shape: (Int, Int, Int)) {
        for weight in [10, 50, 75] {
            var world = Paused(replicas: shape.0, surge: shape.1, unavailable: shape.2)
            go(&world, to: weight)
            // Back, one pod may be missing for a moment.
            go(&world, to: 0, missing: 1)
            #expect(world.stable.wanted == shape.0)
        }
    }

    @Test func waitsForPodsToBeReady() {
        var world = Paused(replicas: 4, surge: 1, unavailable: 0)
        guard let first = world.next(2) else { return #expect(Bool(false), "there is a first step") }
        world.perform(first)
        world.reconcile()
        #expect(world.canary.wanted == 1)
        // Its pod is not Ready yet.
        #expect(world.next(2) == nil)
        world.becomeReady()
        #expect(world.next(2) == ReplicaMove(.canary, to: 2))
    }

    /// Seen on a real cluster: the old ReplicaSet is asked for three pods, and its status still counts four.
    @Test func podsOnTheirWayOutAreNotCounted() {
        let split = ReplicaSplit(replicas: 4, maxSurge: 1)
        let lagging = ReplicaMove.next(split, target: 3, canary: 2, stable: 3, canaryReady: 1, stableReady: 4, maxUnavailable: 0)
        #expect(lagging == nil)
        // As far as it can be short of the end, and its last pod is not Ready: nothing is written again and again.
        let last = ReplicaMove.next(split, target: 4, canary: 4, stable: 1, canaryReady: 3, stableReady: 1, maxUnavailable: 0)
        #expect(last == nil)
    }

    @Test func theWeightOfPodsIsAtLeastWhatWasAskedForWhereItCanBe() {
        let split = ReplicaSplit(replicas: 10, maxSurge: 3)
        #expect([1, 10, 25, 50].map(split.canaryPods(atWeight:)) == [1, 2, 4, 7])
        for weight in 1...99 where split.canaryPods(atWeight: weight) < split.total - 1 {
            #expect(split.weight(ofCanaryPods: split.canaryPods(atWeight: weight)) >= weight)
        }
        #expect(split.canaryPods(atWeight: 100) == 10)
    }

    @Test func noStepHasJustAsManyPodsAsTheEnd() {
        for (replicas, surge, _) in Self.shapes where surge > 0 {
            let split = ReplicaSplit(replicas: replicas, maxSurge: surge)
            for weight in 1...99 { #expect(split.canaryPods(atWeight: weight) != replicas, "\(split) at \(weight)") }
            let held = split.weight(holdingBack: 5)
            if held < 100 { #expect(split.canaryPods(atWeight: held) != replicas, "\(split) held back") }
        }
        // One pod can't be shared.
        #expect(ReplicaSplit(replicas: 1, maxSurge: 1).canaryPods(atWeight: 50) == 0)
        #expect(ReplicaSplit(replicas: 1, maxSurge: 0).weight(holdingBack: 5) == 100)
    }

    @Test func anAutoscalersChangeOnTheWayIsFollowed() {
        var world = Paused(replicas: 4, surge: 1, unavailable: 0)
        go(&world, to: 40)
        world.replicas = 10
        world.reconcile()
        world.becomeReady()
        go(&world, to: 40)
        #expect(world.canary.wanted == world.split.canaryPods(atWeight: 40))
        go(&world, to: 100)
    }
}
