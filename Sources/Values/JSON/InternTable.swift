/// The strings read last, by hash, so that equal ones need no second allocation.
struct InternTable {
    private static let size = 256
    private var slots: [String] = []

    /// The string of UTF-8 bytes.
    mutating func string(_ bytes: Span<UInt8>) throws(UTF8.ValidationError) -> String {
        if slots.isEmpty { slots = Array(repeating: "", count: Self.size) }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
        for i in bytes.indices { hash = (hash ^ UInt64(bytes[i])) &* 0x100_0000_01B3 }
        let slot = Int((hash ^ hash >> 32) & UInt64(Self.size - 1))
        if Self.isEqual(slots[slot].utf8Span.span, bytes) { return slots[slot] }
        let new = String(copying: try UTF8Span(validating: bytes))
        slots[slot] = new
        return new
    }

    private static func isEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        for i in a.indices where a[i] != b[i] { return false }
        return true
    }
}
