package import KubeModel
package import PlimsollAPI
package import PrometheusModel
package import Values

/// An SLO's rules, rendered.
package struct GeneratedRules: Sendable, Hashable {
    package let identity: SeriesIdentity
    package let groups: [RuleGroup]
    /// A digest of the groups, but for moments of time in them, which the info series carries, so that one can see which version a Prometheus has loaded.
    package let digest: String
    /// The tiers it alerts by: pages before tickets, of each the highest burn rate first.
    package let tiers: [AlertTier]
    /// Where the rules are that it shares with others; nil when all are its own.
    package let place: FleetPlace?
    /// Marks the alerts that it shares; nil when it shares none, or is not alerted on.
    package let alertClass: String?
    /// What speaks against the SLO's working as it is meant to.
    package let notes: [Note]
    /// When they are to be made anew, with another period of the calendar or with further exclusions.
    package let validUntil: Instant?
    /// When the budget begins anew, of a calendar window.
    package let periodEnd: Instant?

    /// Something that is valid and yet won't do what its author thinks.
    package struct Note: Sendable, Hashable {
        /// CamelCase.
        package let reason: String
        package let message: String
    }

    package var file: RuleFile { RuleFile(groups: groups) }
}

/// Makes an SLO's recording and alerting rules. Pure: equal input gives equal bytes.
///
/// In the layout `Fleet` these are only those that read raw series, and `FleetShard` makes the rest. In the layout `PerSLO` there are three groups, so that windows of hours and days cost little: `fast` (each evaluation) reads the raw series over the base window, total before errors,
/// sums the windows up to an hour and holds the alerts; `medium` sums the windows up to 12 hours; `slow` (5 minutes) sums days and the SLO's window
/// from sums of five minutes. No ratio is recorded: 0/0 would poison the windows above it.
package enum RuleGenerator {
    /// The most groups that an SLO's `groupBy` may make. Prometheus lets the rules of one that has more fail: figures of all SLOs come by the same
    /// queries, and one label of many values must not choke them.
    package static let maximumGroups = 1000

    /// Renders one SLO's rules.
    /// - Parameter now: tells the period of a calendar window; a rolling one has the same rules always.
    /// - Throws: for a spec that validation would refuse.
    package static func generate(
        instance: String, key: ObjectKey, spec: SLOSpec, settings: RuleSettings, now: Instant
    ) throws(RuleProblems) -> GeneratedRules {
        guard let length = spec.window.length else {
            throw RuleProblems([Problem("spec.window", "has no rules; give a rolling window, like {rolling: 30d}, or a calendar's")])
        }
        var calendar: CalendarPeriod?
        if let window = spec.window.calendar {
            do {
                calendar = try TimeZoneRules.load(window.timeZone).period(window.unit, around: now)
            } catch {
                throw RuleProblems([Problem("spec.window.calendar.timeZone", error.message, got: .string(window.timeZone))])
            }
        }
        var placed = spec.indicator
        placed.composite = placed.composite?.placed(in: key.namespace)
        guard let indicator = IndicatorEvents(placed) else {
            throw RuleProblems([Problem("spec.indicator", "has no rules yet; give another")])
        }
        let exclusions = try ExclusionTimes(spec, settings: settings)
        guard exclusions.leaveAnything(after: now) else {
            throw RuleProblems([
                Problem(
                    "spec.exclusions",
                    "leave no time in which anything counts, as each lasts \(settings.baseWindow) longer than it says, for the rules look back so far; "
                        + "give shorter or rarer ones")
            ])
        }
        let excluded = exclusions.spans(around: now)
        let builder = RuleBuilder(
            identity: SeriesIdentity(instance: instance, key: key), spec: spec, length: length, calendar: calendar, excluded: excluded.spans,
            validUntil: [calendar?.end, excluded.until].compactMap { $0 }.min(), indicator: indicator, settings: settings, plan: WindowPlan(spec))
        return builder.generated
    }
}

private struct RuleBuilder {
    let identity: SeriesIdentity
    let spec: SLOSpec
    let length: PromDuration
    let calendar: CalendarPeriod?
    let excluded: [ExclusionTimes.Span]
    let validUntil: Instant?
    let indicator: IndicatorEvents
    let settings: RuleSettings
    let plan: WindowPlan

    var generated: GeneratedRules {
        let digest = digest
        var groups: [RuleGroup]
        var place: FleetPlace?
        var alertClass: String?
        switch settings.layout {
        case .perSLO:
            groups = self.groups
            groups[1].rules[groups[1].rules.count - 1] = info.labelled(LabelNames.rules, digest)
        case .fleet(let source, let count):
            groups = [group(.fast, base)]
            place = FleetPlace(of: identity, source: source, count: count)
            if !spec.alerting.shadow, !plan.tiers.isEmpty { alertClass = FleetAlerts.Class(spec).digest }
        }
        return GeneratedRules(
            identity: identity, groups: groups, digest: digest, tiers: plan.tiers, place: place, alertClass: alertClass, notes: notes,
            validUntil: validUntil,
            periodEnd: calendar?.end)
    }

