import KubeModel
import KubeRuntime
import PlimsollAPI
import ServiceLevels

/// Where the rules of a source's SLOs go.
protocol RuleOutput: Sendable {
    /// Makes the output hold just these rules for the object.
    /// - Returns: whether anything had to be written.
    func write(_ rules: GeneratedRules, for slo: SLO) async throws -> Bool

    /// Differs from what it was when somebody has changed what carries the object's rules, as far as that is known without asking.
    func version(of key: ObjectKey) -> String

    /// Takes the object's rules out.
    func remove(_ key: ObjectKey) async throws

    /// Whether all of the rules are there, those that the object shares among them.
    func isComplete(_ rules: GeneratedRules, for slo: SLO) -> Bool

    /// Tells what was found of the object's rules, and whether all of them were seen loaded and evaluated.
    func observed(_ rules: GeneratedRules, of key: ObjectKey, _ observation: SLOObservation, isLoaded: Bool)

    /// Whether what carries the object's rules now has all of them, so that it shares none.
    func carriesAll(_ key: ObjectKey) async -> Bool

    /// Says that what carries the object's rules is another source's by now.
    func disown(_ key: ObjectKey)

    /// Takes out this instance's rules of all other objects: they went while nobody looked. What is kept is asked once the rules that are there are
    /// known, so that of an object made meanwhile none are taken.
    func sweep(keeping kept: @escaping @Sendable () -> Set<ObjectKey>) async throws

    /// What keeps the object's rules, though written, from being loaded; nil when nothing is known.
    func trouble(of key: ObjectKey) -> String?

    /// What to do whenever Prometheus has taken written rules in, with the objects whose rules they are, as far as that is known.
    func onLoad(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void)

    /// What must run for it.
    var parts: [ManagedPart] { get }
}

extension RuleOutput {
    /// Of an output that keeps nothing beside.
    func disown(_ key: ObjectKey) {}

    func isComplete(_ rules: GeneratedRules, for slo: SLO) -> Bool { true }

    func carriesAll(_ key: ObjectKey) async -> Bool { true }

    func observed(_ rules: GeneratedRules, of key: ObjectKey, _ observation: SLOObservation, isLoaded: Bool) {}
}
