/// What a scalar without quotes and tag means, as kubectl reads it: sigs.k8s.io/yaml resolves by YAML 1.1. So yes, no, on, off, y and n are booleans,
/// `0777` is octal and `1_000` a number; dates are strings, and numbers to the base 60 are not known.
///
/// Checked against kubectl 1.20 (`kubectl label --local -o json`). It rounds numbers to doubles where they don't fit 64 bits; here a number that JSON's
/// grammar allows keeps its text, and others are rewritten (`+1` is 1, `.5` is 0.5, `0x1F` is 31).
enum YAMLScalar {
    enum Resolved {
        case value(JSON)
        /// An infinity or NaN, which JSON can't say.
        case notFinite
    }

    static func resolve(_ text: String) -> Resolved {
        switch text {
        case "", "~", "null", "Null", "NULL": .value(.null)
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y": .value(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N": .value(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN": .notFinite
        default: .value(number(text).map(JSON.number) ?? .string(text))
        }
    }

    /// Whether other readers of YAML would take the text for something else than a string, though this one does not.
    static func isAmbiguous(_ text: String) -> Bool {
        if text == "=" || text == "<<" { return true }
        let bytes = Array(text.utf8.prefix(64))
        if bytes.count >= 6, bytes[..<4].allSatisfy(isDigit), bytes[4] == UInt8(ascii: "-"), isDigit(bytes[5]) { return true }  // a date
        guard bytes.count < 64, bytes.contains(UInt8(ascii: ":")) else { return false }
        return bytes.allSatisfy { isDigit($0) || ":._-+".utf8.contains($0) }  // a number to the base 60
    }

    /// The number that a text stands for, in JSON's grammar.
    private static func number(_ text: String) -> String? {
        guard let first = text.utf8.first, isDigit(first) || "+-.".utf8.contains(first) else { return nil }
        if isJSONNumber(text) { return text }
        let plain = text.filter { $0 != "_" }
        return integer(plain) ?? decimal(plain)
    }

    private static func isJSONNumber(_ text: String) -> Bool {
        var parts = Parts(text)
        return parts.read() && parts.sign != "+" && (parts.whole == "0" || parts.whole.utf8.first.map { $0 != UInt8(ascii: "0") } ?? false)
            && parts.fraction != ""
    }

    private static func integer(_ text: String) -> String? {
        var digits = text[...]
        let negative = digits.first == "-"
        if negative || digits.first == "+" { digits = digits.dropFirst() }
        var radix = 10
        for (prefix, base) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2), ("0", 8)]
        where digits.hasPrefix(prefix) && digits != "0" {
            digits = digits.dropFirst(prefix.utf8.count)
            radix = base
            break
        }
        guard let first = digits.first, first != "+", first != "-", let value = UInt128(digits, radix: radix) else { return nil }
        return (negative && value != 0 ? "-" : "") + String(value)
    }

    private static func decimal(_ text: String) -> String? {
        var parts = Parts(text)
        guard parts.read() else { return nil }
        let whole = parts.whole.drop { $0 == "0" }
        let fraction = parts.fraction.map { $0.isEmpty ? "" : ".\($0)" } ?? ""
        return (parts.sign == "-" ? "-" : "") + (whole.isEmpty ? "0" : String(whole)) + fraction + parts.exponent
    }

    /// `[-+]? (. digits | digits (. digits?)?) ([eE] [-+]? digits)?`
    private struct Parts {
        private var rest: Substring
        private(set) var sign = ""
        private(set) var whole = ""
        /// Without the point; `nil` where there is none.
        private(set) var fraction: String?
        private(set) var exponent = ""

        init(_ text: String) { rest = text[...] }

        mutating func read() -> Bool {
            sign = take { $0 == "+" || $0 == "-" }
            whole = digits()
            if !take({ $0 == "." }).isEmpty { fraction = digits() }
            guard !whole.isEmpty || fraction?.isEmpty == false else { return false }
            let mark = take { $0 == "e" || $0 == "E" }
            if !mark.isEmpty {
                let sign = take { $0 == "+" || $0 == "-" }
                let digits = digits()
                guard !digits.isEmpty else { return false }
                exponent = mark + sign + digits
            }
            return rest.isEmpty
        }

        private mutating func take(_ accepts: (Character) -> Bool) -> String {
            guard let first = rest.first, accepts(first) else { return "" }
            rest = rest.dropFirst()
            return String(first)
        }

        private mutating func digits() -> String {
            let digits = rest.prefix { $0.utf8.count == 1 && $0.utf8.allSatisfy(isDigit) }
            rest = rest.dropFirst(digits.count)
            return String(digits)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
