/// The blocks of a PEM text (RFC 7468). Pure.
enum PEM {
    struct Block {
        var label: String
        /// DER, or nothing sensible where the block is encrypted the old way.
        var bytes: [UInt8]
        var isEncrypted: Bool
    }

    static func blocks(_ text: [UInt8]) -> [Block] {
        var blocks: [Block] = []
        var label: String?
        var body = ""
        var isEncrypted = false
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = String(decoding: line, as: UTF8.self).trimmed
            if line.hasPrefix("-----BEGIN "), line.hasSuffix("-----") {
                label = String(line.dropFirst(11).dropLast(5))
                body = ""
                isEncrypted = label?.hasPrefix("ENCRYPTED") ?? false
            } else if line.hasPrefix("-----END ") {
                if let label, let bytes = Base64.decode(body) { blocks.append(Block(label: label, bytes: bytes, isEncrypted: isEncrypted)) }
                label = nil
            } else if line.contains(":") {
                // A header of the old form: `Proc-Type: 4,ENCRYPTED`, then `DEK-Info`.
                if line.contains("ENCRYPTED") { isEncrypted = true }
            } else if label != nil {
                body += line
            }
        }
        return blocks
    }
}
