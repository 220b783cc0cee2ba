package import Values

/// How a source's rules are written: what the daemon's configuration says about the Prometheus that will evaluate them.
package struct RuleSettings: Sendable, Hashable {
    /// How often Prometheus scrapes the targets that the SLOs are about.
    package var scrapeInterval: PromDuration
    /// How often the fast groups are evaluated.
    package var evaluationInterval: PromDuration
    /// Extra labels of the objects that carry the rules, such as those a Prometheus Operator selects by.
    package var labels: [String: String]

    package var layout: Layout

    /// Which rules SLOs share.
    package enum Layout: Sendable, Hashable, CustomStringConvertible {
        /// None.
        case perSLO
        /// All but those that read raw series, with the others in their place, of which the source has a power of two.
        case fleet(source: String, places: Int)

        package var description: String {
            switch self {
            case .perSLO: "PerSLO"
            case .fleet(let source, let places): "Fleet \(source) \(places)"
            }
        }
    }

    package init(
        scrapeInterval: PromDuration = .seconds(30), evaluationInterval: PromDuration = .seconds(30), labels: [String: String] = [:],
        layout: Layout = .perSLO
    ) {
        self.scrapeInterval = scrapeInterval
        self.evaluationInterval = evaluationInterval
        self.labels = labels
        self.layout = layout
    }

    /// The one window over which raw series are read: at least a minute, four scrapes (a lost scrape still leaves a rate) and one evaluation, and a
    /// multiple of the evaluation interval, so that every event is seen by equally many evaluations.
    package var baseWindow: PromDuration {
        let step = max(evaluationInterval.milliseconds, 1)
        let least = max(PromDuration.minutes(1), scrapeInterval * 4, evaluationInterval).milliseconds
        return PromDuration(milliseconds: (least + step - 1) / step * step)
    }

    /// Prometheus 2 counts both ends of a range and Prometheus 3 only the later one: a millisecond less, and both count each sample once.
    static func range(_ window: PromDuration) -> PromDuration { PromDuration(milliseconds: window.milliseconds - 1) }

    /// Between evaluations of the windows of hours. Prometheus looks back 5 minutes for a sample, and groups of more than 2 minutes leave holes.
    package var mediumInterval: PromDuration {
        let step = max(evaluationInterval.milliseconds, 1)
        return PromDuration(milliseconds: step * max(1, min(4, 120_000 / step)))
    }

    /// Between evaluations of the windows of days.
    package static let slowInterval = PromDuration.minutes(5)
    /// The longest window that the fast group keeps.
    package static let longestFast = PromDuration.hours(1)
    /// The longest window that is summed straight from the base samples; longer ones are summed from sums of five minutes.
    package static let longestStraight = PromDuration.hours(12)

    /// Which group keeps a window.
    package static func pace(of window: PromDuration) -> Pace {
        window <= longestFast ? .fast : window <= longestStraight ? .medium : .slow
    }

    /// The groups of an SLO, by how often they are evaluated.
    package enum Pace: String, Sendable, CaseIterable {
        case fast
        case medium
        case slow
    }

    package func interval(of pace: Pace) -> PromDuration {
        switch pace {
        case .fast: evaluationInterval
        case .medium: mediumInterval
        case .slow: Self.slowInterval
        }
    }
}
