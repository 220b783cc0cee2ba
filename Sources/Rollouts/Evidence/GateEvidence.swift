package import Values

/// The evidence of one gate: a fold over raw samples. Folded in any portions it comes out the same, so that after a restart it is had again from what
/// Prometheus holds, or from a checkpoint and what came since.
package struct GateEvidence: Sendable, Hashable {
    /// Up to when samples have been folded.
    package internal(set) var through: Instant
    /// Where ticks begin: the first moment folded.
    package internal(set) var origin: Instant
    package internal(set) var outcomes: [OutcomeEvidence]
    /// The last scrape of a canary pod that counted.
    package internal(set) var canaryScrapedAt: Instant?
    var differencer = CounterDifferencer()
    var grid = TickGrid()
    /// The ticks themselves, where the run shall be judged again some day.
    package var journal: TickJournal?
    /// By name, the latest last.
    var lives: [String: [PodLife]] = [:]

    /// - Parameter origin: the rollout's start; or some hours before, so that the stable pods' dispersion is known when it begins.
    package init(_ settings: EvidenceSettings, origin: Instant) {
        through = origin
        self.origin = origin
        outcomes = (0..<settings.outcomes).map { _ in OutcomeEvidence() }
    }

    /// - Parameters:
    ///   - samples: in any order; what is outside (`through` before, `horizon`] is left out, so that portions may overlap.
    ///   - pods: at least those of the samples; what was told before need not be told again. A sample of a pod that nobody told of is lost.
    ///   - horizon: up to when every sample is known: a little before now, for scrapes reach Prometheus late.
    package mutating func fold(_ samples: [CounterSample], pods: [PodLife], through horizon: Instant, settings: EvidenceSettings) {
        guard horizon > through else { return }
        for life in pods { add(life) }
        let fresh = samples.filter { $0.at > through && $0.at <= horizon }.sorted {
            ($0.at, $0.pod, $0.role, $0.series) < ($1.at, $1.pod, $1.role, $1.series)
        }
        var rest = fresh[...]
        while let first = rest.first {
            let scrape = rest.prefix { $0.at == first.at && $0.pod == first.pod }
            rest = rest.dropFirst(scrape.count)
            guard let life = lives[first.pod]?.last(where: { $0.startedAt <= first.at }) else { continue }
            let increment = differencer.add(
                scrape, of: life, at: first.at, outcomes: outcomes.count, since: settings.since, warmUp: settings.warmUp,
                maximumGap: settings.maximumGap)
            guard let increment else { continue }
            if life.arm == .canary { canaryScrapedAt = first.at }
            if let tick = grid.add(increment, origin: origin, length: settings.tick) { observe(tick, settings) }
        }
        if let tick = grid.close(through: horizon, origin: origin, length: settings.tick) { observe(tick, settings) }
        through = horizon
    }

    private mutating func add(_ life: PodLife) {
        var known = lives[life.name] ?? []
        guard !known.contains(where: { $0.startedAt == life.startedAt }) else { return }
        known.append(life)
        lives[life.name] = known.sorted { $0.startedAt < $1.startedAt }
    }

    mutating func observe(_ tick: TickGrid.Tick, _ settings: EvidenceSettings) {
        journal?.append(tick)
        for outcome in outcomes.indices { outcomes[outcome].observe(tick.cells, outcome: outcome, settings: settings) }
    }

    /// The mean over outcomes, which is an e-value as each of them is, however they hang together.
    package var badness: Double { outcomes.reduce(0) { $0 + $1.badness.value } / Double(outcomes.count) }

    /// ln of the least over outcomes: a canary is safe where it is on every one.
    package var logSafety: Double { outcomes.map(\.safety.logValue).min() ?? 0 }
}
