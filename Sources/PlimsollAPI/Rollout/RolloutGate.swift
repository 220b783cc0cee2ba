package import Values

/// One thing that must hold of a release: a name, and exactly one way to judge.
package struct RolloutGate: Fielded, Hashable {
    package var name = ""
    /// Nil: the analysis's own.
    package var onBreach: RolloutBreachResponse?
    package var slo: SLOReference?
    package var compare: CompareGate?
    package var query: QueryGate?
    package var health: PodHealthGate?

    package init() {}
    package init(name: String, health: PodHealthGate) {
        self.name = name
        self.health = health
    }

    private static let kinds = ["slo", "compare", "query", "health", "job", "http", "analysisTemplate"]

    package static let fields: [Field<RolloutGate>] = [
        .required("name", \.name, "The gate's name.", .text(min: 1, max: 63, .dnsLabel, example: "errors")),
        .optional("onBreach", \.onBreach, "What is done when it calls a release bad, in place of the analysis's own.", .word()),
        .optional(
            "slo", \.slo, "The new version against the stable one, by the selectors and the pod label of an SLO of the namespace.", .object()),
        .optional("compare", \.compare, "The new version against the stable one, by counters of errors or a histogram.", .object()),
        .optional("query", \.query, "PromQL with conditions and limits, as Argo Rollouts has them.", .object()),
        .optional("health", \.health, "Restarts, crash loops and pods that don't get Ready; needs no Prometheus.", .object()),
        .unsupported(
            "job", "A Job that succeeds or fails.",
            FieldType<JSON>.record([.init("template", "The Job's template.", FieldType<JSON>.opaque)]), instead: instead),
        .unsupported(
            "http", "A value that an HTTP source answers with.",
            FieldType<JSON>.record([
                .init("source", "The source, by its name in the daemon's configuration.", .text(max: 63, example: "change-board")),
                .init("path", "The path to ask for.", .text(max: 1024, example: "/approved")),
                .init("jsonPath", "What of the answer is judged.", .text(max: 1024, example: "{.approved}")),
            ]), instead: instead),
        .unsupported(
            "analysisTemplate", "An AnalysisTemplate of Argo Rollouts.",
            FieldType<JSON>.record([.init("name", "The template's name.", .text(max: 253, example: "success-rate"))]), instead: instead),
    ]

    private static let instead = "give slo, compare, query or health"

    package static let rules: [FieldRule<RolloutGate>] = [
        FieldRule(
            kinds, cel: "[\(kinds.map { "has(self.\($0))" }.joined(separator: ", "))].filter(given, given).size() == 1",
            message: "give exactly one of \(kinds.joined(separator: ", "))"
        ) { gate, path in
            let given = [gate.slo != nil, gate.compare != nil, gate.query != nil, gate.health != nil].count { $0 }
            return given == 1 ? [] : [Problem(path, "give exactly one of \(kinds.joined(separator: ", "))")]
        }
    ]
}

