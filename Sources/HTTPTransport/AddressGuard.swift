/// Which addresses a client may connect to. It is asked about the address a name resolved to, just before the socket is made,
/// so that no packet goes to an address it refuses and a name can't resolve to something else in between.
///
/// Behind a proxy it sees the proxy's address, and the proxy resolves the target: then only a literal address in the URL is
/// checked by the policy, and the proxy's own by `.noLinkLocal` at most (a proxy in a private network is the usual case).
package enum AddressGuard: String, Sendable, Hashable, CaseIterable {
    /// Everything.
    case any
    /// For what an administrator configured: loopback and private networks are fine; link-local, metadata services of clouds,
    /// unspecified, multicast and broadcast addresses are not.
    case noLinkLocal
    /// For what a user may name: only addresses of the public Internet.
    case publicOnly
}

extension AddressGuard {
    /// Why this policy refuses the address, as a noun phrase; nil when it may be connected to.
    func refusal(of address: IPAddress) -> String? {
        if self == .any { return nil }
        for embedded in address.embeddedIPv4 {
            if let reason = refusal(of: .v4(embedded)) { return "\(reason), \(IPAddress.v4(embedded)) within IPv6" }
        }
        let blocks = self == .publicOnly ? Self.neverReached + Self.notPublic : Self.neverReached
        return blocks.first { address.matches(prefix: $0.prefix, length: $0.length) }?.what
    }

    private struct Block: Sendable {
        let prefix: IPAddress
        let length: Int
        let what: String

        init(_ prefix: IPAddress, _ length: Int, _ what: String) {
            self.prefix = prefix
            self.length = length
            self.what = what
        }
    }

    private static func four(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> IPAddress {
        .v4(a << 24 | b << 16 | c << 8 | d)
    }

    private static let neverReached: [Block] = [
        Block(four(0, 0, 0, 0), 8, "an unspecified address"),
        Block(four(169, 254, 169, 254), 32, "a metadata address"),
        Block(four(169, 254, 0, 0), 16, "a link-local address"),
        Block(four(100, 100, 100, 200), 32, "a metadata address"),
        Block(four(168, 63, 129, 16), 32, "a metadata address"),
        Block(four(192, 0, 0, 192), 32, "a metadata address"),
        Block(four(224, 0, 0, 0), 4, "a multicast address"),
        Block(four(255, 255, 255, 255), 32, "a broadcast address"),
        Block(.v6(0, 0), 128, "an unspecified address"),
        Block(.v6(0xfe80_0000_0000_0000, 0), 10, "a link-local address"),
        Block(.v6(0xfd00_0ec2_0000_0000, 0x254), 128, "a metadata address"),
        Block(.v6(0xfd20_00ce_0000_0000, 0x254), 128, "a metadata address"),
        Block(.v6(0xff00_0000_0000_0000, 0), 8, "a multicast address"),
    ]

    private static let notPublic: [Block] = [
        Block(four(127, 0, 0, 0), 8, "a loopback address"),
        Block(four(10, 0, 0, 0), 8, "a private address"),
        Block(four(172, 16, 0, 0), 12, "a private address"),
        Block(four(192, 168, 0, 0), 16, "a private address"),
        Block(four(100, 64, 0, 0), 10, "a shared address"),
        Block(four(192, 0, 0, 0), 24, "a reserved address"),
        Block(four(192, 0, 2, 0), 24, "a documentation address"),
        Block(four(198, 18, 0, 0), 15, "a benchmarking address"),
        Block(four(198, 51, 100, 0), 24, "a documentation address"),
        Block(four(203, 0, 113, 0), 24, "a documentation address"),
        Block(four(240, 0, 0, 0), 4, "a reserved address"),
        Block(.v6(0, 1), 128, "a loopback address"),
        Block(.v6(0xfc00_0000_0000_0000, 0), 7, "a private address"),
        Block(.v6(0xfec0_0000_0000_0000, 0), 10, "a private address"),
        Block(.v6(0x0064_ff9b_0001_0000, 0), 48, "a private address"),
        Block(.v6(0x0100_0000_0000_0000, 0), 64, "a reserved address"),
        Block(.v6(0x2001_0db8_0000_0000, 0), 32, "a documentation address"),
    ]
}
