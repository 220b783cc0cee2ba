package import PlimsollAPI
package import Values

/// What an SLO's rules would have made of the past: its alerts and its budget, computed from the base events alone. Pure.
///
/// It follows the rules to the letter: windows are sums of what the base rules record at each evaluation, hours come from their own group at its pace,
/// days from sums of five minutes; an alert sees what was recorded last. When within its interval a group is evaluated only a server knows that has the
/// rules; without one moments may be off by one interval of the group.
package struct Backtest: Sendable {
    /// Base events of one group of an SLO, one slot an evaluation; nil where nothing was measured.
    package struct Trace: Sendable {
        package var labels: [String: String]
        package var total: [Double?]
        package var errors: [Double?]

        package init(labels: [String: String] = [:], total: [Double?], errors: [Double?]) {
            self.labels = labels
            self.total = total
            self.errors = errors
        }
    }

    /// A time in which an alert would have fired.
    package struct Alert: Sendable, Hashable {
        package let tier: String
        package let severity: AlertSeverity
        package let labels: [String: String]
        package let start: Instant
        /// The last evaluation at which it fired.
        package let end: Instant

        /// What of it lies at or after a moment.
        package func clipped(to moment: Instant) -> Alert? {
            end < moment ? nil : Alert(tier: tier, severity: severity, labels: labels, start: max(start, moment), end: end)
        }
    }

    package struct BudgetPoint: Sendable, Hashable {
        package let at: Instant
        /// Of 1; below zero once overspent. Over the SLO's window, or the last so much time where that is a period of the calendar. Of what lies before the
        /// traces' beginning nothing is known: as many events as in the rest of the window, none of them bad.
        package let remaining: Double
    }

    private let spec: SLOSpec
    private let settings: RuleSettings
    private let start: Instant
    private let turns: [RuleSettings.Pace: Instant]
    private let tiers: [AlertTier]

    /// - Parameters:
    ///   - start: the time of the traces' first slot.
    ///   - turns: some evaluation of each group, where that is known.
    package init(_ spec: SLOSpec, settings: RuleSettings, start: Instant, turns: [RuleSettings.Pace: Instant] = [:]) {
        self.spec = spec
        self.settings = settings
        self.start = start
        self.turns = turns
        tiers = WindowPlan(spec).tiers
    }

    private func window(_ window: PromDuration, _ trace: Trace) -> Window {
        Window(window, trace, settings, turn: turns[RuleSettings.pace(of: window)].map { $0.since(start).milliseconds } ?? 0)
    }

    private func time(_ slot: Int) -> Instant { start.adding(settings.evaluationInterval * Int64(slot)) }

    /// The trace without what exclusions leave out: what the other functions are to be given.
    package func counted(_ trace: Trace) -> Trace {
        // A spec with exclusions that can't be read has been refused.
        guard !spec.exclusions.isEmpty, let times = try? ExclusionTimes(spec, settings: settings) else { return trace }
        var trace = trace
        let interval = settings.evaluationInterval.milliseconds
        for span in times.spans(from: start, to: time(trace.total.count)) {
            // After the span's start, up to its end.
            let first = max(0, span.start.since(start).milliseconds / interval + 1)
            let last = min(Int64(trace.total.count) - 1, span.end.since(start).milliseconds / interval)
            guard span.end > start, first <= last else { continue }
            for slot in Int(first)...Int(last) where trace.total[slot] != nil {
                trace.total[slot] = 0
                trace.errors[slot] = 0
            }
        }
        return trace
    }

    // MARK: Alerts

    package func alerts(_ trace: Trace) -> [Alert] {
        let windows = Set(tiers.flatMap { [$0.long, $0.short] })
        let sums = Dictionary(uniqueKeysWithValues: windows.map { ($0, window($0, trace)) })
        return tiers.flatMap { tier -> [Alert] in
            guard let long = sums[tier.long], let short = sums[tier.short] else { return [] }
            let threshold = (tier.burnRate.value * spec.errorBudget).doubleValue
            let isGuarded = spec.isGuarded
            var alerts: [Alert] = []
            var began: Int?
            for slot in 0...trace.total.count {
                let fires = slot < trace.total.count && Self.fires(long.seen(slot), short.seen(slot), threshold, isGuarded)
                if fires { began = began ?? slot }
                guard !fires, let first = began else { continue }
                alerts.append(Alert(tier: tier.name, severity: tier.severity, labels: trace.labels, start: time(first), end: time(slot - 1)))
                began = nil
            }
            return alerts
        }.sorted { ($0.start, $0.tier) < ($1.start, $1.tier) }
    }

    private static func fires(_ long: EventCounts?, _ short: EventCounts?, _ threshold: Double, _ isGuarded: Bool) -> Bool {
        guard let long, let short, let errors = long.errors, let total = long.total, total > 0, errors / total > threshold,
            let shortErrors = short.errors, let shortTotal = short.total, shortErrors > threshold * shortTotal
        else { return false }
        return !isGuarded || LowTrafficGuard.lowerBound(errors) > threshold * total
    }

    // MARK: Budget

    /// What was left of the budget, once every `every`.
    package func budget(_ trace: Trace, every: PromDuration) -> [BudgetPoint] {
        guard let period = spec.window.length else { return [] }
        let sums = window(period, trace)
        let step = max(1, Int(every.milliseconds / settings.evaluationInterval.milliseconds))
        let budget = spec.errorBudget.doubleValue
        return stride(from: step, to: trace.total.count, by: step).compactMap { slot in
            guard let counts = sums.known(slot), let errors = counts.errors, let total = counts.total, total > 0 else { return nil }
            return BudgetPoint(at: time(slot), remaining: 1 - errors / total * sums.share(slot) / budget)
        }
    }

    /// How much of the past the longest tier looks back on before its first moment can be judged.
    package static func lead(_ spec: SLOSpec) -> PromDuration { WindowPlan(spec).tiers.map(\.long).max() ?? .zero }

    /// The highest objective that the whole of the traces would have met, rounded down to a customary one; nil without events.
    package static func supported(_ traces: [Trace]) -> Percentage? {
        var worst: Double?
        for trace in traces {
            var (errors, total) = (0.0, 0.0)
            for slot in trace.total.indices {
                guard let failed = trace.errors[slot], let all = trace.total[slot] else { continue }
                errors += failed
                total += all
            }
            if total > 0 { worst = min(worst ?? 1, 1 - errors / total) }
        }
        guard let worst else { return nil }
        return customary.first { $0.fraction.doubleValue <= worst }
    }

    private static let customary = ["99.999%", "99.99%", "99.95%", "99.9%", "99.8%", "99.5%", "99%", "98%", "97%", "95%", "90%", "80%", "50%"]
        .compactMap { Percentage($0) }
}