/// Errors among all events, or requests slower than a bound, of the new version against the stable one.
package struct CompareGate: Fielded, Hashable {
    package var errors: String?
    package var total: String?
    package var histogram: String?
    package var slowerThan: PromDuration?
    package var pod = "pod"
    /// Nil: the analysis's own.
    package var tolerance: Factor?
    package var source = "default"

    package init() {}

    package var errorsSelector: VectorSelector? { errors.flatMap { try? VectorSelector(parsing: $0) } }
    package var totalSelector: VectorSelector? { total.flatMap { try? VectorSelector(parsing: $0) } }
    package var histogramSelector: VectorSelector? { histogram.flatMap { try? VectorSelector(parsing: $0) } }

    package static let fields: [Field<CompareGate>] = [
        .optional(
            "errors", \.errors, "A plain selector of the counters of bad events; goes with total.",
            .plainSelector(example: #"http_requests_total{job="checkout",code=~"5.."}"#)),
        .optional(
            "total", \.total, "A plain selector of the counters of all events.", .plainSelector(example: #"http_requests_total{job="checkout"}"#)),
        .optional(
            "histogram", \.histogram, "A selector of a classic histogram by its base name, without _bucket; in place of errors and total.",
            .histogramSelector(example: #"http_request_duration_seconds{job="checkout"}"#)),
        .optional(
            "slowerThan", \.slowerThan, "Requests slower than this are bad; without it bounds near the stable version's percentiles are.",
            .spanned(PromDuration(milliseconds: 1), .days(1), example: "500ms")),
        .defaulted("pod", \.pod, "The label that names the pod.", .text(min: 1, max: 63, .labelName, example: "pod")),
        .optional(
            "tolerance", \.tolerance, "How many times the stable version's rate is tolerated, in place of the analysis's own.",
            .factor(.positiveFactor, max: 12, example: "1.2x")),
        .defaulted(
            "source", \.source, "The Prometheus, by its name in the daemon's configuration.", .text(min: 1, max: 63, .dnsLabel, example: "default")),
    ]

    package static let rules: [FieldRule<CompareGate>] = [
        FieldRule(
            ["errors", "histogram"], cel: "has(self.errors) != has(self.histogram)", "give either errors with total, or histogram",
            holds: { ($0.errors == nil) != ($0.histogram == nil) }),
        FieldRule(
            ["total", "errors"], cel: "has(self.errors) == has(self.total)", "goes with errors: give both or neither",
            holds: { ($0.errors == nil) == ($0.total == nil) }),
        FieldRule(["slowerThan", "histogram"], "belongs to histogram") { $0.slowerThan == nil || $0.histogram != nil },
        FieldRule(["errors", "total"], "selects the same series as total, so that every event would be an error") {
            $0.errors == nil || $0.errorsSelector != $0.totalSelector
        },
    ]
}

/// PromQL with conditions and limits.
package struct QueryGate: Fielded, Hashable {
    package enum NoData: String, Sendable, CaseIterable {
        case wait = "Wait"
        case pass = "Pass"
        case fail = "Fail"
        case inconclusive = "Inconclusive"
    }

    package var promql = ""
    package var success: String?
    package var failure: String?
    package var interval: PromDuration?
    package var initialDelay = PromDuration.zero
    package var count: Int64?
    package var failureLimit: Int64 = 0
    package var inconclusiveLimit: Int64 = 0
    package var consecutiveErrorLimit: Int64 = 4
    package var consecutiveSuccessLimit: Int64 = 0
    package var noData = NoData.wait
    package var source = "default"

    package init() {}

    package static let fields: [Field<QueryGate>] = [
        .required("promql", \.promql, "The query.", .text(min: 1, max: 4096, example: "sum(rate(errors_total[1m]))")),
        .optional("success", \.success, "When a measurement is good.", .text(min: 1, max: 1024, example: "result[0] <= 0.01")),
        .optional("failure", \.failure, "When a measurement is bad.", .text(min: 1, max: 1024, example: "result[0] > 0.05")),
        .optional("interval", \.interval, "Between measurements.", .spanned(.seconds(1), .days(1), example: "10s")),
        .optional("initialDelay", \.initialDelay, "Before the first measurement.", .spanned(.zero, .days(1), example: "1m")),
        .optional(
            "count", \.count, "How many measurements; without it one where there is no interval, else as many as time gives.", .integer(1...10_000)),
        .defaulted("failureLimit", \.failureLimit, "More failed measurements than this are bad.", .integer(-1...10_000)),
        .defaulted("inconclusiveLimit", \.inconclusiveLimit, "More inconclusive measurements than this hold.", .integer(0...10_000)),
        .defaulted("consecutiveErrorLimit", \.consecutiveErrorLimit, "More errors in a row than this hold.", .integer(0...10_000)),
        .defaulted(
            "consecutiveSuccessLimit", \.consecutiveSuccessLimit, "So many good measurements in a row are enough; 0: that rule is off.",
            .integer(0...10_000)),
        .defaulted("noData", \.noData, "What an answer without any value means.", .word()),
        .defaulted(
            "source", \.source, "The Prometheus, by its name in the daemon's configuration.", .text(min: 1, max: 63, .dnsLabel, example: "default")),
    ]
}

/// What the new version's pods say by themselves.
package struct PodHealthGate: Fielded, Hashable {
    package var maxRestarts: Int64 = 0
    package var readyWithin = PromDuration.minutes(10)

    package init() {}

    package static let fields: [Field<PodHealthGate>] = [
        .defaulted("maxRestarts", \.maxRestarts, "More restarts than this, over all pods of the new version, are bad.", .integer(0...10_000)),
        .defaulted(
            "readyWithin", \.readyWithin, "A pod of the new version that was never Ready so long after it was made is bad.",
            .spanned(.seconds(1), .days(1), example: "10m")),
    ]
}

extension FieldType where Value == String {
    /// A plain selector, without PromQL around it: its raw samples are read.
    static func plainSelector(example: String) -> FieldType { gaugeSelector(example: example) }
}

extension FieldType where Value == JSON {
    /// An object that is stored as it is, whatever is in it.
    package static var opaque: FieldType {
        FieldType(
            schema: { ["type": "object", "x-kubernetes-preserve-unknown-fields": true] },
            decode: { json, path, problems in
                if json.objectValue != nil { return json }
                problems.append(Problem(path, "expected an object", got: json))
                return nil
            },
            encode: { $0 })
    }
}
