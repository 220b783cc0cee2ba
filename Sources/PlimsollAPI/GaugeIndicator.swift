package import Values

/// A gauge that is 1 when all is well and 0 when not: each scrape is an event.
package struct GaugeIndicator: Fielded, Hashable {
    /// Selects the gauges.
    package var metric = ""

    package init() {}
    package init(metric: String) { self.metric = metric }

    package var selector: VectorSelector? { try? VectorSelector(parsing: metric) }

    package static let fields: [Field<GaugeIndicator>] = [
        .required(
            "metric", \.metric, "A selector of gauges that are 0 or 1; what lies between is partly bad.",
            .gaugeSelector(example: #"probe_success{job="blackbox"}"#))
    ]
}
