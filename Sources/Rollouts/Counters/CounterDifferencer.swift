import Values

/// Turns raw counters into increments, pod by pod and series by series.
///
/// Prometheus's `increase` drops the first value of a new series, so that a fresh pod whose errors begin at 7 shows none (prometheus#1673). Here a series
/// counts from zero where its pod began after `since`, or was scraped before without it. A value below the last one is a reset and counts whole. A scrape
/// with a value that is no count (NaN, infinite, negative) is no scrape. What lies between two scrapes more than `maximumGap` apart is left out: put into
/// one tick it would be held against another time's base rate.
struct CounterDifferencer: Sendable, Hashable {
    struct Series: Sendable, Hashable, Comparable {
        var role: CounterRole
        var name: String

        static func < (a: Series, b: Series) -> Bool { (a.role, a.name) < (b.role, b.name) }
    }

    struct Pod: Sendable, Hashable {
        var life: PodLife
        var scrapedAt: Instant?
        var values: [Series: Double] = [:]
    }

    /// By name.
    private(set) var pods: [String: Pod] = [:]

    init() {}
    init(pods: [String: Pod]) { self.pods = pods }

    /// - Parameters:
    ///   - scrape: all samples of one pod at one time.
    ///   - since: pods that began before may have counted before anybody looked.
    ///   - warmUp: so much of a pod's first time is left out.
    /// - Returns: nil where nothing can be counted yet.
    mutating func add(
        _ scrape: some Collection<CounterSample>, of life: PodLife, at: Instant, outcomes: Int, since: Instant, warmUp: PromDuration,
        maximumGap: PromDuration
    ) -> PodIncrement? {
        var pod = pods[life.name] ?? Pod(life: life)
        if pod.life.startedAt != life.startedAt { pod = Pod(life: life) }
        guard scrape.allSatisfy({ $0.value.isFinite && $0.value >= 0 }), pod.scrapedAt.map({ at > $0 }) ?? true else { return nil }
        let isFirst = pod.scrapedAt == nil
        let isBaseline = isFirst && life.startedAt < since
        let isLate = pod.scrapedAt.map { at.since($0) > maximumGap } ?? false
        let isWarm = at < life.startedAt.adding(warmUp)
        var total = 0.0
        var bad = [Double](repeating: 0, count: outcomes)
        var good = [Double?](repeating: nil, count: outcomes)
        for sample in scrape {
            let series = Series(role: sample.role, name: sample.series)
            let before = pod.values.updateValue(sample.value, forKey: series) ?? 0
            let increment = sample.value >= before ? sample.value - before : sample.value
            switch sample.role {
            case .total: total += increment
            case .bad(let outcome) where bad.indices.contains(outcome): bad[outcome] += increment
            case .good(let outcome) where good.indices.contains(outcome): good[outcome] = (good[outcome] ?? 0) + increment
            case .bad, .good: break
            }
        }
        pod.scrapedAt = at
        pods[life.name] = pod
        guard !isBaseline, !isLate, !isWarm else { return nil }
        for outcome in bad.indices {
            let count = good[outcome].map { total - $0 } ?? bad[outcome]
            bad[outcome] = min(max(0, count), total)
        }
        return PodIncrement(life: life, at: at, requests: total, bad: bad)
    }
}
