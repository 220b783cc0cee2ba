import KubeModel
import PlimsollAPI
import Testing
import Values

struct SLOSpecTests {
    @Test func wholeSample() throws {
        let slo = SLO(json: try SLOSamples.json(SLOSamples.whole))
        #expect(slo.problems == [])
        let spec = try #require(slo.spec)
        #expect(slo.key == ObjectKey(namespace: "shop", name: "checkout-availability"))
        #expect(spec.service == "checkout")
        #expect(spec.objective == Percentage("99.9%"))
        #expect(spec.errorBudget == ExactDecimal("0.001"))
        #expect(spec.window.rolling == .days(30))
        #expect(spec.indicator.ratio?.errorsSelector?.matchers.count == 2)
        #expect(spec.indicator.ratio?.totalSelector?.description == #"http_requests_total{job="checkout"}"#)
        #expect(spec.indicator.ratio?.goodSelector == nil)
        #expect(spec.identity.pod == "pod")
        #expect(spec.groupBy == ["region"])
        #expect(spec.alerting.tiers.map(\.name) == ["fast", "slow"])
        #expect(spec.alerting.page.labels == ["team": "shop"])
        #expect(spec.alerting.lowTraffic == .guarded)
        var again: [Problem] = []
        #expect(SLOSpec.decode(spec.json, at: "spec", problems: &again) == spec)
        #expect(again == [])
    }

    @Test func defaults() throws {
        let slo = SLO(json: try SLOSamples.json(SLOSamples.minimal))
        #expect(slo.problems == [])
        let spec = try #require(slo.spec)
        #expect(spec.source == "default")
        #expect(spec.alerting == SLOAlerting())
        #expect(spec.identity.pod.isEmpty)
        #expect(spec.indicator.latency?.selector?.metricName == "http_request_duration_seconds")
        #expect(spec.indicator.latency?.threshold == PromDuration(milliseconds: 500))
    }

