package import Values

/// Slices of time that are good or bad as a whole, by the mean of a value over each.
package struct SlicesIndicator: Fielded, Hashable {
    package enum Comparison: String, Sendable, CaseIterable {
        case atMost = "AtMost"
        case atLeast = "AtLeast"
    }

    /// PromQL of what is compared. Of several values of a group the worst counts.
    package var query = ""
    package var comparison = Comparison.atMost
    package var threshold = ExactDecimal.zero
    package var length = PromDuration.minutes(5)

    package init() {}
    package init(query: String, comparison: Comparison, threshold: ExactDecimal, length: PromDuration = .minutes(5)) {
        self.query = query
        self.comparison = comparison
        self.threshold = threshold
        self.length = length
    }

    package static let fields: [Field<SlicesIndicator>] = [
        .required(
            "query", \.query, "PromQL of the value that is compared; of several values of a group the worst counts.",
            .promQL(example: "web_vitals_lcp_seconds_p75")),
        .required("comparison", \.comparison, "Which side of the threshold is good; the threshold itself is.", .word()),
        .required(
            "threshold", \.threshold, "A decimal number, such as 2.5.",
            .parsed(
                min: 1, max: 32, .decimal, what: FieldPattern.decimal.what, example: "2.5", read: { ExactDecimal($0) }, write: \.description)),
        .required(
            "length", \.length, "How much time is one slice, from 1m to 1h. It is bad when the mean of the value over it is.",
            .duration(.minutes(1)...PromDuration.hours(1), example: "5m")),
    ]
}
