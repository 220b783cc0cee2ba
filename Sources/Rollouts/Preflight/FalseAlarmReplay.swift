package import Values

/// How often a gate would have cried wolf: past samples of the stable version alone, in which a pod or two are taken for a canary (an A/A test).
package struct FalseAlarmReplay: Sendable, Hashable {
    /// Times in which a release was imagined.
    package private(set) var windows = 0
    /// Of these, in which it would have been called bad.
    package private(set) var alarms = 0
    /// And in which it would have been proved safe.
    package private(set) var safe = 0

    /// Each imagined release lasts so long.
    package static let window = PromDuration.minutes(20)
    /// The dispersion is learnt before.
    private static let prelude = PromDuration.minutes(10)

    /// - Parameters:
    ///   - samples: of the stable version's pods, raw counters.
    ///   - pods: names of pods that were there all the time; two at least.
    ///   - canaries: how many of them are imagined to be one.
    ///   - settings: the gate's.
    package init(
        _ samples: [CounterSample], pods: [String], canaries: Int, from: Instant, to: Instant, settings: EvidenceSettings, risk: Risk, gates: Int
    ) {
        let names = pods.sorted()
        let canaries = max(1, min(canaries, names.count / 2))
        guard names.count > 1, to > from else { return }
        let ordered = samples.sorted { $0.at < $1.at }
        var start = from.adding(Self.prelude)
        var turn = 0
        while start.adding(Self.window) <= to {
            // Each in its turn, so that one odd pod does not decide.
            let chosen = Set((0..<canaries).map { names[(turn + $0) % names.count] })
            count(Self.judge(ordered, names, chosen, start, settings), settings, risk, gates)
            turn += canaries
            start = start.adding(Self.window)
        }
    }

    private static func judge(
        _ samples: [CounterSample], _ names: [String], _ chosen: Set<String>, _ start: Instant, _ settings: EvidenceSettings
    ) -> GateEvidence {
        var settings = settings
        // A life that began before is no new counter: its first scrape is what later ones are held against.
        settings.since = start.adding(.seconds(1))
        let origin = start.adding(.zero - prelude)
        let lives =
            names.map { PodLife(name: $0, arm: .stable, startedAt: origin) }
            + chosen.sorted().map { PodLife(name: $0, arm: .canary, startedAt: start) }
        let end = start.adding(window)
        let first = samples.firstIndex { $0.at > origin } ?? samples.count
        let portion = samples[first...].prefix { $0.at <= end }
        var evidence = GateEvidence(settings, origin: origin)
        evidence.fold(Array(portion), pods: lives, through: end, settings: settings)
        return evidence
    }

    private mutating func count(_ evidence: GateEvidence, _ settings: EvidenceSettings, _ risk: Risk, _ gates: Int) {
        // A time without requests is no test.
        guard let first = evidence.outcomes.first, first.canaryTicks > 0 else { return }
        windows += 1
        let bound = Double(max(1, gates) * evidence.outcomes.count) / risk.falseAlarm
        if evidence.outcomes.contains(where: { $0.badness.peak >= bound }) {
            alarms += 1
        } else if evidence.outcomes.allSatisfy({ $0.isSafe(risk) }) {
            safe += 1
        }
    }
}

extension FalseAlarmReplay: CustomStringConvertible {
    package var description: String {
        guard windows > 0 else { return "there was nothing to try it on" }
        return "of \(windows) releases imagined in the past, in which nothing changed, it would have stopped \(alarms) and proved \(safe) safe"
    }
}
