import Values

extension FieldType where Value == String {
    private static let selectorMax = 2048

    /// A selector of counters.
    static func counterSelector(example: String) -> FieldType {
        selector(example: example) { _ in nil }
    }

    /// A selector of a classic histogram by its base name.
    static func histogramSelector(example: String) -> FieldType {
        selector(example: example) { selector in
            if let suffix = ["_bucket", "_count", "_sum"].first(where: selector.metricName.hasSuffix) {
                let base = selector.renamed(String(selector.metricName.dropLast(suffix.count)))
                return "names the histogram's \(suffix) series; give its base name: \(base)"
            }
            if selector.matchers.contains(where: { $0.label == "le" }) { return "must not match le: Plimsoll sets it from threshold" }
            return nil
        }
    }

    private static func selector(example: String, check: @escaping @Sendable (VectorSelector) -> String?) -> FieldType {
        .text(min: 1, max: selectorMax, example: example).checked { text, path in
            if text.contains("$window") {
                return [
                    Problem(
                        path, "PromQL with the placeholder $window is not supported yet; give a plain selector of counters, like \(example)",
                        got: .string(text))
                ]
            }
            do {
                return check(try VectorSelector(parsing: text)).map { [Problem(path, $0, got: .string(text))] } ?? []
            } catch {
                return [Problem(path, "is no plain selector, like \(example): \(error)", got: .string(text))]
            }
        }
    }
}
