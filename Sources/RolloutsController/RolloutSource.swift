import KubeModel
import KubeRuntime
import Logging
package import PrometheusClient
import PrometheusModel
import Rollouts
package import Values

/// A Prometheus of the configuration, as the rollouts controller needs it.
package struct RolloutSourceDefinition: Sendable {
    package var name: String
    package var client: any PrometheusQuerying
    package var scrapeInterval: PromDuration
    /// Whether objects of a namespace may name it.
    package var allows: @Sendable (_ namespace: String) -> Bool

    package init(
        name: String, client: any PrometheusQuerying, scrapeInterval: PromDuration, allows: @escaping @Sendable (_ namespace: String) -> Bool
    ) {
        self.name = name
        self.client = client
        self.scrapeInterval = scrapeInterval
        self.allows = allows
    }

    /// How counts are put together, and how often they are asked for.
    var tick: PromDuration { max(scrapeInterval, .seconds(5)) }
}

/// Raw samples as they were at a time.
struct CounterAnswer: Sendable, Hashable {
    var askedAt: Instant
    var samples: [CounterSample]
}

/// Reads raw counters, each question once whoever asks it.
struct CounterReader: Sendable {
    let sources: [String: RolloutSourceDefinition]
    let wallClock: @Sendable () -> Instant

    /// What a poll brings: enough that a few failed ones leave no gap.
    static let window = PromDuration.minutes(2)
    /// Scrapes reach Prometheus a little after their time.
    static let lateness = PromDuration.seconds(1)

    func read(_ question: CounterQuestion, range: PromDuration) async throws -> CounterAnswer {
        guard let source = sources[question.source] else { throw Obstacle(description: "there is no Prometheus \(question.source)") }
        let askedAt = wallClock()
        var samples: [CounterSample] = []
        for part in question.parts {
            let answer = try await source.client.query(question.promql(part, range: range), at: askedAt)
            samples += question.samples(answer.value.matrix ?? [], of: part)
        }
        return CounterAnswer(askedAt: askedAt, samples: samples)
    }

    func pool(timeline: Timeline, logger: Logger, notify: @escaping @Sendable (ObjectKey) -> Void) -> SamplerPool<CounterQuestion, CounterAnswer> {
        SamplerPool { question in
            Sampler(
                name: "rollout-\(question.source)", interval: sources[question.source]?.tick.swiftDuration ?? .seconds(5), tolerated: 1,
                timeline: timeline, wallClock: wallClock, logger: logger, notify: notify
            ) {
                try await read(question, range: Self.window)
            }
        }
    }
}
