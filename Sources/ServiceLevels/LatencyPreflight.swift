import PlimsollAPI
import PrometheusModel
import Values

/// Whether a latency's threshold can be told from its histogram.
extension SLOPreflight {
    /// What a threshold's exactness depends on, of series that are not exact by their other form.
    static func questions(_ histogram: LatencyHistogram) -> [Question] {
        let native = "increase(\(histogram.native)[1h])"
        switch histogram.type {
        case .classic: return [Question(subject: .bounds, promql: "count by (le) (\(histogram.buckets))")]
        case .native: return [Question(subject: .native, promql: "sum(\(native))")]
        case .auto:
            return [
                Question(
                    subject: .bounds, promql: "count by (le) (\(histogram.buckets) unless ignoring (le) histogram_count(\(histogram.native)))"),
                Question(subject: .native, promql: "sum(\(native) unless ignoring (le) \(histogram.bucket))"),
            ]
        }
    }

    func boundFindings(_ samples: [VectorSample]) -> [Finding] {
        guard let latency = spec.indicator.latency else { return [] }
        let bounds = Set(samples.compactMap { $0.metric["le"].flatMap(Double.init) }.filter(\.isFinite)).sorted()
        let wanted = latency.threshold.seconds
        guard !bounds.isEmpty, !bounds.contains(where: { abs($0 - wanted) < 1e-9 }) else { return [] }
        let near = bounds.sorted { abs($0 - wanted) < abs($1 - wanted) }.prefix(5).sorted().map { Self.short($0) + "s" }
        return [
            Finding(
                weight: .problem, reason: "NoBucket", path: "spec.indicator.latency.threshold",
                message: "\(latency.threshold) is the bound of no bucket; the nearest are \(near.joined(separator: ", "))")
        ]
    }

    /// Within a bucket a native histogram doesn't know how many of its events are on either side, and Prometheus takes them as evenly spread.
    func interpolationFindings(_ samples: [VectorSample]) -> [Finding] {
        guard let latency = spec.indicator.latency, let buckets = samples.first?.buckets else { return [] }
        let wanted = latency.threshold.seconds
        let total = buckets.reduce(0) { $0 + $1.count }
        // At a bound all is known; the server prints bounds with the rounding of a power.
        guard total > 0, let bucket = buckets.first(where: { $0.lower * (1 + 1e-9) < wanted && wanted < $0.upper * (1 - 1e-9) }) else { return [] }
        let above = buckets.reduce(0) { $0 + ($1.lower >= bucket.upper ? $1.count : 0) }
        func percent(_ count: Double) -> String { Self.short(count / total * 100) + "%" }
        let factor = bucket.lower > 0 ? " (a factor of \(Self.short(bucket.upper / bucket.lower)))" : ""
        return [
            Finding(
                weight: .warning, reason: "Interpolated", path: "spec.indicator.latency.threshold",
                message: "\(latency.threshold) lies within a bucket of the native histogram, from \(Self.short(bucket.lower))s to "
                    + "\(Self.short(bucket.upper))s\(factor), whose events count as evenly spread: of the last hour's between \(percent(above)) and "
                    + "\(percent(above + bucket.count)) were slower; 250ms, 500ms, 1s and 2s are exact in every native histogram")
        ]
    }
}

extension LatencyHistogram {
    /// The series that its total is counted from.
    var series: [VectorSelector] {
        switch type {
        case .auto: [count, native]
        case .classic: [count]
        case .native: [native]
        }
    }
}

extension IndicatorEvents {
    var histogram: LatencyHistogram? {
        if case .latency(let histogram) = self { histogram } else { nil }
    }
}
