import HTTPTransport
import Testing
import Values

@testable import Notify

/// The shapes that the services document; none of them was asked.
struct TemplateTests {
    // MARK: PagerDuty

    @Test func pagerDutyTriggers() {
        let request = PagerDutyTemplate.request(.sample, routingKey: "r0ut1ngk3y")
        #expect(request.method == "POST" && request.path == "/v2/enqueue" && request.isIdempotent)
        #expect(request.headers.first?.value == "application/json")
        let json = request.json
        #expect(json["routing_key"] == "r0ut1ngk3y")
        #expect(json["event_action"] == "trigger")
        #expect(json["dedup_key"] == "plimsoll/main/shop/checkout-availability/freeze")
        #expect(json["payload"]?["summary"] == "shop/checkout-availability: -12% of the error budget is left")
        #expect(json["payload"]?["source"] == "shop/checkout-availability")
        #expect(json["payload"]?["severity"] == "critical")
        #expect(json["payload"]?["timestamp"] == "2026-07-25T17:20:00Z")
        #expect(json["payload"]?["component"] == "checkout")
        #expect(json["payload"]?["custom_details"]?["Budget left"] == "-12%")
        #expect(
            json["links"] == [
                ["href": "https://runbooks.example.com/checkout", "text": "Runbook"],
                ["href": "https://grafana.example.com/d/x?a=1&b=2", "text": "Dashboard"],
            ])
        #expect(PagerDutyTemplate.request(.sample.with { $0.severity = .ticket }, routingKey: "").json["payload"]?["severity"] == "warning")
    }

    @Test func pagerDutyResolvesByTheSameKeyAndNothingElse() {
        let json = PagerDutyTemplate.request(.sample.resolved, routingKey: "k").json
        #expect(json == ["routing_key": "k", "event_action": "resolve", "dedup_key": "plimsoll/main/shop/checkout-availability/freeze"])
    }

    @Test func pagerDutyLimits() {
        let long = Notification.sample.with {
            $0.title = String(repeating: "ä", count: 2000)
            $0.identity.slo = String(repeating: "s", count: 253)
        }
        let json = PagerDutyTemplate.request(long, routingKey: "k").json
        #expect(json["payload"]?["summary"]?.stringValue?.unicodeScalars.count == 1024)
        #expect((json["dedup_key"]?.stringValue?.count ?? 999) <= 255)
        var other = long
        other.identity.policy = "warn"
        #expect(other.identity.dedupKey != long.identity.dedupKey, "a key that was cut still tells two policies apart")
    }

    // MARK: Slack

    @Test func slackEscapesItsThreeCharacters() {
        let request = SlackTemplate.request(.sample)
        #expect(request.method == "POST" && request.path.isEmpty && !request.isIdempotent)
        let blocks = request.json["blocks"]?.arrayValue ?? []
        #expect(blocks.count == 4)
        #expect(
            blocks[1]["text"] == [
                "type": "mrkdwn",
                "text": "checkout: Requests to &lt;checkout&gt; &amp; its \"cart\" succeed. 412 of 18003 events failed over 30d.",
            ])
        #expect(blocks[2]["fields"]?[1] == ["type": "mrkdwn", "text": "*Budget left*\n-12%"])
        #expect(blocks[3]["elements"]?[0]?["text"] == "<https://runbooks.example.com/checkout|Runbook>")
        #expect(blocks[3]["elements"]?[1]?["text"] == "<https://grafana.example.com/d/x?a=1&amp;b=2|Dashboard>")
        #expect(request.json["text"]?.stringValue?.contains("-12% of the error budget") == true)
        #expect(SlackTemplate.request(.sample.resolved).json["text"]?.stringValue?.hasPrefix(":white_check_mark:") == true)
    }

    @Test(arguments: 1...40) func slackNeverBreaksAnEscape(limit: Int) {
        let text = "a&b<c>d&&<<>>ä&e"
        let cut = SlackTemplate.escaped(text, to: limit)
        #expect(cut.unicodeScalars.count <= limit)
        let plain = cut.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&amp;", with: "&")
        #expect(text.hasPrefix(plain.replacing("…", with: "")), "\(cut)")
    }

    @Test func slackLimits() {
        let long = Notification.sample.with {
            $0.title = String(repeating: "<", count: 5000)
            $0.text = String(repeating: "&", count: 5000)
            $0.facts = (0..<30).map { Notification.Fact("fact \($0)", String(repeating: ">", count: 5000)) }
            $0.links = [Notification.Link("x", "https://a/|b"), Notification.Link("y", "https://a b")]
        }
        let blocks = SlackTemplate.request(long).json["blocks"]?.arrayValue ?? []
        for block in blocks {
            #expect((block["text"]?["text"]?.stringValue?.unicodeScalars.count ?? 0) <= 3000)
            #expect((block["fields"]?.arrayValue?.count ?? 0) <= 10)
            for field in block["fields"]?.arrayValue ?? [] { #expect((field["text"]?.stringValue?.unicodeScalars.count ?? 0) <= 2000) }
        }
        #expect(blocks.last?["elements"]?.arrayValue?.count == 1, "a URL that would end its link too soon is left out")
    }

    // MARK: A template of one's own

    @Test func placeholdersAreEscaped() throws {
        let template = try CustomTemplate(#"{"message": "${title}: ${text}", "n": 1, "key": "${key}", "is": ["${state}", "${severity}"]}"#)
        let hostile = Notification.sample.with { $0.title = "a\"b\\c\n\u{1}${key}" }
        let json = template.request(hostile).json
        #expect(json["message"]?.stringValue?.hasPrefix("a\"b\\c\n\u{1}${key}: checkout") == true)
        #expect(json["key"] == "plimsoll/main/shop/checkout-availability/freeze")
        #expect(json["is"] == ["firing", "page"])
    }

    @Test(arguments: [
        ("{\"a\": \"${titel}\"}", "unknown placeholder \"${titel}\""), ("{\"a\": \"${title\"", "no \"}\" closes"),
        ("{\"a\": ${title}}", "inside a string"), ("plain", "is no JSON"), ("{\"a\": \"${\"}", "unknown placeholder \"${\""),
    ]) func bodiesThatCannotBe(body: String, why: String) {
        let error = #expect(throws: NotifyFailure.self) { try CustomTemplate(body) }
        #expect(error?.message.contains(why) == true, "\(error?.message ?? "")")
    }

    // MARK: Alertmanager

    @Test func alertmanagerHoldsAnAlertForAWhile() {
        let now = Instant(seconds: 1_785_000_600)
        let request = AlertmanagerTemplate.request([.sample, .sample.resolved], now: now, lifetime: .minutes(5))
        #expect(request.method == "POST" && request.path == "/api/v2/alerts" && request.isIdempotent)
        let alert = request.json[0]
        #expect(
            alert?["labels"] == [
                "alertname": "PlimsollErrorBudgetPolicy", "namespace": "shop", "plimsoll_instance": "main", "plimsoll_namespace": "shop",
                "plimsoll_policy": "freeze", "plimsoll_slo": "checkout-availability", "service": "checkout", "severity": "page", "team": "shop",
            ])
        #expect(alert?["annotations"]?["runbook_url"] == "https://runbooks.example.com/checkout")
        #expect(alert?["startsAt"] == "2026-07-25T17:20:00Z")
        #expect(alert?["endsAt"] == "2026-07-25T17:35:00Z")
        #expect(request.json[1]?["labels"] == alert?["labels"], "the end has the labels of the begin")
        #expect(request.json[1]?["endsAt"] == "2026-07-25T17:30:00Z")
        let early = AlertmanagerTemplate.request([.sample.resolved], now: .epoch, lifetime: .minutes(5)).json
        #expect(early[0]?["endsAt"] == early[0]?["startsAt"], "a clock that went back ends nothing before its begin")
    }
}
