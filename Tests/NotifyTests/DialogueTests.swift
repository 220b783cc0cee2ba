import Testing
import Values

@testable import Notify

/// Jira and Statuspage know of no keys to tell repeated messages by: what was done is looked for before anything is done.
struct DialogueTests {
    private static let settings = JiraTemplate.Settings(project: "OPS", labels: ["slo"])
    private var label: String { "plimsoll-\(Notification.sample.identity.digest)" }

    private func issue(_ key: String, _ labels: [String], _ category: String = "new") -> JSON {
        ["key": .string(key), "fields": ["labels": .array(labels.map { .string($0) }), "status": ["statusCategory": ["key": .string(category)]]]]
    }

    private let none = NotifyAnswer.json(["issues": []])

    // MARK: Jira

    @Test func opensAnIssueWhereNoneIsOpen() {
        let (requests, end) = hold(
            JiraTemplate(.sample, settings: Self.settings),
            ["POST /rest/api/3/search/jql": none, "POST /rest/api/2/issue": .json(["id": "10000", "key": "OPS-24"], 201)])
        #expect(end == .done(reference: "OPS-24"))
        #expect(requests.count == 2)
        #expect(
            requests[0].json["jql"]?.stringValue
                == "project = \"OPS\" AND labels = \"\(label)\" AND statusCategory != Done ORDER BY created DESC")
        let fields = requests[1].json["fields"]
        #expect(fields?["project"] == ["key": "OPS"] && fields?["issuetype"] == ["name": "Bug"])
        #expect(fields?["summary"] == "shop/checkout-availability: -12% of the error budget is left")
        #expect(fields?["labels"] == [.string(label), "plimsoll-began-1785000000", "slo"])
        #expect(fields?["description"]?.stringValue?.contains("412 of 18003") == true)
        #expect(!requests[1].isIdempotent)
    }

    @Test func aKillAfterTheIssueWasOpenedOpensNoOther() {
        let (requests, end) = hold(
            JiraTemplate(.sample, settings: Self.settings),
            ["POST /rest/api/3/search/jql": .json(["issues": [issue("OPS-24", [label, "plimsoll-began-1785000000"])]])])
        #expect(end == .done(reference: "OPS-24"))
        #expect(requests.count == 1)
    }

    @Test func anIssueStillOpenHearsOfTheNextOccurrenceOnce() {
        let (requests, end) = hold(
            JiraTemplate(.sample, settings: Self.settings),
            [
                "POST /rest/api/3/search/jql": .json(["issues": [issue("OPS-24", [label, "plimsoll-began-1"])]]),
                "PUT /rest/api/2/issue/OPS-24": NotifyAnswer(status: 204),
            ])
        #expect(end == .done(reference: "OPS-24"))
        let update = requests.last?.json["update"]
        #expect(update?["labels"] == [["add": "plimsoll-began-1785000000"]], "with the comment, in one edit")
        #expect(update?["comment"]?[0]?["add"]?["body"]?.stringValue?.contains("-12%") == true)
    }

    @Test func theEndIsACommentAndATransition() {
        var settings = Self.settings
        settings.resolveTransition = "done"
        let answers: [String: NotifyAnswer] = [
            "GET /rest/api/2/issue/OPS-24?fields=labels,status": .json(issue("OPS-24", [label])),
            "PUT /rest/api/2/issue/OPS-24": NotifyAnswer(status: 204),
            "GET /rest/api/2/issue/OPS-24/transitions": .json(["transitions": [["id": "11", "name": "Start"], ["id": "31", "name": "Done"]]]),
            "POST /rest/api/2/issue/OPS-24/transitions": NotifyAnswer(status: 204),
        ]
        let (requests, end) = hold(JiraTemplate(.sample.resolved, settings: settings, reference: "OPS-24"), answers)
        #expect(end == .done(reference: "OPS-24"))
        #expect(requests.map(\.method) == ["GET", "PUT", "GET", "POST"])
        #expect(requests[1].json["update"]?["labels"] == [["add": "plimsoll-ended-1785000000"]])
        #expect(requests[3].json == ["transition": ["id": "31"]])
        // Killed after the comment: no second one.
        var later = answers
        later["GET /rest/api/2/issue/OPS-24?fields=labels,status"] = .json(issue("OPS-24", [label, "plimsoll-ended-1785000000"]))
        let again = hold(JiraTemplate(.sample.resolved, settings: settings, reference: "OPS-24"), later)
        #expect(again.requests.map(\.method) == ["GET", "GET", "POST"] && again.end == .done(reference: "OPS-24"))
        // A transition that there is not is told with those that there are.
        settings.resolveTransition = "Close"
        guard case .failed(let failure) = hold(JiraTemplate(.sample.resolved, settings: settings, reference: "OPS-24"), answers).end else {
            Issue.record("no failure")
            return
        }
        #expect(failure.isFinal && failure.message.contains(#""Close""#) && failure.message.contains(#""Start", "Done""#))
    }

    @Test func whatPeopleClosedOrDeletedStaysSo() {
        let closed = hold(
            JiraTemplate(.sample.resolved, settings: Self.settings, reference: "OPS-24"),
            ["GET /rest/api/2/issue/OPS-24?fields=labels,status": .json(issue("OPS-24", [label], "done"))])
        #expect(closed.end == .done(reference: "OPS-24") && closed.requests.count == 1)
        let deleted = hold(
            JiraTemplate(.sample.resolved, settings: Self.settings, reference: "OPS-24"),
            ["GET /rest/api/2/issue/OPS-24?fields=labels,status": NotifyAnswer(status: 404), "POST /rest/api/3/search/jql": none])
        #expect(deleted.end == .done(reference: ""))
    }

    @Test func aDataCenterIsSearchedByItsOwnAPI() {
        var settings = Self.settings
        settings.deployment = .dataCenter
        #expect(hold(JiraTemplate(.sample.resolved, settings: settings), ["POST /rest/api/2/search": none]).end == .done(reference: ""))
    }

    @Test(arguments: ["OPS-1", "A1_B-99"]) func keys(text: String) { #expect(JiraTemplate.isKey(text)) }
    @Test(arguments: ["", "OPS", "OPS-", "-1", "1-1", "OPS-1/../2", "OPS-1?x", "OPS-1-2", "ÄPS-1"]) func noKeys(text: String) {
        #expect(!JiraTemplate.isKey(text))
    }

    @Test func wikiNotationIsPlain() { #expect(JiraTemplate.plain("{code} [x|y] !z! \\ a-b") == "\\{code} \\[x\\|y] \\!z\\! \\\\ a-b") }

    // MARK: Statuspage

    private static let page = StatuspageTemplate.Settings(pageID: "p1", componentIDs: ["c1"])
    private func incident(_ since: String, key: String = "plimsoll/main/shop/checkout-availability/freeze") -> JSON {
        ["id": "i1", "metadata": ["plimsoll": ["key": .string(key), "since": .string(since)]]]
    }

    @Test func makesAnIncidentOnce() {
        let list = "GET /v1/pages/p1/incidents/unresolved?per_page=100"
        let (requests, end) = hold(
            StatuspageTemplate(.sample, settings: Self.page),
            [list: .json([incident("x", key: "other")]), "POST /v1/pages/p1/incidents": .json(["id": "i9"], 201)])
        #expect(end == .done(reference: "i9"))
        let made = requests.last?.json["incident"]
        #expect(made?["status"] == "investigating" && made?["impact_override"] == "major")
        #expect(made?["name"] == "shop/checkout-availability: -12% of the error budget is left")
        #expect(made?["components"] == ["c1": "degraded_performance"] && made?["component_ids"] == ["c1"])
        #expect(made?["metadata"]?["plimsoll"]?["since"] == "2026-07-25T17:20:00Z")
        let again = hold(StatuspageTemplate(.sample, settings: Self.page), [list: .json([incident("2026-07-25T17:20:00Z")])])
        #expect(again.end == .done(reference: "i1") && again.requests.count == 1)
        let next = hold(
            StatuspageTemplate(.sample, settings: Self.page),
            [list: .json([incident("2026-01-01T00:00:00Z")]), "PATCH /v1/pages/p1/incidents/i1": .json([:])])
        #expect(next.end == .done(reference: "i1"))
    }

    @Test func resolvesTheIncidentThatItMade() {
        let list = "GET /v1/pages/p1/incidents/unresolved?per_page=100"
        let (requests, end) = hold(
            StatuspageTemplate(.sample.resolved, settings: Self.page),
            [list: .json([incident("2026-07-25T17:20:00Z")]), "PATCH /v1/pages/p1/incidents/i1": .json([:])])
        #expect(end == .done(reference: "i1"))
        #expect(requests.last?.json["incident"]?["status"] == "resolved")
        #expect(requests.last?.json["incident"]?["components"] == ["c1": "operational"])
        #expect(hold(StatuspageTemplate(.sample.resolved, settings: Self.page), [list: .json([])]).end == .done(reference: ""))
    }

    @Test func aComponentStaysDegradedWhileAnotherIncidentLasts() {
        let list = "GET /v1/pages/p1/incidents/unresolved?per_page=100"
        let other: JSON = ["id": "i2", "metadata": ["plimsoll": ["key": "plimsoll/main/shop/other/freeze"]]]
        let foreign: JSON = ["id": "i3", "metadata": ["somebody": "else"]]
        for (others, components) in [([other], nil), ([foreign], ["c1": "operational"])] as [([JSON], JSON?)] {
            let (requests, end) = hold(
                StatuspageTemplate(.sample.resolved, settings: Self.page),
                [list: .json(.array(others + [incident("2026-07-25T17:20:00Z")])), "PATCH /v1/pages/p1/incidents/i1": .json([:])])
            #expect(end == .done(reference: "i1"))
            #expect(requests.last?.json["incident"]?["status"] == "resolved")
            #expect(requests.last?.json["incident"]?["components"] == components)
        }
    }

    @Test func idsGoIntoNoPathUnseen() {
        let hostile: JSON = ["id": "../../x", "metadata": ["plimsoll": ["key": "plimsoll/main/shop/checkout-availability/freeze"]]]
        let end = hold(
            StatuspageTemplate(.sample.resolved, settings: Self.page),
            ["GET /v1/pages/p1/incidents/unresolved?per_page=100": .json([hostile])]
        ).end
        guard case .failed = end else {
            Issue.record("\(end)")
            return
        }
    }

    // MARK: Statuses

    @Test(arguments: [
        (429, false), (420, false), (408, false), (500, false), (503, false), (400, true), (401, true), (404, true), (410, true), (301, true),
    ])
    func whatAStatusMeans(status: Int, isFinal: Bool) {
        var dialogue = SingleRequest(SlackTemplate.request(.sample))
        _ = dialogue.next(nil)
        let turn = dialogue.next(NotifyAnswer(status: status, body: Array("channel_is_archived".utf8), retryAfter: .seconds(7)))
        guard case .failed(let failure) = turn else {
            Issue.record("\(turn)")
            return
        }
        #expect(failure.isFinal == isFinal, "\(failure)")
        #expect(failure.message.contains("\(status)"))
        if status != 301 { #expect(failure.message.contains("channel_is_archived")) }
        if status == 429 { #expect(failure.retryAfter == .seconds(7)) }
    }

    @Test(arguments: [301, 302, 401, 403, 404]) func whatHasNothingToDoWithWhatIsTold(status: Int) {
        #expect(NotifyAnswer(status: status).failure.isFinal && NotifyAnswer(status: status).failure.concernsAll)
    }

    @Test(arguments: [400, 413, 422]) func whatMayBeForItsSake(status: Int) {
        #expect(NotifyAnswer(status: status).failure.isFinal && !NotifyAnswer(status: status).failure.concernsAll)
    }
}
