import KubeModel
import KubeRuntime
import Logging
import PrometheusClient
import PrometheusModel
import ServiceLevels
import Synchronization
import Values

/// A source at work: its output and the two samplers that all its SLOs share.
final class SourceRuntime: Sendable {
    let definition: SLOSourceDefinition
    let output: any RuleOutput
    let figures: Sampler<FleetReading>
    let rules: Sampler<RulesReading>
    /// Asked seldom: what it tells changes once a day.
    let days: Sampler<PastDays>
    let preflight: PreflightRunner
    private let instance: String
    /// When an SLO's rules were first seen evaluated.
    private let evaluated = Mutex<[ObjectKey: Instant]>([:])

    init(
        _ definition: SLOSourceDefinition, output: any RuleOutput, instance: String, timeline: Timeline, wallClock: @escaping @Sendable () -> Instant,
        logger: Logger, notify: @escaping @Sendable (ObjectKey) -> Void
    ) {
        self.definition = definition
        self.output = output
        self.instance = instance
        func client(_ purpose: CountedPrometheus.Purpose) -> CountedPrometheus { CountedPrometheus(definition.client, for: purpose) }
        let (figuresClient, rulesClient) = (client(.figures), client(.rules))
        let interval = Swift.Duration.milliseconds(definition.pollInterval.milliseconds)
        figures = Sampler(
            name: "\(definition.name)/figures", interval: interval, tolerated: 1, timeline: timeline, wallClock: wallClock, logger: logger,
            concern: { old, new, all in
                guard let old else { return all }
                return all.filter { old.figures[$0] != new.figures[$0] }
            },
            notify: notify, poll: { try await FleetPoll.figures(figuresClient, instance: instance) })
        rules = Sampler(
            name: "\(definition.name)/rules", interval: interval, tolerated: 1, timeline: timeline, wallClock: wallClock, logger: logger,
            concern: { old, new, all in
                guard let old else { return all }
                let changed = Set(old.places.keys).union(new.places.keys).filter { old.places[$0] != new.places[$0] }
                return all.filter { key in
                    old.groups[key] != new.groups[key] || definition.place(of: key, instance: instance).map { changed.contains($0.name) } ?? false
                }
            },
            notify: notify, poll: { try await FleetPoll.rules(rulesClient, instance: instance) })
        let pastDays = PastDaysReader(client(.days), instance: instance, wallClock: wallClock)
        days = Sampler(
            name: "\(definition.name)/days", interval: .seconds(3600), timeline: timeline, wallClock: wallClock, logger: logger,
            concern: { old, new, all in all.filter { !new.agrees(with: old, on: $0) } }, notify: notify, poll: { try await pastDays.read() })
        preflight = PreflightRunner(name: definition.name, client: client(.preflight), timeline: timeline, logger: logger, notify: notify)
        output.onLoad { [rules] keys in
            rules.pollSoon()
            for key in keys.sorted() { notify(key) }
        }
    }

    /// Whether Prometheus was asked both questions, whatever came of it.
    var wasAsked: Bool {
        let (figures, rules) = (figures.sample, rules.sample)
        return (figures.value != nil || figures.failure != nil) && (rules.value != nil || rules.failure != nil)
    }

    func subscribe(_ key: ObjectKey) {
        figures.subscribe(key)
        days.subscribe(key)
        rules.subscribe(key)
    }

    func unsubscribe(_ key: ObjectKey) {
        figures.unsubscribe(key)
        days.unsubscribe(key)
        rules.unsubscribe(key)
        preflight.forget(key)
        evaluated.withLock { $0[key] = nil }
    }

    /// What is known of an SLO without asking anybody.
    func observation(of key: ObjectKey, output: SLOObservation.Output) -> SLOObservation {
        let figures = figures.sample
        let rules = rules.sample
        let place = definition.place(of: key, instance: instance)
        var observation = SLOObservation(
            output: output,
            rules: rules.failure.map { .unavailable($0) } ?? rules.value.map { .loaded($0.groups(of: key, place: place)) } ?? .unasked,
            figures: figures.failure.map { .unavailable($0) } ?? figures.value.map { .read($0.figures[key]) } ?? .unasked,
            figuresFollowEvaluation: follow(key, figures.sampledAt, rules))
        observation.days = days.sample.value
        observation.sharedDigests = rules.value?.digests(place) ?? []
        return observation
    }

    /// The two samplers take turns as they like: figures asked for before the base rule ran can't say that there is nothing to count.
    private func follow(_ key: ObjectKey, _ asked: Instant?, _ rules: Sample<RulesReading>) -> Bool {
        let isEvaluated =
            rules.value?.groups[key]?.contains { $0.rules.contains { $0.name == SeriesNames.events && $0.lastEvaluation != nil } } ?? false
        guard isEvaluated, let seen = rules.sampledAt else {
            evaluated.withLock { $0[key] = nil }
            return false
        }
        let (since, isFirst) = evaluated.withLock { evaluated in
            defer { evaluated[key] = evaluated[key] ?? seen }
            return (evaluated[key] ?? seen, evaluated[key] == nil)
        }
        if isFirst { figures.pollSoon() }
        return asked.map { $0 > since } ?? false
    }

    var parts: [ManagedPart] {
        output.parts + [
            ManagedPart("sampler \(figures.name)") { [figures] in await figures.run() },
            ManagedPart("sampler \(rules.name)") { [rules] in await rules.run() },
            ManagedPart("sampler \(days.name)") { [days] in await days.run() }, preflight.part,
        ]
    }
}
