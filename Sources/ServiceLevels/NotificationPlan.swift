import PlimsollAPI
package import Values

/// The notifiers of the daemon's configuration, as one namespace sees them.
package struct NotifierScope: Sendable, Hashable {
    /// All of them.
    package var known: [String]
    /// Those that its objects may use.
    package var allowed: [String]
    /// What keeps some of them from telling anybody, by name.
    package var troubles: [String: String]

    package init(known: [String] = [], allowed: [String] = [], troubles: [String: String] = [:]) {
        self.known = known
        self.allowed = allowed
        self.troubles = troubles
    }
}

/// What came of telling somebody.
package struct NotificationResult: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case delivered(reference: String)
        /// Tried in vain more than once; it is tried again.
        case failing(String)
        /// Somebody must change something.
        case refused(String)
    }

    package var policy: String
    package var notifier: String
    /// Whether it was told that the step holds, or that it no longer does.
    package var isFiring: Bool
    package var since: Instant
    package var outcome: Outcome

    package init(policy: String, notifier: String, isFiring: Bool, since: Instant, outcome: Outcome) {
        self.policy = policy
        self.notifier = notifier
        self.isFiring = isFiring
        self.since = since
        self.outcome = outcome
    }
}

/// Who is to know what of an SLO's policy, from what they were told and what is left of the budget. Pure.
///
/// Each record goes Sending, Firing, Resolving and then away; the status keeps it before anybody is told, so that a daemon that ends in between tells
/// again rather than never. Nothing changes while the budget is unknown.
struct NotificationPlan {
    /// Why somebody is not told.
    struct Trouble: Hashable {
        var reason: String
        var message: String
    }

    /// The reason of a condition: the CRD is older than the daemon.
    static let notKept = "StatusNotKept"

    private(set) var records: [SLONotification] = []
    private(set) var troubles: [Trouble] = []
    /// Whether anybody is to be told of anything.
    let isAsked: Bool

    init(
        policy: [SLOPolicyStep], prior: [SLONotification], budget: BudgetPolicy.Reading, scope: NotifierScope, results: [NotificationResult],
        now: Instant
    ) {
        isAsked = policy.contains { $0.actions.contains(.notify) }
        var wanted: [Pair: Instant] = [:]
        for (index, step) in policy.enumerated() where step.actions.contains(.notify) {
            let told = prior.filter { $0.policy == step.name && $0.state.isFiring }
            let targets = targets(step, index, scope)
            for target in targets {
                guard let trouble = scope.troubles[target] else { continue }
                troubles.append(
                    Trouble(reason: "NotifierUnreadable", message: "spec.policy[\(index)]: notifier \(target) can tell nobody: \(trouble)"))
            }
            guard BudgetPolicy.holds(below: step.remainingBelow, budget, was: !told.isEmpty) else { continue }
            // A notifier that is new tells of the same occurrence.
            let since = told.map(\.since).min() ?? now
            for target in targets { wanted[Pair(policy: step.name, notifier: target)] = since }
        }
        var known: [Pair: SLONotification] = [:]
        // Of a notifier that is no longer configured nothing can come any more.
        for record in prior where scope.known.contains(record.notifier) { known[Pair(record)] = record }
        for pair in Set(known.keys).union(wanted.keys) {
            let mine = results.filter { $0.policy == pair.policy && $0.notifier == pair.notifier }
            if let record = Self.next(known[pair], pair, wantedSince: wanted[pair], mine) { records.append(record) }
        }
        records.sort { ($0.policy, $0.notifier) < ($1.policy, $1.notifier) }
        if records.count > SLOStatus.maximumNotifications {
            // What was told already must end one day; what is new has to wait until there is room.
            records = Array(
                (records.filter { known[Pair($0)] != nil } + records.filter { known[Pair($0)] == nil }).prefix(SLOStatus.maximumNotifications))
            records.sort { ($0.policy, $0.notifier) < ($1.policy, $1.notifier) }
        }
        troubles += failures(results)
    }

