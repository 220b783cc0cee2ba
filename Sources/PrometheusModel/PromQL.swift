package import Values

/// Pieces of PromQL and of the templates in rules.
package enum PromQL {
    /// Text that Prometheus's templates (Go's `text/template`) print as it is.
    package static func literalInTemplate(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let brace = rest.firstRange(of: "{{") {
            result += rest[..<brace.lowerBound] + "{{ \"{{\" }}"
            rest = rest[brace.upperBound...]
        }
        return result + rest
    }

    /// A duration as a number of seconds, exact.
    package static func seconds(_ duration: PromDuration) -> String {
        let whole = duration.milliseconds / 1000
        let rest = (duration.milliseconds % 1000).magnitude
        guard rest > 0 else { return String(whole) }
        var fraction = String(String(1000 + rest).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(duration.milliseconds < 0 && whole == 0 ? "-" : "")\(whole).\(fraction)"
    }
}
