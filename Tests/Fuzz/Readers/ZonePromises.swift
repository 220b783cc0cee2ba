import Values

/// A time zone file that is taken gives a local time for any instant, and finds the instant by that local time again.
enum ZonePromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard let rules = try? TimeZoneRules(identifier: "Fuzz/Zone", tzif: bytes) else { return }
        let years: [Int64] = [-9_000_000_000_000, -62_000_000_000, -1, 0, 1, 951_782_400, 1_774_746_000, 4_102_444_800, 9_000_000_000_000]
        for seconds in years {
            let instant = Instant(seconds: seconds)
            let offset = rules.offset(at: instant)
            try promise(abs(offset.seconds) <= 26 * 3600, "an offset of \(offset.seconds) s")
            let found = rules.instants(of: rules.local(at: instant))
            try promise(found.contains(instant), "\(instant) is not among the instants of its own local time: \(found)")
        }
    }
}