    /// Without the moments that a calendar and exclusions put into the rules: with others these are no other version, and until they are loaded the old
    /// ones do.
    private var digest: String {
        let someTime = calendar.map { _ in CalendarPeriod(start: .epoch, end: Instant.epoch.adding(length)) }
        let timeless = RuleBuilder(
            identity: identity, spec: spec, length: length, calendar: someTime, excluded: [], validUntil: nil, indicator: indicator,
            settings: settings, plan: plan)
        let window = spec.window.calendar.map { "\($0.unit) \($0.timeZone)" } ?? spec.window.name
        // Descriptions and the like are in alerts; of a place's rules they are only read.
        let asked = [window, settings.layout.description] + spec.exclusions.map { "\($0.schedule) \($0.duration) \($0.timeZone)" }
        return Digest.hex(JSON.array(timeless.groups.map(\.json) + asked.map { .string($0) }).bytes(sortedKeys: false))
    }

    private var groups: [RuleGroup] {
        [group(.fast, base + windows(.fast) + alerts), group(.medium, windows(.medium) + facts), group(.slow, slow)]
    }

    private var notes: [GeneratedRules.Note] {
        let short = plan.tiers.filter { $0.short < settings.scrapeInterval * 4 }.map { tier in
            GeneratedRules.Note(
                reason: "ShortWindow",
                message:
                    "The short window of tier \(tier.name), \(tier.short), holds fewer than four scrapes at \(settings.scrapeInterval): one lost scrape "
                    + "hides what happens in it; give it at least \(settings.scrapeInterval * 4).")
        }
        return plan.notes.map { GeneratedRules.Note(reason: "UnreachableTier", message: $0) } + short
    }

    private func group(_ pace: RuleSettings.Pace, _ rules: [Rule]) -> RuleGroup {
        RuleGroup(
            name: identity.groupName(pace), interval: settings.interval(of: pace),
            limit: spec.groupBy.isEmpty ? nil : 2 * RuleGenerator.maximumGroups,
            rules: rules)
    }

    private var base: [Rule] {
        let targetLabels =
            ["job", "instance"] + (spec.identity.pod.isEmpty || ["job", "instance"].contains(spec.identity.pod) ? [] : [spec.identity.pod])
        let expressions = EventExpressions(
            identity: identity, indicator: indicator, groupBy: spec.groupBy, targetLabels: targetLabels, settings: settings)
        func rule(_ kind: SeriesNames.Events, _ expr: String) -> Rule {
            let counted = excluded.isEmpty ? expr : "(\(expr))\n* \(ExclusionTimes.factor(excluded))"
            return .recording(record: SeriesNames.events, expr: counted, labels: identity.labels.merging([LabelNames.events: kind.rawValue]) { $1 })
        }
        let value = expressions.value.map { Rule.recording(record: SeriesNames.value, expr: $0, labels: identity.labels) }
        let exclusion: [Rule] =
            excluded.isEmpty
            ? [] : [.recording(record: SeriesNames.excluded, expr: "vector(1 - \(ExclusionTimes.factor(excluded)))", labels: identity.labels)]
        return exclusion + (value.map { [$0] } ?? []) + [rule(.total, expressions.total), rule(.errors, expressions.errors)]
    }

    private var sums: WindowRules { WindowRules(scope: identity.scope) }

    private func windows(_ pace: RuleSettings.Pace) -> [Rule] { sums.windows(plan.windows, pace) }

    private var slow: [Rule] {
        let period = calendar.map { CalendarBudget(scope: identity.scope, period: $0) }
        return [sums.fiveMinutes] + windows(.slow) + [
            .recording(record: SeriesNames.periodEvents, expr: period?.events ?? sums.period(length)),
            .recording(record: SeriesNames.periodCoverage, expr: period?.coverage ?? sums.coverage(length)),
        ]
    }

    private var facts: [Rule] {
        let budget = spec.errorBudget
        return [
            .recording(record: SeriesNames.errorBudget, expr: "vector(\(budget))", labels: identity.labels),
            .recording(record: SeriesNames.objective, expr: "vector(\(spec.objective.fraction))", labels: identity.labels), info,
        ]
    }

    /// The one series that carries what people may change: labels on the others would start a second history.
    private var info: Rule { .recording(record: SeriesNames.info, expr: "vector(1)", labels: spec.infoLabels.merging(identity.labels) { $1 }) }

    private var alerts: [Rule] {
        plan.tiers.enumerated().map { index, tier in
            AlertRule(identity: identity, spec: spec, length: length, tier: tier, rank: index + 1).rule
        }
    }
}

extension SLOSpec {
    /// What the info series says of it.
    var infoLabels: [String: String] {
        var labels = alerting.ticket.labels.merging(alerting.page.labels) { $1 }
        labels["service"] = service
        labels["objective"] = objective.text
        labels["window"] = window.name
        return labels
    }
}
