import KubeModel
import PlimsollAPI
import PrometheusModel
import Values

/// The conditions of an SLO, judged from an observation.
struct ConditionSet {
    private(set) var list: [Condition]
    private let prior: [Condition]
    private let generation: Int64
    private let now: Instant

    init(prior: [Condition], generation: Int64, now: Instant) {
        self.prior = prior
        list = prior
        self.generation = generation
        self.now = now
    }

    private struct Verdict {
        var status: ConditionStatus
        var reason: String
        var message: String
        init(_ status: ConditionStatus, _ reason: String, _ message: String) {
            self.status = status
            self.reason = reason
            self.message = message
        }
    }

    /// Reasons whose messages come from outside and may differ each time in their numbers (a duration, a port): where that is all, the first stays.
    private static let volatile: Set = [
        "PrometheusUnavailable", "EvaluationFailed", "WriteFailed", "ScrapedTooRarely", "Costly", "NotPartOfTotal", "ShortWindow",
        "GroupLabelMissing", "TooManyGroups", "Interpolated", "NotificationRefused", "NotificationFailing",
    ]

    private mutating func set(_ type: String, _ verdict: Verdict) {
        var message = String(verdict.message.prefix(2048))
        if let old = prior[type], old.status == verdict.status, old.reason == verdict.reason, old.observedGeneration == generation,
            Self.volatile.contains(verdict.reason), Self.withoutNumbers(old.message) == Self.withoutNumbers(message)
        {
            message = old.message
        }
        list = list.setting(
            Condition(
                type: type, status: verdict.status, reason: verdict.reason, message: message, observedGeneration: generation, lastTransitionTime: now)
        )
    }

