/// Writes block style as kubectl does: two blanks a level, lists level with their key.
struct YAMLWriter {
    private(set) var text = ""

    /// Beyond this a key is written after `?`; libyaml takes no more than 1024 characters before the colon.
    private static let longKey = 128

    mutating func document(_ value: JSON) {
        switch value {
        case .object(let object) where !object.isEmpty: mapping(object, column: 0, isInline: false)
        case .array(let elements) where !elements.isEmpty: sequence(elements, column: 0, isInline: false)
        default: scalar(value, column: 0)
        }
    }

    /// `isInline`: the first member goes on the line that is already begun.
    private mutating func mapping(_ object: JSONObject, column: Int, isInline: Bool) {
        for (position, member) in object.enumerated() {
            if position > 0 || !isInline { indent(column) }
            let key = YAMLString.inline(member.key)
            if key.utf8.count > Self.longKey {
                text += "? \(key)\n"
                indent(column)
            } else {
                text += key
            }
            text += ":"
            switch member.value {
            case .object(let object) where !object.isEmpty:
                text += "\n"
                mapping(object, column: column + 2, isInline: false)
            case .array(let elements) where !elements.isEmpty:
                text += "\n"
                sequence(elements, column: column, isInline: false)
            default:
                text += " "
                scalar(member.value, column: column)
            }
        }
    }

    private mutating func sequence(_ elements: [JSON], column: Int, isInline: Bool) {
        for (position, element) in elements.enumerated() {
            if position > 0 || !isInline { indent(column) }
            text += "- "
            switch element {
            case .object(let object) where !object.isEmpty: mapping(object, column: column + 2, isInline: true)
            case .array(let elements) where !elements.isEmpty: sequence(elements, column: column + 2, isInline: true)
            default: scalar(element, column: column)
            }
        }
    }

    /// A scalar or an empty collection, in a collection that stands at `column`, to the end of the line.
    private mutating func scalar(_ value: JSON, column: Int) {
        switch value {
        case .null: text += "null\n"
        case .bool(let value): text += value ? "true\n" : "false\n"
        case .number(let number): text += "\(number)\n"
        case .array: text += "[]\n"
        case .object: text += "{}\n"
        case .string(let string):
            guard let header = YAMLString.literalHeader(string) else {
                text += "\(YAMLString.inline(string))\n"
                return
            }
            text += "\(header)\n"
            for line in string.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
                string.utf8.last == UInt8(ascii: "\n") ? 1 : 0)
            {
                if !line.isEmpty { indent(column + 2) }
                text.unicodeScalars.append(contentsOf: line)
                text += "\n"
            }
        }
    }

    private mutating func indent(_ column: Int) { text += String(repeating: " ", count: max(column, 0)) }
}

/// How a string is written.
enum YAMLString {
    /// The head of the literal style (`|`) with which a string of several lines can be written; `nil` where it can't.
    static func literalHeader(_ string: String) -> String? {
        guard string.unicodeScalars.contains("\n"), string.unicodeScalars.contains(where: { $0 != "\n" && $0 != " " && $0 != "\t" }),
            string.unicodeScalars.allSatisfy({ $0 == "\n" || $0 == "\t" || isPlainlyPrintable($0) })
        else { return nil }
        let first = string.unicodeScalars.first
        let indentation = first == " " || first == "\n" || first == "\t" ? "2" : ""
        let ending = string.unicodeScalars.suffix(2)
        return "|\(indentation)\(ending.last != "\n" ? "-" : ending.first == "\n" ? "+" : "")"
    }

    /// On one line: plain where it is safe, else in quotes.
    static func inline(_ string: String) -> String {
        guard string.unicodeScalars.allSatisfy(isPlainlyPrintable) else { return doubleQuoted(string) }
        if isSafePlain(string) { return string }
        if string.utf8.contains(UInt8(ascii: "'")), !string.utf8.contains(UInt8(ascii: "\"")), !string.utf8.contains(UInt8(ascii: "\\")) {
            return doubleQuoted(string)
        }
        var quoted = "'"
        for scalar in string.unicodeScalars {
            if scalar == "'" { quoted += "'" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "'"
    }

    /// Printable, and no line break or byte order mark to any reader of YAML.
    private static func isPlainlyPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func isSafePlain(_ string: String) -> Bool {
        guard case .value(.string) = YAMLScalar.resolve(string), !YAMLScalar.isAmbiguous(string) else { return false }
        let bytes = Array(string.utf8)
        guard let first = bytes.first, let last = bytes.last, first != UInt8(ascii: " "), last != UInt8(ascii: " "), last != UInt8(ascii: ":") else {
            return false
        }
        if "?:,[]{}#&*!|>'\"%@`".utf8.contains(first) { return false }
        if first == UInt8(ascii: "-"), bytes.count == 1 || bytes[1] == UInt8(ascii: " ") || bytes[1] == UInt8(ascii: "-") { return false }
        if bytes.starts(with: "...".utf8) { return false }
        for (byte, next) in zip(bytes, bytes.dropFirst()) {
            if byte == UInt8(ascii: ":") && next == UInt8(ascii: " ") || byte == UInt8(ascii: " ") && next == UInt8(ascii: "#") { return false }
        }
        return true
    }

    private static func doubleQuoted(_ string: String) -> String {
        var quoted = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _ where isPlainlyPrintable(scalar): quoted.unicodeScalars.append(scalar)
            default:
                let hex = String(scalar.value, radix: 16, uppercase: true)
                let (mark, width) = scalar.value < 0x100 ? ("\\x", 2) : scalar.value < 0x10000 ? ("\\u", 4) : ("\\U", 8)
                quoted += mark + String(repeating: "0", count: width - hex.utf8.count) + hex
            }
        }
        return quoted + "\""
    }
}
