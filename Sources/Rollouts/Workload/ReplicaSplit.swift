/// How many pods of both versions a paused Deployment has at which weight.
///
/// With two ReplicaSets at work its controller keeps `replicas + maxSurge` pods in all, by adding to or taking from the greatest. When the new one alone has
/// `replicas` available pods it takes that for the end and scales the old one down: so that is no number for a step.
package struct ReplicaSplit: Sendable, Hashable {
    package var replicas: Int
    package var maxSurge: Int

    package init(replicas: Int, maxSurge: Int) {
        self.replicas = max(0, replicas)
        self.maxSurge = max(0, maxSurge)
    }

    /// Pods in all while two versions are at work.
    package var total: Int { replicas == 0 ? 0 : replicas + maxSurge }

    /// So many pods of the new version give at least that share where that is possible; `replicas` at 100 %.
    package func canaryPods(atWeight weight: Int) -> Int {
        if weight >= 100 { return replicas }
        guard weight > 0, total > 1 else { return 0 }
        let wanted = min((weight * total + 99) / 100, total - 1)
        return isTakenForTheEnd(wanted) ? besideTheEnd(wanted) : wanted
    }

    /// The share that so many pods make, in percent: what `DeploymentPicture.weight` shows then.
    package func weight(ofCanaryPods pods: Int) -> Int {
        guard total > 0 else { return 0 }
        return min(99, 100 * pods / total)
    }

    /// With so many percent of the stable pods kept: the weight of the new version, 100 where none can be kept.
    package func weight(holdingBack percent: Int) -> Int {
        guard percent > 0, total > 1 else { return 100 }
        var kept = max(1, (percent * total + 99) / 100)
        while kept < total, isTakenForTheEnd(total - kept) { kept += 1 }
        return kept < total ? weight(ofCanaryPods: total - kept) : 100
    }

    private func isTakenForTheEnd(_ pods: Int) -> Bool { pods == replicas && pods < total }

    private func besideTheEnd(_ pods: Int) -> Int { pods + 1 < total ? pods + 1 : pods - 1 }
}

/// The next change of one ReplicaSet's size on the way to a weight, while the Deployment is paused. Its controller does the rest.
package struct ReplicaMove: Sendable, Hashable {
    package enum Arm: Sendable, Hashable {
        case canary
        case stable
    }

    package var scale: Arm
    package var to: Int

    package init(_ scale: Arm, to: Int) {
        self.scale = scale
        self.to = to
    }

    /// - Parameters:
    ///   - target: pods of the canary that are wanted; `split.replicas` means that no stable pod is to be left.
    ///   - canary, stable: pods asked for now.
    ///   - canaryReady, stableReady: those of them that are Ready.
    /// - Returns: nil where nothing is to be done, or not now: until the Deployment's controller has made the numbers up, and as many pods are Ready as
    ///   must be.
    package static func next(
        _ split: ReplicaSplit, target: Int, canary: Int, stable: Int, canaryReady: Int, stableReady: Int, maxUnavailable: Int
    ) -> ReplicaMove? {
        guard split.replicas > 0 else { return nil }
        let least = max(0, split.replicas - maxUnavailable)
        // A status that lags counts pods that are on their way out already.
        let (canaryReady, stableReady) = (min(canaryReady, canary), min(stableReady, stable))
        let spare = canaryReady + stableReady - least
        let isEnd = target >= split.replicas && (target == split.replicas)
        if isEnd, stable > 0, canaryReady >= least, canary > 0 { return ReplicaMove(.stable, to: 0) }
        // What is not settled yet is no ground to go on from.
        guard canary == 0 || stable == 0 || canary + stable == split.total else { return nil }
        if canary == target, !isEnd { return nil }
        if isEnd, stable == 0 { return nil }
        let goal = isEnd ? max(1, split.total - 1) : target
        if goal == canary { return nil }
        return goal > canary
            ? grow(split, goal, canary, stable, spare, isEnd: isEnd)
            : shrink(split, goal, canary, stable, spare, canaryReady: canaryReady)
    }

    private static func grow(_ split: ReplicaSplit, _ goal: Int, _ canary: Int, _ stable: Int, _ spare: Int, isEnd: Bool) -> ReplicaMove? {
        // The first pods come out of the surge; later each one that comes takes a stable one's place.
        let room = canary == 0 ? spare + split.maxSurge : spare
        guard room > 0 else { return nil }
        var next = min(goal, canary + room)
        if next == split.replicas, !isEnd {
            if next + 1 <= goal, canary + room > next { next += 1 } else { next -= 1 }
        }
        guard next > canary else { return nil }
        let left = split.total - next
        // The controller takes from the greatest: of two equals from the old, and gives to the new.
        if canary == 0 || stable >= next { return ReplicaMove(.canary, to: next) }
        return canary >= left ? ReplicaMove(.stable, to: left) : nil
    }

    private static func shrink(
        _ split: ReplicaSplit, _ goal: Int, _ canary: Int, _ stable: Int, _ spare: Int, canaryReady: Int
    ) -> ReplicaMove? {
        // Pods that are not Ready serve nobody: they go at once.
        let room = max(spare, canary - canaryReady)
        guard room > 0 else { return nil }
        let next = max(goal, canary - room)
        let more = split.total - next
        if next == 0 { return ReplicaMove(.canary, to: 0) }
        if canary > more { return ReplicaMove(.stable, to: more) }
        if stable > next { return ReplicaMove(.canary, to: next) }
        // Of two equals the controller would undo either: one pod more goes, and one fewer than asked for is Ready for a moment.
        return canary > 0 ? ReplicaMove(.canary, to: max(0, next - 1)) : nil
    }
}
