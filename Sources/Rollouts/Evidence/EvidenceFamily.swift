package import Values

/// Several gates' evidence under one rate of false alarms.
///
/// The mean of e-processes is one (Vovk and Wang, "E-values: calibration, combination and applications", 2021): it reaches 1/alpha with a chance of at
/// most alpha, however the gates hang together. It is reached whenever one of k gates has k/alpha by itself, and sooner where several point the same way.
package enum EvidenceFamily {
    /// One gate with what is known of its evidence.
    package struct Member: Sendable {
        package var name: String
        package var evidence: GateEvidence
        package var settings: EvidenceSettings
        /// Names of the canary's pods that should be scraped by now.
        package var expectedPods: [String]

        package init(name: String, evidence: GateEvidence, settings: EvidenceSettings, expectedPods: [String]) {
            self.name = name
            self.evidence = evidence
            self.settings = settings
            self.expectedPods = expectedPods
        }
    }

    package struct Judgement: Sendable, Hashable {
        package var gate: String
        package var verdict: GateVerdict
        package var figures: EvidenceFigures
    }

    /// Of the canary's pods so many must be seen.
    private static let coverage = 0.9
    /// So many ticks without a sample of the canary: blind.
    private static let staleTicks: Int64 = 6

    package static func judge(_ members: [Member], risk: Risk, now: Instant) -> [Judgement] {
        let k = Double(members.count)
        let joint = members.reduce(0) { $0 + $1.evidence.badness } / max(k, 1)
        let jointBad = joint >= 1 / risk.falseAlarm
        let greatest = members.map(\.evidence.badness).max() ?? 0
        return members.map { member in
            let figures = EvidenceFigures(member.evidence, gates: members.count)
            let alone = member.evidence.outcomes.map(\.badness.peak).max() ?? 1
            // A gate that has it alone, at any time; or the one that says most where all of them together have it. Several outcomes share as gates do.
            let ownBad = alone >= k * Double(member.evidence.outcomes.count) / risk.falseAlarm
            let isBad = ownBad || (jointBad && member.evidence.badness == greatest)
            return Judgement(gate: member.name, verdict: isBad ? .bad : verdict(member, risk, now), figures: figures)
        }
    }

    private static func verdict(_ member: Member, _ risk: Risk, _ now: Instant) -> GateVerdict {
        let evidence = member.evidence
        let unseen = member.expectedPods.filter { evidence.differencer.pods[$0]?.scrapedAt == nil }.sorted()
        if Double(unseen.count) > (1 - coverage) * Double(member.expectedPods.count) + 1e-9 {
            return .notEnoughEvidence(MissingEvidence(.notScraped(unseen)))
        }
        if let seen = evidence.canaryScrapedAt, now.since(seen) > member.settings.tick * staleTicks {
            return .blind("no sample of the canary since \(seen.secondsText)")
        }
        if evidence.outcomes.allSatisfy({ $0.isSafe(risk) }) { return .safe }
        return .notEnoughEvidence(missing(evidence, member.settings, -ElementaryFunctions.ln(risk.falseSafe)))
    }

    private static func missing(_ evidence: GateEvidence, _ settings: EvidenceSettings, _ threshold: Double) -> MissingEvidence {
        let canary = evidence.outcomes.first?.totals.canary.requests ?? 0
        guard canary > 0 else { return MissingEvidence(.noCanaryRequests) }
        var most = 0.0
        for outcome in evidence.outcomes {
            let needed = outcome.safety.requestsMissing(
                outcome.totals, settings.safe, dispersion: outcome.dispersion.dispersion, threshold: threshold)
            guard let needed else { return MissingEvidence(.tooCloseToCall) }
            most = max(most, needed)
        }
        guard most > 0 else { return MissingEvidence(.signsOfBadness) }
        let seconds = evidence.canarySeconds(settings)
        let wait = seconds > 0 ? PromDuration.seconds(Int64(min(most / canary * seconds, 1e9).rounded(.up))) : nil
        return MissingEvidence(.tooFewRequests, canaryRequests: most, wait: wait)
    }
}

extension GateEvidence {
    /// How long the canary has had requests, by ticks.
    func canarySeconds(_ settings: EvidenceSettings) -> Double {
        Double(outcomes.first?.canaryTicks ?? 0) * settings.tick.seconds
    }
}

/// The numbers behind a verdict, for status, metrics and people.
package struct EvidenceFigures: Sendable, Hashable {
    /// Of the outcome that weighs most.
    package var counts: ComparedCounts
    /// How many times more likely what was seen is for a bad release than for a tolerated one; shared between gates already, so that it is held against
    /// 1/alpha.
    package var badness: Double
    /// ln of the evidence that it is safe.
    package var logSafety: Double
    /// What clumps were counted as.
    package var dispersion: Double
    /// How many pods of the canary were seen with requests: with one alone a bad node looks like a bad version.
    package var canaryPods: Int

    init(_ evidence: GateEvidence, gates: Int) {
        let heaviest = evidence.outcomes.max { $0.badness.value < $1.badness.value } ?? OutcomeEvidence()
        counts = heaviest.totals
        badness = evidence.badness / Double(max(1, gates))
        logSafety = evidence.logSafety
        dispersion = heaviest.dispersion.dispersion
        canaryPods = heaviest.canaryPods.values.count { $0.requests > 0 }
    }
}
