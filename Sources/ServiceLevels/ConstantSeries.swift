import PlimsollAPI
import PrometheusModel

/// A series of one value that an expression makes out of nothing.
struct ConstantSeries {
    let value: String
    var labels: [String: String]

    /// An expression for all of them; no two have the same labels.
    ///
    /// Prometheus writes a rule out and parses it at each evaluation, so that the text's length is its cost. Labels that many have in common are therefore
    /// put around them together.
    static func promql(_ series: [ConstantSeries]) -> String {
        guard let first = series.first else { return "vector(0) < 0" }
        let common = first.labels.filter { label in series.allSatisfy { $0.labels[label.key] == label.value } }
        let rest = series.map { one in ConstantSeries(value: one.value, labels: one.labels.filter { common[$0.key] == nil }) }
        let inner: String
        if series.count == 1 {
            inner = "vector(\(first.value))"
        } else if let name = divider(rest) {
            let parts = Dictionary(grouping: rest) { $0.labels[name] ?? "" }.sorted { $0.key < $1.key }
            inner = union(parts.map { promql($0.value) }[...])
        } else {
            inner = union(rest.map { with($0.labels, "vector(\($0.value))") }[...])
        }
        return with(common, inner)
    }

    /// The label by which they fall into the fewest parts, where these have two series each or more.
    private static func divider(_ series: [ConstantSeries]) -> String? {
        var values: [String: Set<String>] = [:]
        for name in Set(series.flatMap(\.labels.keys)) { values[name] = Set(series.map { $0.labels[name] ?? "" }) }
        return values.filter { $0.value.count * 2 <= series.count }.min { ($0.value.count, $0.key) < ($1.value.count, $1.key) }?.key
    }

    private static func with(_ labels: [String: String], _ inner: String) -> String {
        labels.sorted { $0.key < $1.key }.reduce(inner) { inner, label in
            // A dollar names a part of the match.
            let text = VectorSelector.quoted(label.value.replacing("$", with: "$$"))
            return "label_replace(\(inner), \"\(label.key)\", \(text), \"\", \"\")"
        }
    }

    /// A balanced tree: in a chain each `or` would look at all that came before.
    private static func union(_ parts: ArraySlice<String>) -> String {
        guard parts.count > 1 else { return parts.first ?? "vector(0) < 0" }
        let middle = parts.startIndex + parts.count / 2
        let (left, right) = (parts[..<middle], parts[middle...])
        func wrapped(_ parts: ArraySlice<String>) -> String { parts.count > 1 ? "(\(union(parts)))" : union(parts) }
        return "\(wrapped(left))\nor\n\(wrapped(right))"
    }
}
