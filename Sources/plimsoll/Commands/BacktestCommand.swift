import ArgumentParser
import KubeModel
import PlimsollAPI
import PrometheusClient
import PrometheusModel
import ServiceLevels
import Values

/// `plimsoll backtest`
struct BacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Replay SLOs on what a Prometheus remembers: which alerts would have fired, and what was left of the budget.",
        discussion: """
            Reads what the indicators select from the Prometheus's past and does with it what the rules would have done. Nothing needs to be \
            installed, and nothing is written. Where the server has the rules, moments are those of their evaluations; else they may be off by one of \
            their group: 30s for windows up to an hour, 2m up to twelve, 5m beyond. Scrape and evaluation interval come from --config (the source that \
            an SLO names), or are 30s.
            """)

    @Argument(help: "Files, directories, or - for stdin.")
    var paths: [String] = []

    @Option(help: "The URL of the Prometheus, or its name in --config; what that says of it (credentials, authorities) is used for its URL too.")
    var prometheus: String

    @Option(help: "How many days to go back.")
    var days = 30

    @Flag(help: "Print JSON instead of text, with the budget's curve.")
    var json = false

    @Option(help: "The daemon's configuration.")
    var config: String?

    @Option(help: "Pass over what is at this path, below it, or fits this pattern with *; relative to the directory given. May be repeated.")
    var exclude: [String] = []

    mutating func run() async throws {
        if paths.isEmpty { throw CommandFailure.usage("backtest", "name at least one file or directory") }
        guard (1...400).contains(days) else { throw CommandFailure.usage("backtest", "--days must be from 1 to 400") }
        let configuration = try config.map { try ConfigurationFile.load($0) }
        let set = ManifestSet(InputFiles(paths, excluding: exclude))
        let check = ManifestCheck(set, configuration: configuration)
        let lines = set.unreadable + check.problems.map(\.description)
        guard lines.isEmpty else { throw CommandFailure.input("nothing was replayed:\n" + lines.joined(separator: "\n")) }
        let chosen = try ChosenPrometheus(prometheus, option: "--prometheus", of: "backtest", configuration)
        let client = try chosen.client(option: "--prometheus", of: "backtest", timeout: .seconds(120))
        let specs = Dictionary(check.slos.map { ($0.key, $0.spec) }, uniquingKeysWith: { first, _ in first })
        var reports: [JSON] = []
        for slo in check.slos.sorted(by: { $0.key < $1.key }) {
            guard chosen.evaluates(slo.spec) else {
                StandardError.write("note: \(slo.key) is evaluated by the source \(slo.spec.source), and was not replayed")
                continue
            }
            let settings = configuration?.prometheus.first { $0.name == slo.spec.source }?.ruleSettings ?? RuleSettings()
            let replay = BacktestReplay(
                client: client, instance: configuration?.instance ?? "main", key: slo.key, spec: slo.spec, specs: specs, settings: settings,
                days: days)
            let report = BacktestReport(key: slo.key, spec: slo.spec, replay: try await replay.run(now: WallClock.now()))
            if json { reports.append(report.json) } else { StandardOutput.write(report.text) }
        }
        if json { StandardOutput.write(JSON.array(reports).text(pretty: true) + "\n") }
        await client.shutdown()
    }
}

/// One SLO's past, read in pieces that a server answers.
struct BacktestReplay {
    struct Result {
        var start: Instant
        var end: Instant
        var interval: PromDuration
        /// From `start` on.
        var traces: [Backtest.Trace]
        /// Of 1: how much of the time was measured.
        var measured: Double
        var alerts: [Backtest.Alert]
        /// By trace.
        var budgets: [[Backtest.BudgetPoint]]
    }

    let client: PrometheusHTTPClient
    /// Whose rules the server may have.
    let instance: String
    let key: ObjectKey
    let spec: SLOSpec
    /// Of all SLOs that were given, among them a composite's members.
    let specs: [ObjectKey: SLOSpec]
    let settings: RuleSettings
    let days: Int

    /// A server gives at most 11,000 points a series.
    private static let piece = 10_000

