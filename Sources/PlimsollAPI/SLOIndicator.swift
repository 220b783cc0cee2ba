package import Values

/// What is counted as good and bad: exactly one of its fields.
package struct SLOIndicator: Fielded, Hashable {
    package var ratio: RatioIndicator?
    package var latency: LatencyIndicator?
    package var gauge: GaugeIndicator?
    package var slices: SlicesIndicator?
    package var composite: CompositeIndicator?

    package init() {}
    package init(composite: CompositeIndicator) { self.composite = composite }
    package init(gauge: GaugeIndicator) { self.gauge = gauge }
    package init(slices: SlicesIndicator) { self.slices = slices }
    package init(ratio: RatioIndicator) { self.ratio = ratio }
    package init(latency: LatencyIndicator) { self.latency = latency }

    /// Whether there is PromQL in the rules that only the server can tell whether it takes: a person's own, or functions that not every one has.
    package var hasPromQL: Bool { slices != nil || ratio?.isPromQL == true || latency.map { $0.type != .classic } ?? false }

    /// Whether its events are stretches of time: few, and not independent of each other.
    package var countsTime: Bool { slices != nil || composite != nil }

    package static let isUnion = true

    package static let fields: [Field<SLOIndicator>] = [
        .optional("ratio", \.ratio, "Bad or good events among all events, each a counter.", .object()),
        .optional("latency", \.latency, "Events that are fast enough among all events, from a histogram.", .object()),
        .optional("gauge", \.gauge, "A gauge that is 1 when all is well and 0 when not; each scrape is an event.", .object()),
        .optional("slices", \.slices, "Slices of time that are good or bad as a whole, such as five minutes of a percentile.", .object()),
        .optional("composite", \.composite, "Other SLOs taken together.", .object()),
    ]
}

/// Bad or good events among all events, each a counter.
package struct RatioIndicator: Fielded, Hashable {
    /// Selects the counters of bad events; exactly one of this and `good`.
    package var errors: String?
    /// Selects the counters of good events.
    package var good: String?
    /// Selects the counters of all events.
    package var total = ""

    package init() {}
    package init(errors: String, total: String) {
        self.errors = errors
        self.total = total
    }
    package init(good: String, total: String) {
        self.good = good
        self.total = total
    }

    package var errorsSelector: VectorSelector? { errors.flatMap { try? VectorSelector(parsing: $0) } }
    package var goodSelector: VectorSelector? { good.flatMap { try? VectorSelector(parsing: $0) } }
    package var totalSelector: VectorSelector? { try? VectorSelector(parsing: total) }

    package static let fields: [Field<RatioIndicator>] = [
        .optional(
            "errors", \.errors,
            "A selector of the counters of bad events, which are part of total, or PromQL with the placeholder $window that gives them a second. Series "
                + "that are missing mean zero.",
            .counterSelector(example: #"http_requests_total{job="checkout",code=~"5.."}"#)),
        .optional(
            "good", \.good, "A selector of the counters of good events, which are part of total, or PromQL with the placeholder $window.",
            .counterSelector(example: #"http_requests_total{job="checkout",code!~"5.."}"#)),
        .required(
            "total", \.total,
            "A selector of the counters of all events, or PromQL with the placeholder $window that gives them a second: sum(rate(x[$window])).",
            .counterSelector(example: #"http_requests_total{job="checkout"}"#)),
    ]

    /// Whether errors, good and total are PromQL and no plain selectors.
    package var isPromQL: Bool { total.contains(PromQLText.placeholder) }

    package static let rules: [FieldRule<RatioIndicator>] = [
        FieldRule(
            ["errors", "good", "total"],
            cel: "(has(self.errors) ? self.errors : has(self.good) ? self.good : self.total).contains('$window') == self.total.contains('$window')",
            "must all be plain selectors, or all PromQL with the placeholder $window",
            holds: { ($0.errors ?? $0.good ?? $0.total).contains(PromQLText.placeholder) == $0.isPromQL }),
        FieldRule(
            ["errors", "good"], cel: "has(self.errors) != has(self.good)", "give exactly one of errors and good",
            holds: { ($0.errors == nil) != ($0.good == nil) }),
        FieldRule(
            ["errors", "total"], cel: "!has(self.errors) || self.errors != self.total",
            "selects the same series as total, so that every event would be an error",
            holds: { $0.errors == nil || $0.isPromQL ? $0.errors != $0.total : $0.errorsSelector != $0.totalSelector }),
        FieldRule(
            ["good", "total"], cel: "!has(self.good) || self.good != self.total",
            "selects the same series as total, so that no event could ever be an error",
            holds: { $0.good == nil || $0.isPromQL ? $0.good != $0.total : $0.goodSelector != $0.totalSelector }),
    ]
}

/// Events that are fast enough among all events, from a classic or native histogram.
package struct LatencyIndicator: Fielded, Hashable {
    package enum HistogramType: String, Sendable, CaseIterable {
        case auto = "Auto"
        case classic = "Classic"
        case native = "Native"
    }

    /// Selects the histogram by its base name, without `_bucket`.
    package var histogram = ""
    /// The slowest that is still good; a bucket's bound where the histogram is classic.
    package var threshold = PromDuration.seconds(1)
    package var type = HistogramType.auto

    package init() {}
    package init(histogram: String, threshold: PromDuration, type: HistogramType = .auto) {
        self.histogram = histogram
        self.threshold = threshold
        self.type = type
    }

    package var selector: VectorSelector? { try? VectorSelector(parsing: histogram) }

    package static let fields: [Field<LatencyIndicator>] = [
        .required(
            "histogram", \.histogram, "A selector of a histogram by its base name, without _bucket.",
            .histogramSelector(example: #"http_request_duration_seconds{job="checkout"}"#)),
        .required(
            "threshold", \.threshold,
            "The slowest that is still good, such as 500ms: the bound of one of the buckets of a classic histogram, anything for a native one.",
            .duration(PromDuration(milliseconds: 1)...PromDuration.days(1), example: "500ms")),
        .defaulted(
            "type", \.type,
            "Which form of the histogram is counted. Auto takes each series as it is: classic where it has the threshold's bucket, else native. Classic "
                + "is for servers without native histograms (Prometheus before 2.40).", .word()),
    ]
}
