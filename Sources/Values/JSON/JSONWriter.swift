/// Writes JSON text: keys in their order or sorted by bytes, `/` and everything beyond ASCII unescaped, control characters escaped.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    let pretty: Bool
    let sortedKeys: Bool

    private static let hex = Array("0123456789abcdef".utf8)

    mutating func write(_ value: JSON, indent: Int = 0) {
        switch value {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .number(let text): write(text)
        case .string(let text): writeString(text)
        case .array(let elements):
            list(elements, open: "[", close: "]", indent: indent) { writer, element in
                writer.write(element, indent: indent + 1)
            }
        case .object(let object):
            list(sortedKeys ? object.sorted : Array(object), open: "{", close: "}", indent: indent) { writer, member in
                writer.writeString(member.key)
                writer.write(writer.pretty ? ": " : ":")
                writer.write(member.value, indent: indent + 1)
            }
        }
    }

    private mutating func list<T>(_ items: [T], open: String, close: String, indent: Int, _ item: (inout JSONWriter, T) -> Void) {
        write(open)
        for (position, each) in items.enumerated() {
            if position > 0 { write(",") }
            newLine(indent + 1)
            item(&self, each)
        }
        if !items.isEmpty { newLine(indent) }
        write(close)
    }

    private mutating func newLine(_ indent: Int) {
        guard pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indent))
    }

    private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func writeString(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\\"): write("\\\\")
            case UInt8(ascii: "\n"): write("\\n")
            case UInt8(ascii: "\r"): write("\\r")
            case UInt8(ascii: "\t"): write("\\t")
            case 0x08: write("\\b")
            case 0x0C: write("\\f")
            case 0..<0x20:
                write("\\u00")
                bytes.append(Self.hex[Int(byte >> 4)])
                bytes.append(Self.hex[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension JSON {
    /// The JSON text. `pretty` indents by two blanks; `sortedKeys` orders members by the bytes of their keys, so that equal trees give equal text.
    package func text(pretty: Bool = false, sortedKeys: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty, sortedKeys: sortedKeys)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The JSON text as UTF-8.
    package func bytes(sortedKeys: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: false, sortedKeys: sortedKeys)
        writer.write(self)
        return writer.bytes
    }
}