    /// While the spec is invalid nothing begins or ends: what was under way goes on, and what came of it is noted.
    init(prior: [SLONotification], results: [NotificationResult]) {
        isAsked = true
        records = prior.compactMap { record in
            let mine = results.filter { $0.policy == record.policy && $0.notifier == record.notifier }
            return Self.next(record, Pair(record), wantedSince: record.state.isFiring ? record.since : nil, mine)
        }
        troubles = failures(results)
    }

    private struct Pair: Hashable {
        var policy: String
        var notifier: String

        init(policy: String, notifier: String) {
            self.policy = policy
            self.notifier = notifier
        }
        init(_ record: SLONotification) { self.init(policy: record.policy, notifier: record.notifier) }
    }

    private static func next(
        _ record: SLONotification?, _ pair: Pair, wantedSince: Instant?, _ results: [NotificationResult]
    ) -> SLONotification? {
        guard var record else {
            return wantedSince.map { SLONotification(policy: pair.policy, notifier: pair.notifier, state: .sending, since: $0) }
        }
        let delivered = results.first { result in
            guard case .delivered = result.outcome else { return false }
            return result.since == record.since && result.isFiring == record.state.isFiring
        }
        if case .delivered(let reference)? = delivered?.outcome, !reference.isEmpty { record.reference = reference }
        switch (record.state, wantedSince) {
        case (.sending, _?):
            if delivered != nil { record.state = .firing }
        case (.firing, _?): break
        case (.resolving, let since?):
            // Whether its end was told or not: it is another occurrence.
            record = SLONotification(policy: pair.policy, notifier: pair.notifier, state: .sending, since: since)
        case (.sending, nil), (.firing, nil):
            // Perhaps it was told just now, or half; that it ended is told in any case.
            record.state = .resolving
        case (.resolving, nil):
            if delivered != nil { return nil }
        }
        return record
    }

    /// Who of the configuration is told of a step.
    private mutating func targets(_ step: SLOPolicyStep, _ index: Int, _ scope: NotifierScope) -> [String] {
        guard !step.notifiers.isEmpty else {
            if scope.allowed.isEmpty {
                let why =
                    scope.known.isEmpty ? "the daemon's configuration has no notifiers" : "no notifier's allowedNamespaces hold this namespace"
                troubles.append(Trouble(reason: "NoNotifier", message: "spec.policy[\(index)].actions: Notify tells nobody, as \(why)"))
            }
            return scope.allowed
        }
        let open = scope.allowed.isEmpty ? "none is open to this namespace" : "open to this namespace: \(scope.allowed.joined(separator: ", "))"
        for (place, name) in step.notifiers.enumerated() where !scope.allowed.contains(name) {
            let path = "spec.policy[\(index)].notifiers[\(place)]"
            if scope.known.contains(name) {
                troubles.append(
                    Trouble(
                        reason: "NotifierNotAllowed",
                        message: "\(path): \"\(name)\" is not open to this namespace: its allowedNamespaces in the daemon's configuration; \(open)"))
            } else {
                troubles.append(
                    Trouble(reason: "NotifierUnknown", message: "\(path): \"\(name)\" is no notifier of the daemon's configuration; \(open)"))
            }
        }
        return step.notifiers.filter(scope.allowed.contains)
    }

    private func failures(_ results: [NotificationResult]) -> [Trouble] {
        func troubles(_ reason: String, _ message: (NotificationResult) -> String?) -> [Trouble] {
            results.sorted { ($0.notifier, $0.policy) < ($1.notifier, $1.policy) }.compactMap { result in
                message(result).map { Trouble(reason: reason, message: "notifier \(result.notifier), policy \(result.policy): \($0)") }
            }
        }
        return troubles("NotificationRefused") { if case .refused(let why) = $0.outcome { why } else { nil } }
            + troubles("NotificationFailing") { if case .failing(let why) = $0.outcome { why } else { nil } }
    }
}
