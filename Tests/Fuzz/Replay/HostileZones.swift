/// Time zone files of a quarter of a mebibyte that would take for ever, or all memory, where reading one costs more than its size.
enum HostileZones {
    static let inputs: [(name: String, bytes: [UInt8])] = [
        ("transitions", file(transitions: HostileSizes.size / 9)),
        ("local times", file(types: HostileSizes.size / 6)),
        ("names", file(names: HostileSizes.size)),
        ("flags", file(flags: HostileSizes.size)),
        ("leap seconds", header([0, 0, HostileSizes.size / 12, 0, 1, 4]) + [UInt8](repeating: 0, count: HostileSizes.size)),
        ("a name for the rule", file(footer: many("A"))),
        ("a quoted name for the rule", file(footer: "<" + many("0") + ">0")),
        ("digits in the rule", file(footer: "CET-" + many("1"))),
        ("commas in the rule", file(footer: "CET-1CEST" + many(","))),
        ("a rule without end", Array(file(footer: many("A")).dropLast())),
        ("counts that are not kept", header([1_000_000, 1_000_000, 0, 1_000_000, 1_000_000, 1_000_000])),
        ("counts beyond all bounds", header([Int](repeating: Int(Int32.max), count: 6))),
    ]

    private static func many(_ character: Character) -> String { String(repeating: character, count: HostileSizes.size) }

    /// Of version 2, with an empty part of version 1. Transitions ascend, so that they are taken.
    private static func file(
        transitions: Int = 0, types: Int = 1, names: Int = 4, flags: Int = 0, footer: String = "CET-1CEST,M3.5.0,M10.5.0/3"
    ) -> [UInt8] {
        var bytes = header([0, 0, 0, 0, 0, 0]) + header([flags, 0, 0, transitions, types, names])
        for index in 0..<transitions { bytes += big(Int64(index) * 1_000, 8) }
        bytes += [UInt8](repeating: 0, count: transitions)
        for _ in 0..<types { bytes += big(3_600, 4) + [0, 0] }
        bytes += [UInt8](repeating: UInt8(ascii: "A"), count: names - 1) + [0] + [UInt8](repeating: 0, count: flags)
        return bytes + Array("\n\(footer)\n".utf8)
    }

    /// Counts in the order of RFC 8536: of two kinds of flags, leap seconds, transitions, local times, bytes of names.
    private static func header(_ counts: [Int]) -> [UInt8] {
        Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + counts.flatMap { big(Int64($0), 4) }
    }

    private static func big(_ number: Int64, _ bytes: Int) -> [UInt8] {
        (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * Int64($0))) }
    }
}
