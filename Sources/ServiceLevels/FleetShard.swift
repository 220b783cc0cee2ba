import KubeModel
import PlimsollAPI
package import PrometheusModel
package import Values

/// The rules that the SLOs of a place share: sums of their windows, their alerts, and what these must know of each. Pure: equal input gives equal bytes.
///
/// So N SLOs cost two rules each, which read the raw series, and a score a place. An SLO's own rules stay in a group of its own, where a bad one
/// keeps nobody's from being evaluated; what is shared reads recorded series alone, and joins them so that a missing or a doubled one is nobody else's
/// trouble.
package struct FleetShard: Sendable, Hashable {
    package let place: FleetPlace
    package let groups: [RuleGroup]
    /// When they are to be made anew, with another period of somebody's calendar.
    package let validUntil: Instant?

    /// - Parameter now: tells the period of calendar windows.
    package init(_ place: FleetPlace, members: [FleetMember], settings: RuleSettings, now: Instant) {
        let members = members.sorted { $0.key < $1.key }
        let builder = FleetShardBuilder(place: place, members: members, settings: settings, now: now)
        let periods = builder.periods
        self.place = place
        groups = members.isEmpty ? [] : builder.groups(periods)
        validUntil = periods.compactMap(\.end).min()
    }

    /// What SLOs must have in common for their budgets to be counted by one expression.
    static func windowClass(_ window: SLOWindow) -> String {
        window.rolling?.description ?? window.calendar.map { "\($0.unit.rawValue) \($0.timeZone)" } ?? ""
    }
}

private struct FleetShardBuilder {
    let place: FleetPlace
    let members: [FleetMember]
    let settings: RuleSettings
    let now: Instant

    /// A budget's counting, for the SLOs of one window.
    struct Period {
        let window: String
        let events: String
        let coverage: String
        let end: Instant?
    }

    func groups(_ periods: [Period]) -> [RuleGroup] {
        RuleSettings.Pace.allCases.map { pace in
            let rules: [Rule] =
                switch pace {
                case .fast: windows(.fast) + (alerts.first ?? [])
                case .medium: windows(.medium)
                case .slow:
                    [sums(place.scope).fiveMinutes] + windows(.slow) + [
                        .recording(record: SeriesNames.periodEvents, expr: joined(periods.map { ($0.window, $0.events) })),
                        .recording(record: SeriesNames.periodCoverage, expr: joined(periods.map { ($0.window, $0.coverage) })),
                    ]
                }
            return RuleGroup(name: place.groupName(pace), interval: settings.interval(of: pace), rules: rules)
        }
            + alerts.dropFirst().enumerated().map {
                RuleGroup(name: place.alertsName($0.offset), interval: settings.interval(of: .fast), rules: $0.element)
            } + FleetFacts(place: place, members: members, interval: settings.interval(of: .fast)).groups
    }

    /// Windows that only some have are summed for few besides these.
    private func windows(_ pace: RuleSettings.Pace) -> [Rule] {
        var users: [PromDuration: [FleetMember]] = [:]
        for member in members {
            for window in WindowPlan(member.spec).windows where RuleSettings.pace(of: window) == pace { users[window, default: []].append(member) }
        }
        return users.sorted { $0.key < $1.key }.map { window, users in sums(scope(of: users)).window(window) }
    }

    /// Of the place's own SLOs: one that has all rules for itself, as in another layout, would be counted twice.
    private func sums(_ scope: SeriesScope) -> WindowRules { WindowRules(scope: scope, members: lately(place.scope.selector(SeriesNames.alerting))) }

    /// What is recorded by a group of facts, also while it moves to another one: at its former place it ends at once.
    private func lately(_ selector: VectorSelector) -> String {
        "last_over_time(\(selector)[\(RuleSettings.range(settings.interval(of: .fast) * 2))])"
    }

    /// The place's series, or those of SLOs that have a namespace and a name of these: others of such a pair are with them.
    private func scope(of users: [FleetMember]) -> SeriesScope {
        guard users.count < members.count else { return place.scope }
        func oneOf(_ label: String, _ values: [String]) -> LabelMatcher {
            LabelMatcher(label, .matches, Set(values).sorted().map { $0.replacing(".", with: "\\.") }.joined(separator: "|"))
        }
        return place.scope.narrowed([
            oneOf(LabelNames.namespace, users.map(\.key.namespace)), oneOf(LabelNames.slo, users.map(\.key.name)),
        ])
    }

    var periods: [Period] {
        let classes = Dictionary(grouping: members) { FleetShard.windowClass($0.spec.window) }
        return classes.sorted { $0.key < $1.key }.compactMap { name, members in
            guard let window = members.first?.spec.window else { return nil }
            let scope = scope(of: members)
            if let rolling = window.rolling {
                let sums = WindowRules(scope: scope)
                return Period(window: name, events: sums.period(rolling), coverage: sums.coverage(rolling), end: nil)
            }
            guard let calendar = window.calendar, let period = try? TimeZoneRules.load(calendar.timeZone).period(calendar.unit, around: now) else {
                return nil
            }
            let budget = CalendarBudget(scope: scope, period: period)
            return Period(window: name, events: budget.events, coverage: budget.coverage, end: period.end)
        }
    }

    /// Where there is more than one window, each SLO's own counts: names alone can't tell the SLOs of one from those of another.
    private func joined(_ periods: [(window: String, expr: String)]) -> String {
        guard periods.count > 1 else { return sums(place.scope).ofMembers(periods.first?.expr ?? "vector(0) < 0") }
        return periods.map { period in
            let own = lately(place.scope.narrowed([LabelMatcher(LabelNames.window, .equal, period.window)]).selector(SeriesNames.info))
            return "((\(period.expr))\nand on (\(LabelNames.namespace), \(LabelNames.slo)) \(own))"
        }.joined(separator: "\nor\n")
    }

    /// So that each lot fits into what carries a rule file. The first is in the group of what it reads, which spares it an interval.
    private var alerts: [[Rule]] {
        var lots: [[Rule]] = []
        var room = 0
        for rules in alertsOfClasses {
            let size = rules.reduce(0) { $0 + $1.json.text().utf8.count }
            if lots.isEmpty || room < size {
                lots.append([])
                room = 150 * 1024
            }
            room -= size
            lots[lots.count - 1] += rules
        }
        return lots
    }

    private var alertsOfClasses: [[Rule]] {
        var classes: [String: (FleetAlerts.Class, PromDuration)] = [:]
        for member in members {
            let plan = FleetAlerts.Class(member.spec)
            guard let length = member.spec.window.length else { continue }
            classes[plan.digest] = (plan, length)
        }
        return classes.sorted { $0.key < $1.key }.map {
            FleetAlerts(scope: place.scope, plan: $0.value.0, length: $0.value.1, interval: settings.interval(of: .fast)).rules
        }
    }
}