    /// A change of the whole sample and what is said of it; nil is that all is well.
    static let changes: [(FieldPath, JSON?, String?)] = [
        ("service", nil, "spec.service: is required: The service that the objective is about; a label of its alerts."),
        ("service", "", nil),
        ("objective", 99.9, #"spec.objective: expected a string like "99.9%" (got 99.9)"#),
        ("objective", "99.9", #"spec.objective: expected a percentage above 0% and below 100%, like "99.9%" (got "99.9")"#),
        ("objective", "100%", #"spec.objective: expected a percentage above 0% and below 100%, like "99.9%" (got "100%")"#),
        ("objective", "0%", #"spec.objective: expected a percentage above 0% and below 100%, like "99.9%" (got "0%")"#),
        ("objectve", "99%", #"spec.objectve: is no field of this object; did you mean "objective"?"#),
        ("window", [:], "spec.window: give exactly one of rolling, calendar; none is given"),
        ("window", nil, "spec.window: is required: The time over which the error budget is counted; exactly one of its fields."),
        ("window.rolling", "59m", #"spec.window.rolling: expected a duration from 1h to 400d, like "30d" (got "59m")"#),
        ("window.rolling", "401d", #"spec.window.rolling: expected a duration from 1h to 400d, like "30d" (got "401d")"#),
        ("window", ["calendar": ["unit": "Month", "timeZone": "Europe/Oslo"]], nil),
        ("window", ["calendar": ["unit": "Week"]], nil),
        (
            "window", ["calendar": ["unit": "Decade"]],
            #"spec.window.calendar.unit: expected one of "Week", "Month", "Quarter", "Year" (got "Decade")"#
        ),
        (
            "window", ["calendar": ["unit": "Month", "timeZone": "Europe/Olso"]],
            "spec.window.calendar.timeZone: is no time zone known here: unknown: /usr/share/zoneinfo/Europe/Olso can't be read; use an IANA name such "
                + #"as Europe/Oslo (upper and lower case matter), or UTC (got "Europe/Olso")"#
        ),
        (
            "window", ["rolling": "30d", "calendar": ["unit": "Month"]],
            "spec.window: give exactly one of rolling, calendar; rolling and calendar are given"
        ),
        ("indicator", [:], "spec.indicator: give exactly one of ratio, latency, gauge, slices, composite; none is given"),
        ("indicator", ["gauge": ["metric": "probe_success"]], nil),
        ("indicator", ["slices": ["query": "max(lcp)", "comparison": "AtMost", "threshold": "-2.5", "length": "5m"]], nil),
        (
            "indicator", ["slices": ["query": "max(lcp", "comparison": "AtMost", "threshold": "2.5", "length": "5m"]],
            #"spec.indicator.slices.query: is no PromQL: it has a ( that nothing closes (got "max(lcp")"#
        ),
        (
            "indicator", ["slices": ["query": "max(lcp)", "comparison": "AtMost", "threshold": "2.5s", "length": "5m"]],
            #"spec.indicator.slices.threshold: expected a decimal number, like "2.5" (got "2.5s")"#
        ),
        (
            "indicator", ["slices": ["query": "rate(x[$window])", "comparison": "AtMost", "threshold": "2", "length": "5m"]],
            #"spec.indicator.slices.query: has the placeholder $window, which only spec.indicator.ratio knows (got "rate(x[$window])")"#
        ),
        ("indicator", ["composite": ["method": "Worst", "members": [["name": "a"], ["name": "a", "namespace": "x"]]]], nil),
        (
            "indicator", ["composite": ["method": "Best", "members": [["name": "a"]]]],
            #"spec.indicator.composite.method: expected "Worst" (got "Best")"#
        ),
        (
            "indicator", ["composite": ["method": "Worst", "members": []]],
            "spec.indicator.composite.members: has 0 items; at least 1 are needed"
        ),
        (
            "indicator", ["composite": ["method": "Worst", "members": .array(Array(repeating: ["name": "a"], count: 33))]],
            "spec.indicator.composite.members: has 33 items; at most 32 are accepted"
        ),
        (
            "indicator", ["composite": ["method": "Worst", "members": [["name": "a"], ["name": "b"], ["name": "a"]]]],
            #"spec.indicator.composite.members[2]: is given already at members[0]; each member must be a different SLO (got "a")"#
        ),
        (
            "indicator", ["composite": ["method": "Worst", "members": [["name": "A"]]]],
            #"spec.indicator.composite.members[0].name: expected a name of lower-case letters, digits, '-' and '.', like "checkout-availability" (got "A")"#
        ),
        ("indicator.ratio.good", #"http_requests_total{code="200"}"#, "spec.indicator.ratio.errors: give exactly one of errors and good"),
        ("indicator.ratio.errors", nil, "spec.indicator.ratio.errors: give exactly one of errors and good"),
        (
            "indicator.ratio.errors", #"{__name__="http_requests_total",job='checkout'}"#,
            "spec.indicator.ratio.errors: selects the same series as total, so that every event would be an error"
        ),
        (
            "indicator.ratio", ["good": "up", "total": "up"],
            "spec.indicator.ratio.good: selects the same series as total, so that no event could ever be an error"
        ),
        (
            "indicator.ratio.total", "sum(rate(http_requests_total[$window]))",
            "spec.indicator.ratio.errors: must all be plain selectors, or all PromQL with the placeholder $window"
        ),
        ("indicator.ratio", ["errors": "sum(rate(e[$window]))", "total": "sum(rate(t[$window]))"], nil),
        (
            "indicator.ratio", ["errors": "sum(rate(t[$window]))", "total": "sum(rate(t[$window]))"],
            "spec.indicator.ratio.errors: selects the same series as total, so that every event would be an error"
        ),
        (
            "indicator.ratio", ["errors": "rate(e[$window])) or (up", "total": "rate(t[$window])"],
            #"spec.indicator.ratio.errors: is no PromQL: it has a ) that closes nothing (got "rate(e[$window])) or (up")"#
        ),
        (
            "indicator.ratio", ["errors": "rate(e[$window])\u{301}))\u{301} or ((up", "total": "rate(t[$window])"],
            "spec.indicator.ratio.errors: is no PromQL: it has a ) that closes nothing (got \"rate(e[$window])\u{301}))\u{301} or ((up\")"
        ),
        (
            "indicator.ratio.total", #"http_requests_total{job="a}"#,
            #"spec.indicator.ratio.total: is no plain selector, like http_requests_total{job="checkout"}: the string that begins here has no end at offset 24 "#
                + #"(got "http_requests_total{job=\"a}")"#
        ),
        (
            "indicator.ratio", ["errors": "e", "total": "sum(rate(x[5m]))"],
            "spec.indicator.ratio.total: is no plain selector, like http_requests_total{job=\"checkout\"}: expected a selector, found the function or "
                + "operator sum at offset 3; for PromQL write [$window] for the range, like sum(rate(x[$window])) (got \"sum(rate(x[5m]))\")"
        ),
        (
            "indicator", ["gauge": ["metric": "(up == 1)"]],
            "spec.indicator.gauge.metric: is no plain selector, like probe_success{job=\"blackbox\"}: expected a metric's name, found '(' at offset 0; "
                + "use spec.indicator.slices, which takes any PromQL, or record it first and name the record (got \"(up == 1)\")"
        ),
        (
            "indicator", ["latency": ["histogram": #"h_bucket{a="b"}"#, "threshold": "1s"]],
            #"spec.indicator.latency.histogram: names the histogram's _bucket series; give its base name: h{a="b"} (got "h_bucket{a=\"b\"}")"#
        ),
        (
            "indicator", ["latency": ["histogram": #"h{le="0.5"}"#, "threshold": "1s"]],
            #"spec.indicator.latency.histogram: must not match le: Plimsoll sets it from threshold (got "h{le=\"0.5\"}")"#
        ),
        ("indicator", ["latency": ["histogram": "h", "threshold": "300ms", "type": "Native"]], nil),
        (
            "indicator", ["latency": ["histogram": "h", "threshold": "300ms", "type": "native"]],
            #"spec.indicator.latency.type: expected one of "Auto", "Classic", "Native" (got "native")"#
        ),
        (
            "indicator", ["latency": ["histogram": "h", "threshold": "0s"]],
            #"spec.indicator.latency.threshold: expected a duration from 1ms to 1d, like "500ms" (got "0s")"#
        ),
        (
            "identity", ["pod": "pod-name"],
            #"spec.identity.pod: expected a Prometheus label name (letters, digits, '_'), like "pod" (got "pod-name")"#
        ),
        ("groupBy", ["a", "b", "c", "d", "e", "f", "g", "h"], nil),
        ("groupBy", ["a", "b", "c", "d", "e", "f", "g", "h", "i"], "spec.groupBy: has 9 items; at most 8 are accepted"),
        (
            "groupBy", ["le"],
            #"spec.groupBy[0]: le, alertname, namespace, severity and names that begin with __ or plimsoll_ are Plimsoll's own (got "le")"#
        ),
        (
            "groupBy", ["region", "plimsoll_slo"],
            #"spec.groupBy[1]: le, alertname, namespace, severity and names that begin with __ or plimsoll_ are Plimsoll's own (got "plimsoll_slo")"#
        ),
        ("groupBy", ["a", "a"], #"spec.groupBy[1]: is given already at spec.groupBy[0]; each must be different (got "a")"#),
        ("alerting.tiers[0].short", "1h", "spec.alerting.tiers[0].short: must be shorter than long"),
        ("alerting.tiers[0].long", "30d1h", #"spec.alerting.tiers[0].long: must not exceed the SLO's own window, 30d (got "30d1h")"#),
        (
            "alerting.tiers[0].burnRate", "0x",
            #"spec.alerting.tiers[0].burnRate: expected a factor above 0x and below 10000x, like "14.4x" (got "0x")"#
        ),
        ("alerting.tiers[0].burnRate", 14.4, #"spec.alerting.tiers[0].burnRate: expected a string like "14.4x" (got 14.4)"#),
        ("alerting.tiers[0].burnRate", "999.999x", nil),
        (
            "alerting.tiers[0].burnRate", "1000x",
            "spec.alerting.tiers[0].burnRate: can never fire at an objective of 99.9%, where the budget burns more slowly even if every event fails; "
                + #"at most 999.999x would do (got "1000x")"#
        ),
        ("alerting.tiers[0].severity", "Page", #"spec.alerting.tiers[0].severity: expected one of "page", "ticket" (got "Page")"#),
        (
            "alerting.tiers[1].name", "fast",
            #"spec.alerting.tiers[1].name: is given already at spec.alerting.tiers[0].name; each must be different (got "fast")"#
        ),
        ("alerting.lowTraffic", "guarded", #"spec.alerting.lowTraffic: expected one of "Guarded", "Off" (got "guarded")"#),
        ("alerting.shadow", true, nil),
        (
            "alerting.page.labels", ["severity": "critical"],
            "spec.alerting.page.labels.severity: alertname, namespace, severity and names that begin with __ or plimsoll_ are Plimsoll's own"
        ),
        (
            "alerting.ticket.labels", ["team-name": "x"],
            #"spec.alerting.ticket.labels.team-name: each key must be a Prometheus label name (letters, digits, '_'), of at most 63 characters (got "team-name")"#
        ),
        (
            "alerting.page.annotations", ["summary": "{{ $value }}"],
            "spec.alerting.page.annotations.summary: is taken literally; templates ({{ ... }}) are not supported by this version of Plimsoll "
                + #"(got "{{ $value }}")"#
        ),
        ("alerting.page.labels", ["team": true], #"spec.alerting.page.labels.team: expected a string like "shop" (got true)"#),
        ("exclusions", [["name": "a", "schedule": "0 2 * * 0", "duration": "2h"]], nil),
        (
            "exclusions", [["name": "a", "schedule": "0 2 * *", "duration": "2h"]],
            #"spec.exclusions[0].schedule: has 4 fields; use five (minute, hour, day of month, month, day of week), such as "0 3 * * 1-5", or @daily "#
                + #"(got "0 2 * *")"#
        ),
        (
            "exclusions", [["name": "a", "schedule": "@daily", "duration": "8d"]],
            #"spec.exclusions[0].duration: expected a duration from 1m to 1w, like "2h" (got "8d")"#
        ),
        (
            "exclusions", [["name": "a", "schedule": "*/30 * * * *", "duration": "30m"]],
            "spec.exclusions[0].duration: reaches the next beginning of its own schedule; give a shorter one, or a schedule that begins less often "
                + #"(got "30m")"#
        ),
        (
            "exclusions", [["name": "a", "schedule": "@daily", "duration": "1h", "timeZone": "CEST"]],
            "spec.exclusions[0].timeZone: is no time zone known here: unknown: /usr/share/zoneinfo/CEST can't be read; use an IANA name such as "
                + #"Europe/Oslo (upper and lower case matter), or UTC (got "CEST")"#
        ),
        (
            "policy", [["name": "a", "remainingBelow": "0%", "actions": ["FreezeRollouts", "Notify"], "notifiers": ["oncall", "chat"]]], nil
        ),
        (
            "policy", [["name": "a", "remainingBelow": "0%", "actions": ["FreezeRollouts"], "notifiers": ["oncall"]]],
            "spec.policy[0].notifiers: belongs to the action Notify; add it to actions, or remove notifiers"
        ),
        (
            "policy", [["name": "a", "remainingBelow": "0%", "actions": ["Notify"], "notifiers": ["b", "b"]]],
            #"spec.policy[0].notifiers[1]: is given already at spec.policy[0].notifiers[0]; each must be different (got "b")"#
        ),
        (
            "policy", [["name": "a", "remainingBelow": "0%", "actions": ["Notify"], "notifiers": ["On call"]]],
            #"spec.policy[0].notifiers[0]: expected a name of lower-case letters, digits and '-', like "oncall" (got "On call")"#
        ),
        ("policy", [["name": "a", "remainingBelow": "100%", "actions": ["FreezeRollouts"]]], nil),
        (
            "policy", [["name": "a", "remainingBelow": "101%", "actions": ["FreezeRollouts"]]],
            #"spec.policy[0].remainingBelow: expected a percentage from 0% to 100%, like "25%" (got "101%")"#
        ),
        (
            "policy", [["name": "a", "remainingBelow": "5%", "actions": []]],
            "spec.policy[0].actions: must not be empty; give FreezeRollouts, Notify or both"
        ),
        ("sharedWith", ["ai"], nil),
        ("sharedWith", ["*"], #"spec.sharedWith[0]: expected a name of lower-case letters, digits and '-', like "shop" (got "*")"#),
        ("sharedWith", [], nil),
        ("source", "Default", #"spec.source: expected a name of lower-case letters, digits and '-', like "default" (got "Default")"#),
        ("description", nil, nil),
        ("alerting", nil, nil),
    ]

    @Test(arguments: changes)
    func oneProblemEach(path: FieldPath, value: JSON?, expected: String?) throws {
        let problems = SLOSamples.problems(try SLOSamples.spec(path, value))
        if path == "service", value == "" {
            #expect(problems == [#"spec.service: expected a name of letters, digits, '-', '_' and '.', like "checkout" (got "")"#])
        } else {
            #expect(problems == (expected.map { [$0] } ?? []))
        }
    }

    @Test func allProblemsAtOnce() throws {
        let spec = try JSON(
            parsing: """
                {"objective":"101%","window":{"rolling":"1m"},"indicator":{"ratio":{"errors":"a[5m]"}},"groupBy":["le"],"alerting":{"tiers":[{}]},"polcy":[]}
                """)
        #expect(
            SLOSamples.problems(spec).map { $0.prefix(while: { $0 != ":" }) } == [
                "spec.polcy", "spec.service", "spec.objective", "spec.window.rolling", "spec.indicator.ratio.errors", "spec.indicator.ratio.total",
                "spec.groupBy[0]", "spec.alerting.tiers[0].name", "spec.alerting.tiers[0].severity", "spec.alerting.tiers[0].long",
                "spec.alerting.tiers[0].short", "spec.alerting.tiers[0].burnRate",
            ])
    }

    @Test(arguments: 1...30)
    func nothingTraps(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values: [JSON] = [
            nil, true, 1, 99.9, "", "99.9%", "5m", "14.4x", "up{", [], [nil], ["a"], [:], ["name": 1], ["ratio": ["total": []]], [["name": "x"]],
        ]
        let paths: [FieldPath] = [
            "", "objective", "window", "window.rolling", "indicator", "indicator.ratio", "indicator.ratio.errors", "indicator.latency", "groupBy",
            "identity",
            "alerting", "alerting.tiers", "alerting.tiers[0]", "alerting.tiers[0].long", "alerting.page", "alerting.page.labels",
            "alerting.page.labels.team",
            "policy", "exclusions", "sharedWith", "source", "x",
        ]
        for _ in 0..<100 {
            let path = paths.randomElement(using: &random) ?? .root
            let spec = try SLOSamples.spec(path, values.randomElement(using: &random))
            let slo = SLO(json: ["metadata": ["name": "a"], "spec": spec])
            #expect((slo.spec == nil) == !slo.problems.isEmpty, "seed \(seed), \(path)")
        }
    }
}

extension JSON: ExpressibleByFloatLiteral {
    package init(floatLiteral value: Double) { self = .number("\(value)") }
}
