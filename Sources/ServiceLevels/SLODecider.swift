import KubeModel
package import PlimsollAPI
package import Values

/// All the thinking about an SLO: pure and total.
package enum SLODecider {
    /// At least so long between two writes of figures: a little over five minutes, so that no ten minutes see three.
    package static let figureInterval = PromDuration.seconds(330)

    /// - Parameter now: for transition times, `lastSampled` and the pace of figures; the same observation later changes nothing.
    package static func decide(_ slo: SLO, desired: DesiredRules, observation: SLOObservation, now: Instant) -> Decision {
        // Status keeps whole seconds; rounded up, so that the pace is never faster than it says.
        let now = Instant(seconds: (now.microseconds + 999_999) / 1_000_000)
        var conditions = ConditionSet(prior: slo.status.conditions, generation: slo.metadata.generation, now: now)
        var status = slo.status
        status.observedGeneration = slo.metadata.generation
        guard case .rules(let rules) = desired, let spec = slo.spec else {
            if case .invalid(let problems) = desired { conditions.invalid(problems) }
            if !slo.status.notifications.isEmpty {
                let plan = NotificationPlan(prior: slo.status.notifications, results: observation.notified)
                conditions.judge(plan)
                status.notifications = plan.records
            }
            status.conditions = conditions.list
            return decision(.keep, slo.status, status, waiting: false, now)
        }
        var observation = observation
        let mayWrite = Self.mayWrite(spec, rules, &observation)
        var figures: BudgetFigures?
        if case .read(let read?) = observation.figures {
            figures = BudgetFigures(
                read, spec: spec, forecastWindow: rules.tiers.first?.long, mayUseShorter: isYoung(slo.status))
        }
        conditions.judge(spec: spec, rules: rules, observation: observation, figures: figures)
        // Another spec may ask for a longer window, of which less is measured.
        let held = slo.status.observedGeneration == slo.metadata.generation ? Percentage(slo.status.heldCoverage) : nil
        let budget = BudgetPolicy.reading(figures, held: held)
        let plan = NotificationPlan(
            policy: spec.policy, prior: slo.status.notifications, budget: budget, scope: observation.notifiers,
            results: observation.notified, now: now)
        // Found out when it was last tried; a status that has records keeps them.
        let isKnownToLose = slo.status.notifications.isEmpty && slo.status.conditions["Notified"]?.reason == NotificationPlan.notKept
        let withheld = (observation.losesRecords || isKnownToLose) && plan.records != slo.status.notifications ? plan.records : []
        if withheld.isEmpty {
            conditions.judge(plan)
            status.notifications = plan.records
        } else {
            conditions.loseRecords()
        }
        status.conditions = conditions.list
        status.window = spec.window.name
        status.alerts = alerts(rules, observation.figures)
        status.frozen = BudgetPolicy.isFrozen(spec.policy, budget, wasFrozen: slo.status.frozen)
        status.heldCoverage = heldCoverage(status, held: held, figures)
        let verdictChanged = status != slo.status
        var waiting = false
        if let figures {
            var fresh = status
            FigureText(
                spec: spec, figures: figures, isExhausted: conditions.isExhausted, periodEnd: rules.periodEnd,
                recentWindow: rules.tiers.first?.long, days: observation.days?.days(of: slo.metadata.key, by: spec.groupBy) ?? [:]
            ).write(to: &fresh)
            if fresh != status {
                let isDue = slo.status.lastSampled.map { now.since($0) >= figureInterval || $0 > now } ?? true
                if isDue || verdictChanged {
                    status = fresh
                    status.lastSampled = now
                } else {
                    waiting = true
                }
            }
        }
        var decision = decision(mayWrite ? .write(rules) : .keep, slo.status, status, waiting: waiting, now)
        decision.withheld = withheld
        return decision
    }

    private static let waiting = "the rules wait until the Prometheus of spec.source has read their PromQL"

    /// Rules with a person's own PromQL are written only once their Prometheus has read it: a file that does not parse keeps it from loading
    /// anybody's, and from starting. What is there already stays.
    private static func mayWrite(_ spec: SLOSpec, _ rules: GeneratedRules, _ observation: inout SLOObservation) -> Bool {
        guard spec.indicator.hasPromQL else { return true }
        switch observation.preflight {
        case .formTaken: return true
        case .unasked where isServed(rules, observation), .unanswered where isServed(rules, observation): return true
        case .unasked:
            observation.output = .waiting(Self.waiting)
            return false
        case .unanswered(let words):
            observation.output = .waiting("\(Self.waiting): \(words)")
            return false
        case .found(let findings):
            guard let refusal = findings.first(where: { $0.reason == SLOPreflight.refused }) else { return true }
            observation.output = .failed(message: "\(refusal.path): \(refusal.message)", isFinal: true)
            return false
        }
    }

    /// Whether Prometheus has loaded these very rules, and so has read their PromQL.
    package static func isServed(_ rules: GeneratedRules, _ observation: SLOObservation) -> Bool {
        guard case .loaded(let groups) = observation.rules, !groups.isEmpty else { return false }
        return ConditionSet.isCurrent(rules, groups, observation.sharedDigests)
    }

    /// Whether nothing of the SLO's window is known to be measured yet, so that what little there is stands for it. Later a missing sum is a hole, and a
    /// few hours in its place would make the budget jump.
    private static func isYoung(_ status: SLOStatus) -> Bool { status.errorBudget == nil || status.coverage.isEmpty || status.coverage == "0%" }

    /// The most of the window that was measured since a step of the policy took hold.
    private static func heldCoverage(_ status: SLOStatus, held: Percentage?, _ figures: BudgetFigures?) -> String {
        guard status.frozen || status.notifications.contains(where: \.state.isFiring) else { return "" }
        guard let coverage = figures?.coverage, coverage > 0 else { return held?.text ?? "" }
        let now = RoundedFigure.coverage(coverage, shown: status.heldCoverage.isEmpty ? nil : status.heldCoverage)
        guard let held, let percentage = Percentage(now), percentage <= held else { return now }
        return held.text
    }

    private static func alerts(_ rules: GeneratedRules, _ figures: SLOObservation.Figures) -> [SLOAlertState] {
        rules.tiers.map { tier in
            let state: AlertState =
                switch figures {
                case .read(let read): read?.alerts[tier.name] ?? .inactive
                case .unasked, .unavailable: .unknown
                }
            return SLOAlertState(tier: tier.name, state: state)
        }
    }

    private static func decision(_ rules: Decision.Rules, _ prior: SLOStatus, _ status: SLOStatus, waiting: Bool, _ now: Instant) -> Decision {
        let wait = waiting ? prior.lastSampled.map { max(.seconds(1), figureInterval - now.since($0)) } : nil
        return Decision(
            rules: rules, status: status, writesStatus: status != prior, events: StatusEvents.events(from: prior, to: status), requeueAfter: wait)
    }
}

