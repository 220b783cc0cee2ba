/// Metric and label names and values as the text format wants them.
enum LabelText {
    /// `name` with what a metric name may not hold (`[a-zA-Z_:][a-zA-Z0-9_:]*`) made `_`.
    static func metricName(_ name: String) -> String { sanitised(name, colon: true) }

    /// `name` with what a label name may not hold made `_`. Names that begin with `__` belong to Prometheus, so one `_` is left.
    static func labelName(_ name: String) -> String {
        var clean = sanitised(name, colon: false)
        while clean.hasPrefix("__") { clean.removeFirst() }
        return clean
    }

    /// `{a="x",b="y"}`, sorted by name, or nothing. Equal label sets give equal text whatever their order; of two equal names the first
    /// stays. Names that the format itself uses (`le`, `quantile`) get the prefix `exported_`, as Prometheus does on conflicts.
    static func render(_ labels: [(String, String)]) -> String {
        if labels.isEmpty { return "" }
        var clean: [(name: String, value: String)] = []
        clean.reserveCapacity(labels.count)
        var length = 2
        for (name, value) in labels {
            var name = labelName(name)
            if name == "le" || name == "quantile" { name = "exported_" + name }
            // Few labels, mostly in order already: insertion beats a sort.
            var place = clean.count
            while place > 0, name < clean[place - 1].name { place -= 1 }
            if place > 0, clean[place - 1].name == name { continue }
            clean.insert((name, escaped(value, quote: true)), at: place)
            length += name.utf8.count + clean[place].value.utf8.count + 4
        }
        var text = "{"
        text.reserveCapacity(length)
        for (position, label) in clean.enumerated() {
            if position > 0 { text.append(",") }
            text.append(label.name)
            text.append("=\"")
            text.append(label.value)
            text.append("\"")
        }
        text.append("}")
        return text
    }

    /// Label values escape backslash, quote and newline; help texts backslash and newline.
    static func escaped(_ value: String, quote: Bool) -> String {
        guard value.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\"") }) else {
            return value
        }
        var out: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): out += "\\\\".utf8
            case UInt8(ascii: "\n"): out += "\\n".utf8
            case UInt8(ascii: "\"") where quote: out += "\\\"".utf8
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A value as Prometheus reads it: `+Inf`, `-Inf`, `NaN`, whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        return value.description
    }

    private static func sanitised(_ name: String, colon: Bool) -> String {
        func allowed(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: ":"): colon
            default: false
            }
        }
        guard let first = name.utf8.first else { return "_" }
        let startsWithDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        if !startsWithDigit, name.utf8.allSatisfy(allowed) { return name }
        // By scalar, so that a letter of several bytes becomes one '_'.
        var out = startsWithDigit ? "_" : ""
        for scalar in name.unicodeScalars {
            let ok = scalar.isASCII && allowed(UInt8(truncatingIfNeeded: scalar.value))
            out.unicodeScalars.append(ok ? scalar : "_")
        }
        return out
    }
}
