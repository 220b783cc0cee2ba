/// A metric that was made through swift-metrics, with its series by label text.
struct RegisteredFamily: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram

        /// The names under which such a metric writes samples.
        func names(_ name: String) -> [String] {
            self == .histogram ? [name, "\(name)_bucket", "\(name)_sum", "\(name)_count"] : [name]
        }
    }

    let kind: Kind
    /// A histogram's upper bounds, ascending.
    let bounds: [Double]
    var series: [String: any MetricSeries] = [:]
    /// Where all label sets beyond the cap end up.
    var overflow: (any MetricSeries)?

    func write(name: String, help: String?, to out: inout ExpositionText) {
        if series.isEmpty, overflow == nil { return }
        out.head(name, help: help, type: kind.rawValue)
        for (labels, series) in series.sorted(by: { $0.key < $1.key }) { series.write(name: name, labels: labels, to: &out) }
        overflow?.write(name: name, labels: "{overflow=\"true\"}", to: &out)
    }
}
