import Values

/// PagerDuty's Events API v2. What has a `dedup_key` already is never a second alert, so it may be sent any number of times.
package enum PagerDutyTemplate {
    package static let url = "https://events.pagerduty.com"
    /// What the API takes, in characters.
    private static let (longestSummary, longestKey, longestText) = (1024, 255, 16384)

    /// - Parameter routingKey: of an Events API v2 integration.
    package static func request(_ notification: Notification, routingKey: String) -> NotifyRequest {
        var event: JSON = [
            "routing_key": .string(routingKey), "event_action": notification.state == .firing ? "trigger" : "resolve",
            "dedup_key": .string(notification.identity.dedupKey.cut(to: longestKey)),
        ]
        if notification.state == .firing {
            event["client"] = "Plimsoll"
            event["payload"] = payload(notification)
            let links = notification.allLinks.map { link -> JSON in ["href": .string(link.url), "text": .string(link.text)] }
            if !links.isEmpty { event["links"] = .array(links) }
        }
        return NotifyRequest("POST", "/v2/enqueue", json: event, isIdempotent: true)
    }

    private static func payload(_ notification: Notification) -> JSON {
        let identity = notification.identity
        var details = JSONObject([("description", .string(notification.text.cut(to: longestText)))])
        for fact in notification.facts { details[fact.name] = .string(fact.value) }
        return [
            "summary": .string(notification.title.cut(to: longestSummary)), "source": .string("\(identity.namespace)/\(identity.slo)"),
            "severity": notification.severity == .page ? "critical" : "warning", "timestamp": .string(notification.startedAt.secondsText),
            "component": .string(notification.service), "group": .string(identity.namespace), "class": "error budget",
            "custom_details": .object(details),
        ]
    }
}
