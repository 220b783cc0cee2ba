import Values

extension World {
    /// An instant query's values, by labels.
    package func query(_ promql: String) async throws -> [[String: String]: Double] {
        let encoded = promql.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let json = try JSON(parsing: try await fetch("\(prometheusURL)/api/v1/query?query=\(encoded)").text)
        guard let result = json["data"]?["result"]?.arrayValue else { throw Missing("an answer to \(promql): \(json)") }
        var values: [[String: String]: Double] = [:]
        for sample in result {
            let labels = Dictionary((sample["metric"]?.objectValue ?? [:]).map { ($0.key, $0.value.stringValue ?? "") }) { _, last in last }
            values[labels] = sample["value"]?[1]?.stringValue.flatMap { Double($0) }
        }
        return values
    }

    /// The only value of an instant query; nil where it has none or several.
    package func number(_ promql: String) async throws -> Double? {
        let values = try await query(promql)
        return values.count == 1 ? values.first?.value : nil
    }
}
