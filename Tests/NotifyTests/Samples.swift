import Notify
import Values

extension Notification {
    static let sample = Notification(
        identity: Identity(instance: "main", namespace: "shop", slo: "checkout-availability", policy: "freeze"), severity: .page, state: .firing,
        service: "checkout", title: "shop/checkout-availability: -12% of the error budget is left",
        text: "checkout: Requests to <checkout> & its \"cart\" succeed. 412 of 18003 events failed over 30d.",
        facts: [Fact("Objective", "99.9% over 30d"), Fact("Budget left", "-12%")], runbook: "https://runbooks.example.com/checkout",
        links: [Link("Dashboard", "https://grafana.example.com/d/x?a=1&b=2")], labels: ["team": "shop", "namespace": "other"],
        startedAt: Instant(seconds: 1_785_000_000))

    func with(_ change: (inout Notification) -> Void) -> Notification {
        var copy = self
        change(&copy)
        return copy
    }

    var resolved: Notification { with { $0.state = .resolved } }
}

extension NotifyRequest {
    /// The body as JSON.
    var json: JSON { (try? JSON(parsing: body ?? [])) ?? .null }
}

extension NotifyAnswer {
    static func json(_ json: JSON, _ status: Int = 200) -> NotifyAnswer { NotifyAnswer(status: status, body: Array(json.text().utf8)) }
}

/// A peer that answers each request by its method and path, and a record of what was asked.
func hold(_ dialogue: some Dialogue, _ answers: [String: NotifyAnswer]) -> (requests: [NotifyRequest], end: Turn) {
    var dialogue: any Dialogue = dialogue
    var requests: [NotifyRequest] = []
    var answer: NotifyAnswer?
    for _ in 0..<10 {
        let turn = dialogue.next(answer)
        guard case .send(let request) = turn else { return (requests, turn) }
        requests.append(request)
        answer = answers["\(request.method) \(request.path)"] ?? NotifyAnswer(status: 500)
    }
    return (requests, .failed(NotifyFailure("no end", isFinal: true)))
}
