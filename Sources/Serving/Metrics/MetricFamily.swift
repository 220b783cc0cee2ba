/// One sample of a family that a collector publishes.
package struct MetricSample: Sendable {
    package var labels: [(String, String)]
    package var value: Double

    package init(_ labels: [(String, String)], _ value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// A metric with all its series, as a collector hands it over at scrape time. What it no longer names is gone from the next scrape.
package struct MetricFamily: Sendable {
    package enum Kind: String, Sendable { case gauge, counter }

    package var name: String
    package var help: String
    package var kind: Kind
    package var samples: [MetricSample]

    package init(name: String, help: String, kind: Kind = .gauge, samples: [MetricSample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }
}

/// What is known of a metric before its first value: its help text, and a histogram's upper bounds.
package struct MetricDescription: Sendable {
    package var name: String
    package var help: String
    /// Upper bounds in the metric's unit, `+Inf` left out; nil takes the registry's default.
    package var buckets: [Double]?

    package init(_ name: String, _ help: String, buckets: [Double]? = nil) {
        self.name = name
        self.help = help
        self.buckets = buckets
    }
}
