import Values

extension FieldType where Value == String {
    private static let selectorMax = 2048

    /// A selector of a classic histogram by its base name.
    static func histogramSelector(example: String) -> FieldType {
        selector(example: example, instead: "count what is good and all by recording rules, and use spec.indicator.ratio on these") { selector in
            if let suffix = ["_bucket", "_count", "_sum"].first(where: selector.metricName.hasSuffix) {
                let base = selector.renamed(String(selector.metricName.dropLast(suffix.count)))
                return "names the histogram's \(suffix) series; give its base name: \(base)"
            }
            if selector.matchers.contains(where: { $0.label == "le" }) { return "must not match le: Plimsoll sets it from threshold" }
            return nil
        }
    }

    /// A selector of gauges.
    static func gaugeSelector(example: String) -> FieldType {
        selector(example: example, instead: "use spec.indicator.slices, which takes any PromQL, or record it first and name the record") { _ in nil }
    }

    /// A selector of counters, or PromQL with the placeholder $window that gives events a second.
    static func counterSelector(example: String) -> FieldType {
        let selector = selector(
            max: 4096, example: example,
            instead: "for PromQL write [\(PromQLText.placeholder)] for the range, like sum(rate(x[\(PromQLText.placeholder)]))"
        ) { _ in nil }
        return FieldType(
            schema: selector.schema,
            decode: { json, path, problems in
                guard let text = json.stringValue, text.contains(PromQLText.placeholder), text.unicodeScalars.count <= 4096 else {
                    return selector.decode(json, path, &problems)
                }
                guard let fault = PromQLText.fault(text) else { return text }
                problems.append(Problem(path, "is no PromQL: it \(fault)", got: json))
                return nil
            },
            encode: selector.encode)
    }

    /// - Parameter remedy: for PromQL that is more than a selector.
    private static func selector(
        max: Int = selectorMax, example: String, instead remedy: String, check: @escaping @Sendable (VectorSelector) -> String?
    ) -> FieldType {
        .text(min: 1, max: max, example: example).checked { text, path in
            do throws(VectorSelectorError) {
                return check(try VectorSelector(parsing: text)).map { [Problem(path, $0, got: .string(text))] } ?? []
            } catch {
                let remedy = error.isMore ? "; \(remedy)" : ""
                return [Problem(path, "is no plain selector, like \(example): \(error)\(remedy)", got: .string(text))]
            }
        }
    }
}
