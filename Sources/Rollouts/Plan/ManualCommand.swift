package import KubeModel

/// `plimsoll.dev/do: promote`: what a person asks for by an annotation.
package enum ManualCommand {
    package static let annotation = "plimsoll.dev/do"

    package enum Reading: Sendable, Hashable {
        case none
        case command(RolloutObservation.Command)
        case unknown(String)
    }

    /// Until our admission is installed nobody vouches for who wrote it.
    private static let author = "Unverified"

    package static func read(_ annotations: StringPairs) -> Reading {
        guard let text = annotations[annotation] else { return .none }
        guard let verb = RolloutObservation.Command.Verb(rawValue: text) else { return .unknown(text) }
        return .command(.init(id: text, verb: verb, author: author))
    }
}
