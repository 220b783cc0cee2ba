import Rollouts
import Testing
import Values

@Suite struct AnalysisTemplateTests {
    private static let context = AnalysisTemplate.Context(
        namespace: "shop", account: "guard", arguments: ["service": "checkout"], stableHash: "s1", latestHash: "l2")

    private static func template(_ metrics: String, args: String = #"[{"name": "service"}]"#, more: String = "") throws -> AnalysisTemplate {
        let text = #"{"kind": "AnalysisTemplate", "metadata": {"name": "t"}, "spec": {"args": \#(args), "metrics": \#(metrics)\#(more)}}"#
        return AnalysisTemplate(try JSON(parsing: text), context)
    }

    private static func metric(_ fields: String, provider: String = #"{"prometheus": {"query": "up"}}"#) -> String {
        #"[{"name": "m", \#(fields.isEmpty ? "" : fields + ",") "provider": \#(provider)}]"#
    }

    @Test func aWholeTemplate() throws {
        let read = try Self.template(
            """
            [{"name": "success-rate", "interval": "5m", "initialDelay": "30s", "count": "10", "failureLimit": 3, "inconclusiveLimit": "2",
              "consecutiveErrorLimit": 5, "successCondition": "len(result) == 0 || isNaN(result[0]) || result[0] >= 0.95",
              "provider": {"prometheus": {"address": "http://prometheus:9090", "timeout": 40,
               "query": "sum(rate(http_requests_total{service=\\"{{args.service}}\\",hash=\\"{{ args.latest }}\\"}[5m]))"}}},
             {"name": "approved", "failureCondition": "result != true", "successCondition": "result == true",
              "provider": {"web": {"url": "http://board.shop.svc.cluster.local:8080/ok?s={{args.service}}", "jsonPath": "{.approved}", "timeoutSeconds": 20}}},
             {"name": "smoke", "provider": {"job": {"spec": {"backoffLimit": 1, "template": {"spec": {"containers":
               [{"name": "a", "args": ["{{args.service}}"]}]}}}}}}]
            """,
            args: #"[{"name": "service"}, {"name": "latest", "valueFrom": {"podTemplateHashValue": "Latest"}}, {"name": "unused", "value": "x"}]"#,
            more: #", "dryRun": [{"metricName": "appr.*"}]"#)
        #expect(!read.isRefused, "\(read.findings)")
        try #require(read.metrics.count == 3)
        let rate = read.metrics[0]
        #expect(rate.metric.interval == .minutes(5) && rate.metric.initialDelay == .seconds(30) && rate.metric.count == 10)
        #expect(rate.metric.failureLimit == 3 && rate.metric.inconclusiveLimit == 2 && rate.metric.consecutiveErrorLimit == 5)
        #expect(rate.metric.success?.text.hasPrefix("len(result) == 0") == true && rate.metric.failure == nil && !rate.metric.isDryRun)
        let query = #"sum(rate(http_requests_total{service="checkout",hash="l2"}[5m]))"#
        #expect(rate.provider == .prometheus(query: query, timeout: .seconds(40)))
        guard case .web(let web) = read.metrics[1].provider, case .job(let job) = read.metrics[2].provider else {
            Issue.record("\(read.metrics)")
            return
        }
        #expect(web.target == .service("board", port: "8080") && web.path == "/ok?s=checkout" && web.jsonPath.text == "{.approved}")
        #expect(web.timeout == .seconds(20) && web.method == "GET" && read.metrics[1].metric.isDryRun)
        #expect(job["spec"]?["template"]?["spec"]?["containers"]?[0]?["args"]?[0] == "checkout" && read.metrics[2].metric.count == nil)
        #expect(read.findings.map(\.severity) == [.differs], "the address: \(read.findings)")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var metrics: String
        var path: FieldPath
        var args = #"[{"name": "service"}]"#
        var more = ""
    }

    private static let good = #""successCondition": "result[0] > 0""#

    static let refusals: [Refusal] = [
        Refusal(testDescription: "no condition always passes", metrics: metric(""), path: "spec.metrics[0].successCondition"),
        Refusal(
            testDescription: "count 1, failureLimit 1 can never fail", metrics: metric(good + #", "count": 1, "failureLimit": 1"#),
            path: "spec.metrics[0].failureLimit"),
        Refusal(
            testDescription: "a Job too",
            metrics: metric(#""count": 1, "failureLimit": 1"#, provider: #"{"job": {"spec": {"template": {"spec": {"containers": [{}]}}}}}"#),
            path: "spec.metrics[0].failureLimit"),
        Refusal(
            testDescription: "failureLimit -1", metrics: metric(good + #", "interval": "1m", "count": 3, "failureLimit": -1"#),
            path: "spec.metrics[0].failureLimit"),
        Refusal(testDescription: "several without an interval", metrics: metric(good + #", "count": 3"#), path: "spec.metrics[0].interval"),
        Refusal(testDescription: "a span with a fraction", metrics: metric(good + #", "interval": "1.5m""#), path: "spec.metrics[0].interval"),
        Refusal(testDescription: "no number", metrics: metric(good + #", "count": "many""#), path: "spec.metrics[0].count"),
        Refusal(
            testDescription: "a condition beyond the subset", metrics: metric(#""successCondition": "result matches 'x'""#),
            path: "spec.metrics[0].successCondition"),
        Refusal(
            testDescription: "an argument without a value", metrics: metric(good, provider: #"{"prometheus": {"query": "up{a='{{args.x}}'}"}}"#),
            path: "spec.metrics[0].provider.prometheus.query", args: #"[{"name": "service"}, {"name": "x"}]"#),
        Refusal(
            testDescription: "a secret", metrics: metric(good, provider: #"{"prometheus": {"query": "up{a='{{args.x}}'}"}}"#),
            path: "spec.metrics[0].provider.prometheus.query",
            args: #"[{"name": "service"}, {"name": "x", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]"#),
        Refusal(
            testDescription: "nobody's argument", metrics: metric(good, provider: #"{"prometheus": {"query": "{{args.nobody}}"}}"#),
            path: "spec.metrics[0].provider.prometheus.query"),
        Refusal(testDescription: "an argument that is not asked for", metrics: metric(good), path: "args", args: "[]"),
        Refusal(
            testDescription: "another provider", metrics: metric(good, provider: #"{"datadog": {"query": "x"}}"#),
            path: "spec.metrics[0].provider.datadog"),
        Refusal(testDescription: "no provider", metrics: metric(good, provider: "{}"), path: "spec.metrics[0].provider"),
        Refusal(
            testDescription: "a range query", metrics: metric(good, provider: #"{"prometheus": {"query": "up", "rangeQuery": {"step": "1m"}}}"#),
            path: "spec.metrics[0].provider.prometheus.rangeQuery"),
        Refusal(
            testDescription: "the world outside", metrics: metric(good, provider: #"{"web": {"url": "http://example.org/"}}"#),
            path: "spec.metrics[0].provider.web.url"),
        Refusal(
            testDescription: "another namespace", metrics: metric(good, provider: #"{"web": {"url": "http://a.kube-system.svc/"}}"#),
            path: "spec.metrics[0].provider.web.url"),
        Refusal(
            testDescription: "a user in the URL", metrics: metric(good, provider: #"{"web": {"url": "http://a.shop:1@example.org/"}}"#),
            path: "spec.metrics[0].provider.web.url"),
        Refusal(
            testDescription: "headers", metrics: metric(good, provider: #"{"web": {"url": "http://a.shop/", "headers": [{"key": "a"}]}}"#),
            path: "spec.metrics[0].provider.web.headers"),
        Refusal(
            testDescription: "a Job as another account",
            metrics: metric("", provider: #"{"job": {"spec": {"template": {"spec": {"serviceAccountName": "x", "containers": [{}]}}}}}"#)
                .replacing(#""m", ,"#, with: #""m","#), path: "spec.metrics[0].provider.job.spec.template.spec.serviceAccountName"),
        Refusal(testDescription: "templates", metrics: metric(good), path: "spec.templates", more: #", "templates": [{"templateName": "x"}]"#),
        Refusal(testDescription: "all dry", metrics: metric(good), path: "spec.dryRun", more: #", "dryRun": [{"metricName": ".*"}]"#),
        Refusal(testDescription: "no metric", metrics: "[]", path: "spec.metrics"),
        Refusal(
            testDescription: "the same name twice",
            metrics: "[\(metric(good).dropFirst().dropLast()), \(metric(good).dropFirst().dropLast())]", path: "spec.metrics[1].name"),
    ]

    @Test(arguments: refusals) func whatCanNotBeTakenIsRefusedByName(_ one: Refusal) throws {
        let read = try Self.template(one.metrics, args: one.args, more: one.more)
        #expect(read.findings.filter { $0.severity == .refused }.map(\.problem.path) == [one.path], "\(read.findings)")
    }

    static let notes: [(fields: String, AnalysisTemplate.Finding.Severity, path: FieldPath)] = [
        (#""successCondition": "default(result, 1) > 0""#, .trap, "spec.metrics[0].successCondition"),
        (#""failureCondition": "default(result, 1) > 5""#, .differs, "spec.metrics[0].failureCondition"),
        (#""successCondition": "isNaN(result[0]) || result[0] > 5""#, .differs, "spec.metrics[0]"),
        (#""successCondition": "len(result) == 0 || isNaN(result[0]) || result[0] > 5", "interval": "1m""#, .trap, "spec.metrics[0].count"),
    ]

    @Test(arguments: notes.indices) func trapsAreTold(_ index: Int) throws {
        let read = try Self.template(Self.metric(Self.notes[index].fields))
        #expect(read.metrics.count == 1 && !read.isRefused)
        #expect(
            read.findings.map(\.severity) == [Self.notes[index].1] && read.findings.map(\.problem.path) == [Self.notes[index].path],
            "\(read.findings)")
    }

    @Test func nothingIsNoTemplate() {
        #expect(AnalysisTemplate([:], Self.context).isRefused)
        #expect(AnalysisTemplate(["spec": ["metrics": "x"]], Self.context).isRefused)
    }
}
