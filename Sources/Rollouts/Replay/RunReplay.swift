package import Values

/// What is changed of a run's settings when it is judged again; nil: as it was.
package struct ReplaySettings: Sendable, Hashable {
    package var falseAlarm: Double?
    package var tolerance: Double?
    package var falseSafe: Double?

    package init(falseAlarm: Double? = nil, tolerance: Double? = nil, falseSafe: Double? = nil) {
        self.falseAlarm = falseAlarm
        self.tolerance = tolerance
        self.falseSafe = falseSafe
    }
}

/// Judges a stored run again: the same ticks through the same fold, so that with the same settings it comes to the same verdicts.
package struct RunReplay: Sendable, Hashable {
    package struct Change: Sendable, Hashable {
        package var at: Instant
        package var gate: String
        package var verdict: GateVerdict
        package var figures: EvidenceFigures
    }

    package struct Gate: Sendable, Hashable {
        package var name: String
        package var journal: TickJournal
    }

    /// In the order of names.
    package let gates: [Gate]

    package init(_ journals: [String: TickJournal]) {
        gates = journals.sorted { $0.key < $1.key }.map { Gate(name: $0.key, journal: $0.value) }
    }

    /// Why a file can't be replayed.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter run: a RolloutRun as the API server has it, or its `status.checkpoint` alone.
    package init(run: JSON) throws(Failure) {
        let checkpoint = run["status"]?["checkpoint"] ?? run
        guard let evidence = checkpoint["evidence"]?.objectValue else { throw Failure(description: "status.checkpoint.evidence: is missing") }
        var journals: [String: TickJournal] = [:]
        for (name, gate) in evidence {
            guard let json = gate["journal"], !json.isNull else { continue }
            guard let journal = TickJournal(json: json) else {
                throw Failure(description: "status.checkpoint.evidence.\(name).journal: makes no sense, or is of another version")
            }
            journals[name] = journal
        }
        guard !journals.isEmpty else { throw Failure(description: "status.checkpoint.evidence: no gate has a journal of its ticks") }
        self.init(journals)
    }

    /// Whether no ticks were taken together.
    package var isExact: Bool { gates.allSatisfy { $0.journal.resolution == 1 } }

    /// Every verdict and when it was come to, in the order of time.
    package func judge(_ changed: ReplaySettings = ReplaySettings()) -> [Change] {
        var members = gates.map { gate in
            let journal = gate.journal
            let settings = Self.settings(journal, changed)
            return EvidenceFamily.Member(
                name: gate.name, evidence: GateEvidence(settings, origin: journal.origin), settings: settings, expectedPods: [])
        }
        // One clock for all of them: the time at which each tick was known.
        let events = gates.indices.flatMap { gate in
            gates[gate].journal.entries.map { (at: gates[gate].journal.end($0), gate: gate, entry: $0) }
        }.sorted { ($0.at, $0.gate) < ($1.at, $1.gate) }
        var changes: [Change] = []
        var known: [String: GateVerdict] = [:]
        var rest = events[...]
        while let first = rest.first {
            let now = first.at
            while let event = rest.first, event.at == now {
                rest = rest.dropFirst()
                members[event.gate].evidence.replay(
                    gates[event.gate].journal.tick(event.entry), through: now, settings: members[event.gate].settings)
            }
            for judgement in EvidenceFamily.judge(members, risk: risk(changed), now: now) {
                guard !Self.isSame(known[judgement.gate], judgement.verdict) else { continue }
                known[judgement.gate] = judgement.verdict
                changes.append(Change(at: now, gate: judgement.gate, verdict: judgement.verdict, figures: judgement.figures))
            }
        }
        return changes
    }

    private func risk(_ changed: ReplaySettings) -> Risk {
        var risk = gates.first?.journal.risk ?? Risk()
        risk.falseAlarm = changed.falseAlarm ?? risk.falseAlarm
        risk.falseSafe = changed.falseSafe ?? risk.falseSafe
        risk.tolerance = changed.tolerance ?? risk.tolerance
        return risk
    }

    private static func settings(_ journal: TickJournal, _ changed: ReplaySettings) -> EvidenceSettings {
        var risk = journal.risk
        risk.falseAlarm = changed.falseAlarm ?? risk.falseAlarm
        var settings = EvidenceSettings(
            risk: risk, gates: journal.gates, outcomes: journal.settings.outcomes, since: journal.settings.since, tick: journal.settings.tick)
        settings.bad = journal.settings.bad
        settings.safe = journal.settings.safe
        if let tolerance = changed.tolerance {
            settings.bad.tolerance = tolerance
            settings.safe.tolerance = tolerance
        }
        return settings
    }

    /// What is missing changes with every request; that is no news.
    private static func isSame(_ a: GateVerdict?, _ b: GateVerdict) -> Bool {
        switch (a, b) {
        case (.notEnoughEvidence(let a)?, .notEnoughEvidence(let b)): a.reason == b.reason
        default: a == b
        }
    }
}

extension GateEvidence {
    /// Takes in a tick as it was when it ended.
    fileprivate mutating func replay(_ tick: TickGrid.Tick, through: Instant, settings: EvidenceSettings) {
        if tick.cells.values.contains(where: { $0.arm == .canary }) { canaryScrapedAt = through }
        observe(tick, settings)
        self.through = through
    }
}