    func run(now: Instant) async throws(CommandFailure) -> Result {
        let interval = settings.evaluationInterval
        let step = interval.milliseconds * 1000
        let turns = try await turns()
        let phase = (turns[.fast]?.microseconds ?? 0) % step
        let end = Instant(microseconds: (now.microseconds - phase) / step * step + phase)
        let slots = Int(PromDuration.days(Int64(days)).milliseconds / interval.milliseconds)
        // The first moment is judged by windows that reach back beyond it.
        let lead = Int(Backtest.lead(spec).milliseconds / interval.milliseconds)
        let start = Instant(microseconds: end.microseconds - Int64(slots - 1) * step)
        let first = Instant(microseconds: start.microseconds - Int64(lead) * step)
        let traces = try await traces(key, spec, Stretch(start: first, slots: lead + slots, interval: interval))
        let backtest = Backtest(spec, settings: settings, start: first, turns: turns)
        let alerts = traces.flatMap(backtest.alerts).compactMap { $0.clipped(to: start) }
        let past = traces.map { Backtest.Trace(labels: $0.labels, total: Array($0.total[lead...]), errors: Array($0.errors[lead...])) }
        let measured = (0..<slots).count { slot in past.contains { $0.errors[slot] != nil } }
        return Result(
            start: start, end: end, interval: interval, traces: past, measured: Double(measured) / Double(slots),
            alerts: alerts.sorted { $0.start < $1.start },
            budgets: traces.map { backtest.budget($0, every: .hours(1)).filter { $0.at >= start } })
    }

    private func turns() async throws(CommandFailure) -> [RuleSettings.Pace: Instant] {
        var turns: [RuleSettings.Pace: Instant] = [:]
        for (pace, query) in BacktestQueries.turns(instance: instance, key: key, spec: spec) {
            do throws(PrometheusError) {
                let sample = try await client.query(query, at: nil).value.vector?.first
                turns[pace] = sample.flatMap { Instant(secondsSinceEpoch: $0.value) }
            } catch { throw .world("\(error)") }
        }
        return turns
    }

    private struct Stretch {
        let start: Instant
        let slots: Int
        let interval: PromDuration
    }

    /// What an SLO counts of its past; a composite's is made of its members'.
    private func traces(_ key: ObjectKey, _ spec: SLOSpec, _ stretch: Stretch) async throws(CommandFailure) -> [Backtest.Trace] {
        let backtest = Backtest(spec, settings: settings, start: stretch.start)
        if let composite = spec.indicator.composite {
            var members: [Backtest.Trace] = []
            for member in composite.members.map({ $0.key(in: key.namespace) }) {
                guard let spec = specs[member] else {
                    throw .input("SLO \(key) can't be replayed without its member \(member): give the file that has it as well")
                }
                members += try await traces(member, spec, stretch)
            }
            return Backtest.worst(of: members, by: spec.groupBy, settings: settings).map(backtest.counted)
        }
        guard let queries = BacktestQueries(spec, settings: settings) else { throw .input("the indicator of \(key) can't be replayed") }
        let total = try await series(queries.total, stretch)
        let outcome = try await series(queries.outcome, stretch)
        return queries.traces(total: total, outcome: outcome, start: stretch.start, slots: stretch.slots, interval: stretch.interval)
            .map(backtest.counted)
    }

    private func series(_ promql: String, _ stretch: Stretch) async throws(CommandFailure) -> [MatrixSeries] {
        let (start, slots, interval) = (stretch.start, stretch.slots, stretch.interval)
        var all: [MatrixSeries] = []
        var first = 0
        while first < slots {
            let last = min(first + Self.piece, slots) - 1
            do throws(PrometheusError) {
                let answer = try await client.queryRange(
                    promql, from: start.adding(interval * Int64(first)), to: start.adding(interval * Int64(last)), step: interval)
                all += answer.value.matrix ?? []
            } catch {
                if let words = error.queryRefusal { throw .input("the server refuses \(promql): \(words)") }
                throw .world("\(error)")
            }
            first = last + 1
        }
        return all
    }
}