/// The figures of a status, each held against the one shown.
struct FigureText {
    let spec: SLOSpec
    let figures: BudgetFigures
    let isExhausted: Bool
    /// Of a calendar's period.
    let periodEnd: Instant?
    /// Over which the pace is taken.
    let recentWindow: PromDuration?
    let days: [[String: String]: [PastDays.Day]]

    func write(to status: inout SLOStatus) {
        let shown = status
        status.errorBudget = SLOErrorBudget(
            remaining: RoundedFigure.percent(figures.remaining, shown: shown.errorBudget?.remaining),
            consumed: RoundedFigure.percent(1 - figures.remaining, shown: shown.errorBudget?.consumed))
        status.burnRates = figures.burnRates.sorted { $0.key < $1.key }.prefix(16).map { window, rate in
            let before = shown.burnRates.first { $0.window == window.description }?.rate
            return SLOBurnRate(window: window.description, rate: RoundedFigure.factor(rate, shown: before))
        }
        status.coverage = RoundedFigure.coverage(figures.coverage ?? 0, shown: shown.coverage)
        status.groups = spec.groupBy.isEmpty ? [] : worst(shown)
        let exhaustion = isExhausted ? nil : forecast
        status.exhaustedAt = exhaustion.map { moment($0.at, shown.exhaustedAt) } ?? exhaustedAt(shown.exhaustedAt)
        status.forecast = exhaustion.map { exhaustion in
            SLOForecast(
                earliest: moment(exhaustion.earliest, shown.forecast?.earliest),
                latest: exhaustion.latest.map { moment($0, shown.forecast?.latest) })
        }
        status.regains = regains(shown.regains)
    }

    private func worst(_ shown: SLOStatus) -> [SLOGroup] {
        let groups = figures.groups.prefix(SLOStatus.maximumGroups).map { group -> (Double, SLOGroup) in
            let before = shown.groups.first { $0.labels == group.labels }
            let remaining = RoundedFigure.percent(group.remaining, shown: before?.remaining)
            let burn = group.burnRate.map { RoundedFigure.factor($0, shown: before?.burnRate) } ?? ""
            return (Percentage(remaining)?.percent.doubleValue ?? 0, SLOGroup(labels: group.labels, remaining: remaining, burnRate: burn))
        }
        // By what is shown, then by name: equal figures keep their order.
        func name(_ group: SLOGroup) -> String { group.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",") }
        return groups.sorted { ($0.0, name($0.1)) < ($1.0, name($1.1)) }.map(\.1)
    }

    private func moment(_ at: Instant, _ shown: Instant?) -> Instant { RoundedFigure.moment(at, in: at.since(figures.sampled), shown: shown) }

    /// Of the group whose budget is gone first, where days are known. A group of today has none yet.
    private var forecast: BudgetForecast.Exhaustion? {
        guard !days.isEmpty, let window = spec.window.rolling, let recentWindow else { return nil }
        return figures.groups.compactMap { group in
            BudgetForecast(
                budget: spec.errorBudget.doubleValue, window: window, period: group.period, recent: group.recent, recentWindow: recentWindow,
                days: days[group.labels] ?? [], sampled: figures.sampled)?.exhaustion
        }.min { $0.at < $1.at }
    }

    /// Of the worst group.
    private func regains(_ shown: [SLORegain]) -> [SLORegain] {
        guard let window = spec.window.rolling, let group = figures.groups.first, let total = group.period.total, let days = days[group.labels] else {
            return []
        }
        return BudgetForecast.regains(
            budget: spec.errorBudget.doubleValue, window: window, total: total, days: days, sampled: figures.sampled
        ).map { gain in
            let before = shown.first { $0.from == gain.from.description }?.budget
            return SLORegain(from: gain.from.description, on: gain.on.description, budget: RoundedFigure.percent(gain.share, shown: before))
        }
    }

    /// When the budget went, as long as it is gone; otherwise when it will.
    private func exhaustedAt(_ shown: Instant?) -> Instant? {
        let sampled = Instant(seconds: figures.sampled.wholeSeconds)
        if isExhausted { return shown.map { min($0, sampled) } ?? sampled }
        let isKnownByDays = !days.isEmpty && spec.window.rolling.map { $0 <= .days(Int64(PastDays.reach)) } ?? false
        guard !isKnownByDays, let window = spec.window.length, let forecast = figures.exhaustion(window: window) else { return nil }
        // With the next period of a calendar the budget begins anew.
        if let end = periodEnd, forecast.at >= end { return nil }
        return RoundedFigure.moment(forecast.at, in: forecast.in, shown: shown)
    }
}
