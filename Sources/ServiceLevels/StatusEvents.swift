import KubeModel
import PlimsollAPI

/// Events for what people want to know the moment it happens: verdicts that turned.
enum StatusEvents {
    static func events(from prior: SLOStatus, to status: SLOStatus) -> [Decision.Event] {
        var events: [Decision.Event] = []
        for type in ["Stalled", "RulesLoaded", "DataPresent", "BudgetHealthy", "Notified"] {
            guard let now = status.conditions[type], prior.conditions[type].map({ ($0.status, $0.reason) != (now.status, now.reason) }) ?? true,
                let kind = kind(now, before: prior.conditions[type])
            else { continue }
            events.append(Decision.Event(kind: kind, reason: now.reason, note: now.message))
        }
        for alert in status.alerts {
            let before = prior.alerts.first { $0.tier == alert.tier }?.state
            // After a time of not knowing, the state that comes back is no news.
            if alert.state == .firing, before != .firing, before != .unknown {
                events.append(Decision.Event(kind: .warning, reason: "AlertFiring", note: "the alert of tier \(alert.tier) fires"))
            } else if alert.state == .inactive, before == .firing {
                events.append(Decision.Event(kind: .normal, reason: "AlertResolved", note: "the alert of tier \(alert.tier) ended"))
            }
        }
        if status.frozen != prior.frozen {
            let left = status.errorBudget.map { "\($0.remaining) of the error budget is left" } ?? "the policy has changed"
            events.append(
                status.frozen
                    ? Decision.Event(kind: .warning, reason: "RolloutsFrozen", note: "rollouts are held back: \(left)")
                    : Decision.Event(kind: .normal, reason: "RolloutsThawed", note: "rollouts are no longer held back: \(left)"))
        }
        return events + notifications(from: prior.notifications, to: status.notifications)
    }

    /// That somebody was told.
    private static func notifications(from prior: [SLONotification], to now: [SLONotification]) -> [Decision.Event] {
        func find(_ record: SLONotification, in list: [SLONotification]) -> SLONotification? {
            list.first { $0.policy == record.policy && $0.notifier == record.notifier && $0.since == record.since }
        }
        let began = now.filter { $0.state == .firing && find($0, in: prior)?.state == .sending }.map { record in
            let reference = record.reference.isEmpty ? "" : " (\(record.reference))"
            return Decision.Event(
                kind: .normal, reason: "NotificationSent", note: "\(record.notifier) was told that policy \(record.policy) holds\(reference)")
        }
        let ended = prior.filter { $0.state == .resolving && find($0, in: now) == nil }.map { record in
            Decision.Event(
                kind: .normal, reason: "NotificationResolved", note: "\(record.notifier) was told that policy \(record.policy) no longer holds")
        }
        return began + ended
    }

    /// `nil` for a step on the way that needs nobody's attention.
    private static func kind(_ now: Condition, before: Condition?) -> Decision.Event.Kind? {
        switch (now.type, now.status) {
        case ("Stalled", .true): .warning
        case ("Stalled", _): before?.status == .true ? .normal : nil
        // Back from not knowing is no news either.
        case (_, .true) where before?.status == .unknown: nil
        case (_, .true): before == nil && now.type != "RulesLoaded" ? nil : .normal
        case (_, .false): ["NotWritten", "NotLoaded", "Outdated"].contains(now.reason) ? nil : .warning
        // A Prometheus that is away concerns all objects at once: a metric tells of it, not an event an object.
        case (_, .unknown): nil
        }
    }
}
