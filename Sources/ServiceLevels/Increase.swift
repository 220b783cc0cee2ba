import PlimsollAPI
import PrometheusModel
import Values

/// Events a second from what only grows, the first of a new series too.
///
/// `rate` sees only differences, so it loses what a new series was born with (the first error of a target is mostly the birth of its error series), and it
/// sees an eighth less of what follows a zero. A series that was absent or zero `span` ago therefore counts with its whole value, provided that its target
/// was there and that another series of the target lived through the span: otherwise the target is new to Prometheus or was relabelled, and its counters
/// hold the past. `rate` over the base window spreads each increase over the same `span`, the window less one scrape, so an event counts once however the
/// two take turns. NaN, and nothing else, fails `>= 0`: it must not get into sums that live for the whole period.
struct Increase {
    let settings: RuleSettings
    let targetLabels: [String]

    private var span: PromDuration { settings.baseWindow - settings.scrapeInterval }

    /// Of counters.
    func counter(_ selector: VectorSelector, lived: VectorSelector) -> String {
        perSecond(
            now: selector.description, before: "\(selector) offset \(span)", lived: "(\(lived) offset \(span) and \(lived))",
            rate: "rate(\(selector)[\(settings.baseWindow)])")
    }

    /// Of native histograms: all that they have observed.
    ///
    /// Prometheus compares and divides no histograms, so their counts stand for them; and they have no zero to extrapolate to.
    func observations(_ histogram: VectorSelector) -> String {
        native(histogram, now: "histogram_count(\(histogram))", rate: "histogram_count(\(rated(histogram)))")
    }

    /// Of native histograms: what they have observed above a bound. Without observations the share is NaN, which is nothing.
    func observations(_ histogram: VectorSelector, above bound: String) -> String {
        func above(_ histogram: String) -> String { "histogram_fraction(\(bound), Inf, \(histogram)) * histogram_count(\(histogram))" }
        return native(histogram, now: above(histogram.description), rate: above(rated(histogram)))
    }

    private func rated(_ selector: VectorSelector) -> String { "rate(\(selector)[\(settings.baseWindow)])" }

    private func native(_ histogram: VectorSelector, now: String, rate: String) -> String {
        let before = "histogram_count(\(histogram) offset \(span))"
        return perSecond(now: now, before: before, lived: "(\(before) and histogram_count(\(histogram)))", rate: rate)
    }

    private func perSecond(now: String, before: String, lived: String, rate: String) -> String {
        """
        (
            \(now) / \(PromQL.seconds(span)) unless \(before) != 0
              and on (\(targetLabels.joined(separator: ", "))) \(lived)
          or
            \(rate)
        ) >= 0
        """
    }
}