/// Sums over one window, as the rules record them and an alert sees them.
private struct Window {
    private let totals: Sums
    private let errors: Sums
    private let pace: RuleSettings.Pace
    /// How many evaluations lie between two of the window's own group, and how many samples a window holds.
    private let every: Int
    private let length: Int
    // In milliseconds: of a slot; from the first slot to the first evaluation of the window's group after it; and how old a sample may be.
    private let step: Int
    private let turn: Int
    private let lookback: Int

    init(_ window: PromDuration, _ trace: Backtest.Trace, _ settings: RuleSettings, turn: Int64) {
        let step = max(settings.evaluationInterval.milliseconds, 1)
        func slots(_ duration: PromDuration) -> Int { max(1, Int(duration.milliseconds / step)) }
        pace = RuleSettings.pace(of: window)
        every = slots(settings.interval(of: pace))
        length = slots(window)
        self.step = Int(step)
        let cycle = Int64(every) * step
        // In the fast group all happens at once.
        self.turn = pace == .fast ? 0 : Int((turn % cycle + cycle) % cycle)
        lookback = pace == .slow ? Int(FreshSeries.slowLookback.milliseconds) : every * Int(step) - 1
        totals = Sums(trace.total)
        errors = Sums(trace.errors)
    }

    /// What an alert sees at a slot: the group's last evaluation. Where that recorded nothing, Prometheus marks the series stale; only days, which are
    /// read by `last_over_time`, go further back.
    func seen(_ slot: Int) -> EventCounts? {
        var evaluation = (slot * step - turn) / (every * step)
        while evaluation >= 0, slot * step >= turn {
            let moment = turn + evaluation * every * step
            if slot * step - moment > lookback { return nil }
            // What is there at that moment: up to the last slot before it.
            if let counts = known(moment / step) { return counts }
            evaluation -= 1
        }
        return nil
    }

    /// How much of the window lies within the traces.
    func share(_ slot: Int) -> Double { min(1, Double(slot + 1) / Double(length)) }

    /// What the window's rule records at a slot.
    func known(_ slot: Int) -> EventCounts? {
        let (total, errors) = (sum(totals, slot), sum(errors, slot))
        return total == nil && errors == nil ? nil : EventCounts(total: total, errors: errors)
    }

    private func sum(_ sums: Sums, _ slot: Int) -> Double? {
        // Sums of five minutes, one every five minutes, are together the window's samples up to the last of them, which is made right before.
        sums.sum(from: slot - length + 1, through: slot)
    }
}

/// Prefix sums of slots, and how many of them have a value.
private struct Sums {
    private var values: [Double] = [0]
    private var counts: [Int] = [0]

    init(_ slots: [Double?]) {
        values.reserveCapacity(slots.count + 1)
        counts.reserveCapacity(slots.count + 1)
        for slot in slots {
            values.append(values[values.count - 1] + (slot ?? 0))
            counts.append(counts[counts.count - 1] + (slot == nil ? 0 : 1))
        }
    }

    /// Both ends included, as far as there are slots; nil where none has a value.
    func sum(from first: Int, through last: Int) -> Double? {
        let (low, high) = (max(0, first), min(values.count - 1, last + 1))
        guard low < high, counts[high] > counts[low] else { return nil }
        return values[high] - values[low]
    }
}
