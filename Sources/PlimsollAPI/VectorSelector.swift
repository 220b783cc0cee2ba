import Values

/// A matcher of one label, as PromQL has it.
package struct LabelMatcher: Sendable, Hashable, Comparable, CustomStringConvertible {
    package enum Operator: String, Sendable, Hashable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case matchesNot = "!~"
    }

    package var label: String
    package var `operator`: Operator
    package var value: String

    package init(_ label: String, _ operator: Operator, _ value: String) {
        self.label = label
        self.operator = `operator`
        self.value = value
    }

    package var description: String { "\(label)\(self.operator.rawValue)\(VectorSelector.quoted(value))" }

    package static func < (left: LabelMatcher, right: LabelMatcher) -> Bool {
        (left.label, left.operator.rawValue, left.value) < (right.label, right.operator.rawValue, right.value)
    }
}

/// A PromQL vector selector of one metric: `name{label="value"}`. Equal ones select the same by the same words.
package struct VectorSelector: Sendable, Hashable, CustomStringConvertible {
    package var metricName: String
    /// Without the metric's name; in order, each once.
    package private(set) var matchers: [LabelMatcher]

    package init(metricName: String, matchers: [LabelMatcher] = []) {
        self.metricName = metricName
        self.matchers = Set(matchers).sorted()
    }

    /// The same of another metric, such as a histogram's `_bucket`.
    package func renamed(_ name: String) -> VectorSelector { VectorSelector(metricName: name, matchers: matchers) }

    /// The same with further matchers.
    package func adding(_ more: LabelMatcher...) -> VectorSelector { VectorSelector(metricName: metricName, matchers: matchers + more) }

    /// PromQL, matchers in order.
    package var description: String {
        if Self.isBareName(metricName) {
            return matchers.isEmpty ? metricName : "\(metricName){\(matchers.map(\.description).joined(separator: ","))}"
        }
        let all = [LabelMatcher("__name__", .equal, metricName)] + matchers
        return "{\(all.map(\.description).joined(separator: ","))}"
    }

    /// A PromQL string in double quotes.
    package static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                quoted += digits.count < 2 ? "\\x0\(digits)" : "\\x\(digits)"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Words of PromQL that can't stand bare for a metric.
    private static let keywords: Set<String> = ["atan2", "bool", "end", "group_left", "group_right", "ignoring", "inf", "nan", "on", "start"]

    private static func isBareName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isNameByte(first), !FieldPattern.isDigit(first) else { return false }
        return name.utf8.allSatisfy(isNameByte) && !keywords.contains(name.lowercased())
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        FieldPattern.isLetter(byte) || FieldPattern.isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
    }
}
