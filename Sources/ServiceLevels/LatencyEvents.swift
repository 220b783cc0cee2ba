import PlimsollAPI
import PrometheusModel
import Values

/// The histogram of a latency indicator, in both forms that it may have.
struct LatencyHistogram {
    let type: LatencyIndicator.HistogramType
    let threshold: PromDuration
    /// What bears the histogram's own name.
    let native: VectorSelector
    /// The classic form's series.
    let count: VectorSelector
    let buckets: VectorSelector
    /// Of requests that were fast enough.
    let bucket: VectorSelector

    /// `nil` for an indicator that validation refuses.
    init?(_ latency: LatencyIndicator) {
        guard let histogram = latency.selector else { return nil }
        (type, threshold, native) = (latency.type, latency.threshold, histogram)
        count = histogram.renamed(histogram.metricName + "_count")
        buckets = histogram.renamed(histogram.metricName + "_bucket")
        bucket = buckets.adding(Self.bound(latency.threshold))
    }

    /// A bucket's `le` as clients spell it: whole numbers with and without `.0` (Prometheus 3 always adds it, 2 keeps what the client wrote).
    private static func bound(_ threshold: PromDuration) -> LabelMatcher {
        let text = PromQL.seconds(threshold)
        return text.contains(".") ? LabelMatcher("le", .equal, text) : LabelMatcher("le", .matches, "\(text)|\(text)\\.0")
    }

    /// What must give series, for people.
    var source: String {
        switch type {
        case .auto: "\(count) and of the native histogram \(native)"
        case .classic: count.description
        case .native: native.description
        }
    }
}

/// Requests in total, and slow ones, of a latency indicator.
///
/// `Auto` takes each series as it is: classic where it has the threshold's bucket, which is exact, otherwise native, which is exact at a bucket's bound and
/// interpolates within one. So it goes through a rollout that brings either form, and counts a series that comes in both once. Total and errors take the
/// same form of a series, so errors are part of the total. A classic series without the bucket knows of no slow request, and where none has it the threshold
/// is wrong: it counts in the total, and no figure is better than a false one.
///
/// On a real Prometheus 2.42 (`IntegrationNativeHistogramTests`) total and slow requests at a bound are within 1 % of what was observed, resets and
/// newborn series included; within a bucket of a twelfth they are within 3 %, and always between what its bounds allow.
struct LatencyEvents {
    let histogram: LatencyHistogram
    let increase: Increase
    /// Of `groupBy`, as in `by (...)`.
    let by: String

    var total: String {
        switch histogram.type {
        case .classic: sum(classic)
        case .native: sum(increase.observations(histogram.native))
        case .auto: sum("\(exact)\nor\n\(increase.observations(histogram.native))\nor\n\(classic)")
        }
    }

    var errors: String {
        switch histogram.type {
        case .classic: return "clamp_min(\(sum(exact)) - \(sum(fast)), 0)"
        case .native: return sum(slow)
        case .auto:
            // The two rates of a classic series may differ by a little, so their difference is cut off at zero only in the sum.
            return "clamp_min(\(sum("(\(exact)) - max without (le) (\(fast))\nor\n\(slow)")), 0)"
        }
    }

    private var classic: String { increase.counter(histogram.count, lived: histogram.count) }
    private var exact: String { "\(classic)\n  and ignoring (le) \(histogram.bucket)" }
    private var fast: String { increase.counter(histogram.bucket, lived: histogram.count) }
    /// None, and not nothing, where there was no request.
    private var slow: String {
        "\(increase.observations(histogram.native, above: PromQL.seconds(histogram.threshold)))\nor\n0 * histogram_count(\(histogram.native))"
    }

    private func sum(_ perSecond: String) -> String {
        "\(PromQL.seconds(increase.settings.evaluationInterval)) * sum by (\(by)) (\(perSecond))"
    }
}