    private static func withoutNumbers(_ message: String) -> [UInt8] {
        message.utf8.filter { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The budget is spent; with a little play, so that one at the edge does not swing.
    var isExhausted: Bool { list["BudgetHealthy"]?.reason == "Exhausted" }

    mutating func invalid(_ problems: [Problem]) {
        let verdict = Verdict(.true, "Invalid", problems.summary(limit: 2000))
        set("Ready", Verdict(.false, "Invalid", verdict.message))
        set("Stalled", verdict)
        set("Reconciling", Verdict(.false, "Invalid", "the spec must be corrected first"))
    }

    mutating func judge(spec: SLOSpec, rules: GeneratedRules, observation: SLOObservation, figures: BudgetFigures?) {
        let loaded = loaded(rules, observation)
        let data = data(spec, observation, isLoaded: loaded.status == .true)
        set("RulesLoaded", loaded)
        set("DataPresent", data)
        set("BudgetHealthy", budget(spec, rules, observation.figures, figures))
        set("Preflight", preflight(rules, observation.preflight))
        if loaded.status != .true {
            set("Ready", Verdict(loaded.status, loaded.reason, loaded.message))
        } else if data.status != .true {
            set("Ready", Verdict(data.status, data.reason, data.message))
        } else {
            set("Ready", Verdict(.true, "Measuring", "rules are loaded and events are counted"))
        }
        switch observation.output {
        case .failed(let message, isFinal: true): set("Stalled", Verdict(.true, "WriteRefused", message))
        default: set("Stalled", Verdict(.false, "Progressing", "nothing stands in the way"))
        }
        let pending =
            loaded.reason == "NotWritten" || loaded.status == .false && ["NotLoaded", "Outdated", "WriteFailed"].contains(loaded.reason)
        set("Reconciling", pending ? Verdict(.true, loaded.reason, loaded.message) : Verdict(.false, "Settled", "the rules are where they belong"))
        if let first = observation.gaps.first { judge(first, observation.gaps) }
    }

    /// A composite that is not whole works on with what it has, and is not what its author wants.
    private mutating func judge(_ first: CompositeMembers.Gap, _ gaps: [CompositeMembers.Gap]) {
        let verdict = Verdict(.false, first.reason.rawValue, gaps.map(\.problem).summary(limit: 2000))
        set("Ready", verdict)
        let lasting = gaps.first { !$0.mayPass }
        if let lasting { set("Stalled", Verdict(.true, lasting.reason.rawValue, lasting.problem.description)) }
        set("Reconciling", Verdict(lasting == nil ? .true : .false, verdict.reason, "it goes on with its other members: \(verdict.message)"))
    }

    /// Whether those who are to be told of the policy's steps are. Of an SLO that asks for nothing of the kind it says nothing.
    mutating func judge(_ plan: NotificationPlan) {
        if let first = plan.troubles.first {
            set("Notified", Verdict(.false, first.reason, plan.troubles.map(\.message).joined(separator: "; ")))
        } else if plan.records.contains(where: { $0.state != .firing }) {
            set("Notified", Verdict(.unknown, "Sending", "somebody is about to be told"))
        } else if plan.isAsked {
            set("Notified", Verdict(.true, "Delivered", "all who are to be told know"))
        } else {
            list = list.removing(type: "Notified")
        }
    }

    /// Nobody is told of what no status remembers: each look would tell it again, and nothing its end.
    mutating func loseRecords() {
        set(
            "Notified",
            Verdict(
                .false, NotificationPlan.notKept,
                "the API server drops status.notifications, and nobody is told of what would be forgotten: apply the CRDs of this version of Plimsoll"
            ))
    }

    /// What the spec itself tells, and what was found on its Prometheus.
    private func preflight(_ rules: GeneratedRules, _ observed: SLOObservation.Preflight) -> Verdict {
        var findings: [SLOPreflight.Finding] = []
        switch observed {
        case .found(let found): findings = found
        case .unasked, .formTaken, .unanswered:
            // What was found before a restart holds until it is asked again.
            if let old = prior["Preflight"], old.observedGeneration == generation { return Verdict(old.status, old.reason, old.message) }
            if rules.notes.isEmpty { return Verdict(.unknown, "NotAsked", "Prometheus was not asked yet") }
        }
        let problems = findings.filter { $0.weight == .problem }
        let warnings = findings.filter { $0.weight == .warning }
        let texts = rules.notes.map(\.message) + (problems + warnings).map { "\($0.path): \($0.message)." }
        if let reason = rules.notes.first?.reason ?? problems.first?.reason { return Verdict(.false, reason, texts.joined(separator: " ")) }
        if let first = warnings.first { return Verdict(.true, first.reason, texts.joined(separator: " ")) }
        return Verdict(.true, "Passed", "nothing speaks against it")
    }

    private func loaded(_ rules: GeneratedRules, _ observation: SLOObservation) -> Verdict {
        switch observation.output {
        case .failed(let message, let isFinal): return Verdict(.false, isFinal ? "WriteRefused" : "WriteFailed", message)
        case .pending: return Verdict(.false, "NotWritten", "the rules are about to be written")
        case .written: break
        case .waiting(let message):
            // What is there already is judged as it is; of a Prometheus that is away nothing is known.
            switch observation.rules {
            case .loaded(let groups) where !groups.isEmpty: break
            case .loaded, .unasked: return Verdict(.unknown, "NotWritten", message)
            case .unavailable: break
            }
        }
        guard case .loaded(let groups) = observation.rules else {
            if case .unavailable(let message) = observation.rules { return Verdict(.unknown, "PrometheusUnavailable", message) }
            return Verdict(.unknown, "NotAsked", "Prometheus was not asked yet")
        }
        return Self.loaded(rules, groups, observation.sharedDigests)
    }

    private static func loaded(_ rules: GeneratedRules, _ groups: [LoadedRuleGroup], _ sharedDigests: Set<String>) -> Verdict {
        let wanted = rules.groups.map(\.name) + (rules.place.map { place in RuleSettings.Pace.allCases.map(place.groupName) } ?? [])
        if let missing = wanted.first(where: { name in !groups.contains { $0.name == name } }) {
            return Verdict(
                .false, "NotLoaded",
                "Prometheus has no rule group \(missing). If this lasts: does it load what carries the rules (ruleSelector and labels, rule_files, a reload)?"
            )
        }
        let twice = Dictionary(grouping: groups, by: \.name).filter { $0.value.count > 1 }.keys.sorted()
        if let first = twice.first {
            return Verdict(
                .false, "LoadedTwice", "Prometheus has more than one rule group \(first): every event would count twice; remove the other copy")
        }
        if let bad = groups.lazy.flatMap({ group in group.rules.map { (group.name, $0) } }).first(where: { $0.1.health == .err }) {
            return Verdict(.false, "EvaluationFailed", "group \(bad.0), rule \(bad.1.name): \(bad.1.lastError)")
        }
        guard isCurrent(rules, groups, sharedDigests) else {
            return Verdict(.false, "Outdated", "Prometheus still has the rules of an earlier version; it reads them again at its next reload")
        }
        return Verdict(.true, "Loaded", "Prometheus has all rule groups and evaluates them")
    }

    /// Whether what Prometheus has loaded is what is wanted, and no earlier version.
    static func isCurrent(_ rules: GeneratedRules, _ groups: [LoadedRuleGroup], _ sharedDigests: Set<String>) -> Bool {
        guard rules.place == nil else { return sharedDigests.contains(rules.digest) && rules.alertClass.map(sharedDigests.contains) ?? true }
        return groups.lazy.flatMap(\.rules).first { $0.name == SeriesNames.info }?.labels[LabelNames.rules] == rules.digest
    }

    private func data(_ spec: SLOSpec, _ observation: SLOObservation, isLoaded: Bool) -> Verdict {
        switch observation.figures {
        case .unasked: return Verdict(.unknown, "NotAsked", "Prometheus was not asked yet")
        case .unavailable(let message): return Verdict(.unknown, "PrometheusUnavailable", message)
        case .read(let figures):
            if let figures, figures.sampled != nil {
                if spec.indicator.latency != nil, isLoaded, !Self.countsErrors(figures) {
                    return Verdict(.false, "NoBucket", "the histogram has no bucket whose bound is \(Self.threshold(spec)); choose one of its bounds")
                }
                return Verdict(.true, "Counting", "events are counted")
            }
            guard isLoaded else { return Verdict(.unknown, "RulesNotLoaded", "nothing counts events before the rules are loaded") }
            guard observation.figuresFollowEvaluation else {
                // What was found before a restart holds until it is known better.
                if let old = prior["DataPresent"], old.reason == "NoSeries", old.observedGeneration == generation {
                    return Verdict(old.status, old.reason, old.message)
                }
                return Verdict(.unknown, "NotEvaluated", "Prometheus has not evaluated the rules yet, or was not asked since")
            }
            return Verdict(.false, "NoSeries", "nothing comes of \(Self.counted(spec)): no series matches, or none was scraped lately")
        }
    }

    /// Whether errors are counted now: in the shortest window, as longer ones remember a bucket that was.
    private static func countsErrors(_ figures: SLOFigures) -> Bool {
        figures.groups.contains { $0.sampled != nil && $0.windows.min { $0.key < $1.key }?.value.errors != nil }
    }

    private static func threshold(_ spec: SLOSpec) -> String { spec.indicator.latency.map { "\($0.threshold)" } ?? "" }
    private static func counted(_ spec: SLOSpec) -> String { IndicatorEvents(spec.indicator)?.source ?? "the indicator" }

    private func budget(_ spec: SLOSpec, _ rules: GeneratedRules, _ observed: SLOObservation.Figures, _ figures: BudgetFigures?) -> Verdict {
        let window = spec.window.calendar.map { "the \($0.unit.rawValue.lowercased())" } ?? spec.window.name
        if case .unavailable(let message) = observed { return Verdict(.unknown, "PrometheusUnavailable", message) }
        guard case .read(let read) = observed, let figures else {
            // Events are counted, but a slow group has not summed them yet: what was known still holds.
            if case .read(let read?) = observed, read.sampled != nil, let old = prior["BudgetHealthy"], old.status != .unknown {
                return Verdict(old.status, old.reason, old.message)
            }
            return Verdict(.unknown, "NoData", "nothing is known about the budget")
        }
        let edge = prior["BudgetHealthy"]?.reason == "Exhausted" ? 0.01 : 0
        if figures.remaining <= edge { return Verdict(.false, "Exhausted", "the error budget for \(window) is spent") }
        let firing = rules.tiers.map(\.name).filter { read?.alerts[$0] == .firing }
        if !firing.isEmpty { return Verdict(.false, "Burning", "the budget burns too fast: \(firing.joined(separator: ", ")) firing") }
        return Verdict(.true, "WithinBudget", "the budget for \(window) lasts")
    }
}
