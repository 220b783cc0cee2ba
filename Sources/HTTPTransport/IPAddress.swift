import Glibc

/// An IPv4 or IPv6 address.
enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    case v4(UInt32)
    /// The upper and the lower 64 bits.
    case v6(UInt64, UInt64)

    /// A literal in the standard notation, without brackets and zone.
    init?(_ literal: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, literal, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
        } else if inet_pton(AF_INET6, literal, &six) == 1 {
            self = .init(bytes: withUnsafeBytes(of: &six) { Array($0) })
        } else {
            return nil
        }
    }

    /// The address part of what libcurl is about to connect to; nil for any other family.
    init?(_ address: UnsafePointer<sockaddr>, length: Int) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            self = .v4(UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            var six = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self = .init(bytes: withUnsafeBytes(of: &six) { Array($0) })
        default:
            return nil
        }
    }

    private init(bytes: [UInt8]) {
        let words = [bytes.prefix(8), bytes.dropFirst(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        self = .v6(words[0], words[1])
    }

    var description: String {
        switch self {
        case .v4(let bits):
            return [24, 16, 8, 0].map { String(bits >> UInt32($0) & 0xff) }.joined(separator: ".")
        case .v6(let high, let low):
            var address = in6_addr()
            withUnsafeMutableBytes(of: &address) { bytes in
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// The IPv4 addresses that this IPv6 address may lead to: mapped, compatible, translated, NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056),
    /// Teredo (RFC 4380: its server and its client), ISATAP (RFC 5214).
    var embeddedIPv4: [UInt32] {
        guard case .v6(let high, let low) = self else { return [] }
        let last = UInt32(truncatingIfNeeded: low)
        if high == 0, low >> 32 == 0 { return low > 1 ? [last] : [] }
        if high == 0, low >> 32 == 0xffff || low >> 32 == 0xffff_0000 { return [last] }
        if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return [last] }
        if high >> 16 == 0x0064_ff9b_0001 { return localTranslation(high, low) }
        if high >> 48 == 0x2002 { return [UInt32(truncatingIfNeeded: high >> 16)] }
        if high >> 32 == 0x2001_0000 { return [UInt32(truncatingIfNeeded: high), ~last] }
        // The second bit tells an address that is unique in the world, and says nothing here.
        if low >> 32 & ~0x0200_0000 == 0x0000_5efe { return [last] }
        return []
    }

    /// 64:ff9b:1::/48 is for networks' own translators, whose prefix may be 48, 56, 64 or 96 bits long, and the address behind it lies elsewhere in
    /// each: all are taken, but those that begin with 0, which come from reading a longer prefix as a shorter one.
    private func localTranslation(_ high: UInt64, _ low: UInt64) -> [UInt32] {
        // Bits 64 to 71 are always zero and belong to no address.
        let readings = [
            (high & 0xffff) << 16 | low >> 40 & 0xffff,
            (high & 0xff) << 24 | low >> 32 & 0xff_ffff,
            low >> 24 & 0xffff_ffff,
            low & 0xffff_ffff,
        ]
        return readings.map { UInt32(truncatingIfNeeded: $0) }.filter { $0 >> 24 != 0 }
    }

    /// Whether the first `length` bits are those of `prefix`; false for the other family and for a length out of range.
    func matches(prefix: IPAddress, length: Int) -> Bool {
        switch (self, prefix) {
        case (.v4(let a), .v4(let b)):
            guard (0...32).contains(length) else { return false }
            return length == 0 || (a ^ b) >> UInt32(32 - length) == 0
        case (.v6(let ah, let al), .v6(let bh, let bl)):
            guard (0...128).contains(length) else { return false }
            if length == 0 { return true }
            if length <= 64 { return (ah ^ bh) >> UInt64(64 - length) == 0 }
            return ah == bh && (length == 64 || (al ^ bl) >> UInt64(128 - length) == 0)
        default:
            return false
        }
    }
}
