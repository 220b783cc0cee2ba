package import PlimsollAPI
package import Values

/// What a run's gates have seen: folded, judged, and kept in the run so that it outlives the daemon.
package struct GateMemory: Sendable, Hashable {
    /// Of the run.
    package let startedAt: Instant
    package private(set) var health: [String: HealthGate] = [:]
    package private(set) var evidence: [String: GateEvidence] = [:]
    package var classic: [String: ClassicRun] = [:]
    private var saved: JSON

    /// Stable pods are looked at from so long before, to know how their errors clump.
    private static let prelude = PromDuration.minutes(10)

    package init(startedAt: Instant, checkpoint: JSON? = nil) {
        self.startedAt = startedAt
        saved = checkpoint ?? [:]
        for (name, json) in saved["health"]?.objectValue ?? [:] { health[name] = HealthGate(checkpoint: json) }
    }

    /// Measurements by queries are had anew after a restart.
    package var checkpoint: JSON {
        [
            "health": .object(JSONObject(health.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value.checkpoint) })),
            "evidence": .object(JSONObject(evidence.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value.checkpoint) })),
        ]
    }

    // MARK: Health

    package mutating func observe(_ pods: [ObservedPod], gate: String, _ settings: PodHealthGate, expected: Int, now: Instant) -> GateOutcome {
        let settings = HealthSettings(maxRestarts: Int(clamping: settings.maxRestarts), readyWithin: settings.readyWithin)
        var machine = health[gate] ?? HealthGate()
        machine.observe(pods, settings: settings, now: now)
        health[gate] = machine
        let canary = pods.filter { $0.arm == .canary }
        var outcome = GateOutcome(gate, machine.verdict(expected: expected, settings: settings))
        outcome.evidence = "\(canary.count { $0.isReady }) of \(canary.count) pods Ready"
        if outcome.verdict == .bad { outcome.message = machine.message(settings: settings) }
        return outcome
    }

    // MARK: Evidence

    /// How far back samples are wanted still, at a time.
    package func range(of gate: String, now: Instant) -> PromDuration {
        now.since(evidence[gate]?.through ?? startedAt.adding(.zero - Self.prelude))
    }

    /// - Parameter horizon: nil where there is nothing new.
    package mutating func fold(
        _ gate: EvidenceGate, _ samples: [CounterSample], pods: [PodLife], through horizon: Instant, settings: EvidenceSettings
    ) {
        var folded = current(gate.name, settings)
        folded.fold(samples, pods: pods, through: horizon, settings: settings)
        evidence[gate.name] = folded
    }

    package mutating func current(_ gate: String, _ settings: EvidenceSettings) -> GateEvidence {
        if let known = evidence[gate] { return known }
        let stored = saved["evidence"]?[gate].flatMap { GateEvidence(checkpoint: $0, settings: settings) }
        let begun = stored ?? GateEvidence(settings, origin: startedAt.adding(.zero - Self.prelude))
        evidence[gate] = begun
        return begun
    }
}

/// What a gate says, with the words for it.
package struct GateOutcome: Sendable, Hashable {
    package var gate: String
    package var verdict: GateVerdict
    package var evidence = ""
    package var message = ""

    package init(_ gate: String, _ verdict: GateVerdict) {
        self.gate = gate
        self.verdict = verdict
        switch verdict {
        case .bad, .safe: break
        case .notEnoughEvidence(let missing): message = missing.description
        case .inconclusive(let why), .blind(let why): message = why
        }
    }

    package init(_ judgement: EvidenceFamily.Judgement) {
        self.init(judgement.gate, judgement.verdict)
        let counts = judgement.figures.counts
        evidence = "new version \(Self.count(counts.canary)), stable \(Self.count(counts.stable))"
        if verdict == .bad { message = "it fails more often than tolerated: \(evidence)" }
    }

    private static func count(_ counts: ArmCounts) -> String { "\(round(counts.bad)) of \(round(counts.requests)) bad" }

    /// In two digits: a status is no gauge.
    private static func round(_ value: Double) -> Int {
        var unit = 1.0
        while value / unit >= 100 { unit *= 10 }
        return Int((value / unit).rounded() * unit)
    }

    /// The verdict in a word.
    package var word: String {
        switch verdict {
        case .bad: "Bad"
        case .safe: "Safe"
        case .notEnoughEvidence: "NotEnoughEvidence"
        case .inconclusive: "Inconclusive"
        case .blind: "Blind"
        }
    }

    package var status: RolloutGateStatus {
        RolloutGateStatus(name: gate, verdict: word, evidence: evidence, message: String(message.prefix(1000)))
    }
}
