package import Values

/// Alertmanager's API v2. Alerts with the same labels are one; each is sent again and again for as long as it lasts, and ends by itself where that ceases.
package enum AlertmanagerTemplate {
    package static let alertName = "PlimsollErrorBudgetPolicy"
    private static let longestAnnotation = 8192

    /// - Parameter lifetime: how long an alert lasts of which nothing more is heard: several times the pause between two messages.
    package static func request(_ notifications: [Notification], now: Instant, lifetime: PromDuration) -> NotifyRequest {
        let alerts = notifications.map { alert($0, now: now, lifetime: lifetime) }
        return NotifyRequest("POST", "/api/v2/alerts", json: .array(alerts), isIdempotent: true)
    }

    private static func alert(_ notification: Notification, now: Instant, lifetime: PromDuration) -> JSON {
        let identity = notification.identity
        // As with the rules' own alerts: nobody's labels make it another SLO's.
        var labels = ["service": notification.service].merging(notification.labels) { $1 }
        labels.merge([
            "alertname": alertName, "severity": notification.severity.rawValue, "namespace": identity.namespace,
            "plimsoll_instance": identity.instance, "plimsoll_namespace": identity.namespace, "plimsoll_slo": identity.slo,
            "plimsoll_policy": identity.policy,
        ]) { $1 }
        var annotations = ["summary": notification.title, "description": notification.text.cut(to: longestAnnotation)]
        if !notification.runbook.isEmpty { annotations["runbook_url"] = notification.runbook }
        // Never before its begin, which Alertmanager would refuse.
        let end = notification.state == .firing ? now.adding(lifetime) : max(now, notification.startedAt)
        return [
            "labels": object(labels.filter { !$0.value.isEmpty }), "annotations": object(annotations),
            "startsAt": .string(notification.startedAt.secondsText), "endsAt": .string(end.rfc3339),
        ]
    }

    private static func object(_ values: [String: String]) -> JSON {
        .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}
