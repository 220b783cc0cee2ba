package import Values

/// Pieces of PromQL text.
package enum PromQL {
    /// A string literal in double quotes, with Go's escapes.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0"..<" ", "\u{7F}":
                let hex = String(scalar.value, radix: 16)
                result += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Text as a regular expression that matches it and nothing else.
    package static func escapedForRegex(_ text: String) -> String {
        var result = ""
        for character in text {
            if "\\.+*?()|[]{}^$".contains(character) { result += "\\" }
            result.append(character)
        }
        return result
    }

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

    /// Whether Prometheus 2 accepts it as a label's name.
    package static func isLabelName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return text.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
    }

    /// A duration as a number of seconds, exact.
    package static func seconds(_ duration: PromDuration) -> String {
        let whole = duration.milliseconds / 1000
        let rest = abs(duration.milliseconds % 1000)
        guard rest > 0 else { return String(whole) }
        var fraction = String(String(1000 + rest).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(duration.milliseconds < 0 && whole == 0 ? "-" : "")\(whole).\(fraction)"
    }
}
