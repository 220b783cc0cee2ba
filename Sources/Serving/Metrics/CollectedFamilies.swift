/// The families that collectors handed over at one scrape, made fit to be served: names sanitised, families of one name joined, duplicate
/// series, clashing names and what exceeds the limit left out and counted.
struct CollectedFamilies {
    struct Refusal: Hashable {
        enum Reason: String { case cardinality, conflict, duplicate }
        let metric: String
        let reason: Reason
    }

    struct Family {
        let help: String
        let kind: MetricFamily.Kind
        /// Values by label text.
        var values: [String: Double] = [:]

        func write(name: String, to out: inout ExpositionText) {
            if values.isEmpty { return }
            out.head(name, help: help, type: kind.rawValue)
            for (labels, value) in values.sorted(by: { $0.key < $1.key }) { out.sample(name, labels, LabelText.number(value)) }
        }
    }

    private(set) var families: [String: Family] = [:]
    private(set) var refused: [Refusal: UInt64] = [:]
    private let taken: [String: String]
    private let limit: Int

    static let refusals = "plimsoll_metrics_refused_total"

    /// `taken` holds the names of registered metrics, which win.
    init(taken: [String: String], limit: Int) {
        self.taken = taken
        self.limit = limit
    }

    mutating func add(_ family: MetricFamily) {
        let name = LabelText.metricName(family.name)
        var joined = families.removeValue(forKey: name) ?? Family(help: family.help, kind: family.kind)
        guard taken[name] == nil, name != Self.refusals, joined.kind == family.kind else {
            refuse(name, .conflict, count: family.samples.count)
            if !joined.values.isEmpty { families[name] = joined }
            return
        }
        joined.values.reserveCapacity(joined.values.count + family.samples.count)
        for (index, sample) in family.samples.enumerated() {
            if joined.values.count >= limit {
                refuse(name, .cardinality, count: family.samples.count - index)
                break
            }
            let labels = LabelText.render(sample.labels)
            if joined.values[labels] == nil {
                joined.values[labels] = sample.value
            } else {
                refuse(name, .duplicate, count: 1)
            }
        }
        families[name] = joined
    }

    /// Adds the metric that tells what was refused, if anything was.
    mutating func addRefusals(_ refusals: [Refusal: UInt64]) {
        if refusals.isEmpty { return }
        var family = Family(
            help: "Metric handles and samples that found no place, by metric and reason (cardinality, conflict of types, duplicate series).",
            kind: .counter)
        for (refusal, count) in refusals {
            family.values[LabelText.render([("metric", refusal.metric), ("reason", refusal.reason.rawValue)])] = Double(count)
        }
        families[Self.refusals] = family
    }

    private mutating func refuse(_ name: String, _ reason: Refusal.Reason, count: Int) {
        if count > 0 { refused[.init(metric: name, reason: reason), default: 0] += UInt64(count) }
    }
}
