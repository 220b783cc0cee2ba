import KubeRuntime
package import Values

/// How one of the two questions that are put to a source went last.
package struct SourceHealth: Sendable, Hashable {
    package enum Question: String, Sendable, Hashable {
        case figures, rules
    }

    package var source: String
    package var question: Question
    /// When the last good answer was asked for; nil before the first.
    package var lastSuccess: Instant?
    /// Why the last poll failed; nil when it was good, or when there was none.
    package var failure: String?

    /// Nil before the first poll.
    package var isUp: Bool? { failure != nil ? false : lastSuccess != nil ? true : nil }
}

extension SLOController {
    /// The sources' health, by name.
    package var sourceHealth: [SourceHealth] {
        sources.sorted { $0.key < $1.key }.flatMap { name, source in
            let (figures, rules) = (source.figures.sample, source.rules.sample)
            return [
                SourceHealth(source: name, question: .figures, lastSuccess: figures.sampledAt, failure: figures.failure),
                SourceHealth(source: name, question: .rules, lastSuccess: rules.sampledAt, failure: rules.failure),
            ]
        }
    }
}
