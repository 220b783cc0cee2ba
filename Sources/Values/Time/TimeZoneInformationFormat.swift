extension TimeZoneRules {
    package struct Malformed: Error {
        package let message: String
    }

    /// Reads a TZif file of version 2 or later (RFC 8536, section 3).
    package init(identifier: String, tzif bytes: [UInt8]) throws(Malformed) {
        var reader = TZifReader(bytes: bytes)
        let old = try reader.header()
        guard old.version >= UInt8(ascii: "2") else {
            throw Malformed(message: "it is TZif of version 1, which ends in 2037; install a tzdata of today")
        }
        try reader.skip(old.size(timeSize: 4))
        let header = try reader.header()
        guard header.leaps == 0 else { throw Malformed(message: "it counts leap seconds; use the zone without 'right/'") }
        guard header.types > 0 else { throw Malformed(message: "it has no local time") }

        var instants: [Int64] = []
        for _ in 0..<header.transitions { instants.append(try reader.int64()) }
        var transitions: [Transition] = []
        for at in instants {
            let time = Int(try reader.byte())
            guard time < header.types, transitions.last.map({ $0.at < at }) ?? true else {
                throw Malformed(message: "its transitions are out of order")
            }
            transitions.append(Transition(at: at, time: time))
        }
        var types: [(offset: Int, isDST: Bool, name: Int)] = []
        for _ in 0..<header.types { types.append((Int(try reader.int32()), try reader.byte() != 0, Int(try reader.byte()))) }
        let names = try reader.bytes(header.names)
        var times: [LocalTime] = []
        for type in types {
            guard type.name < names.count, abs(type.offset) <= 26 * 3600 else { throw Malformed(message: "a local time is out of bounds") }
            let name = names[(names.startIndex + type.name)...].prefix { $0 != 0 }
            times.append(LocalTime(offset: type.offset, isDST: type.isDST, abbreviation: String(decoding: name, as: UTF8.self)))
        }
        try reader.skip(header.flags)

        let rule = try reader.footer()
        let footer = PosixZone(rule)
        guard footer != nil || rule.isEmpty else { throw Malformed(message: "its last rule '\(rule)' is not understood") }
        self.init(identifier: identifier, times: times, transitions: transitions, footer: footer)
    }
}

/// The parts of a TZif file in their order, big-endian.
private struct TZifReader {
    struct Header {
        let version: UInt8
        let flags: Int
        let leaps: Int
        let transitions: Int
        let types: Int
        let names: Int

        func size(timeSize: Int) -> Int { transitions * (timeSize + 1) + types * 6 + names + leaps * (timeSize + 4) + flags }
    }

    private var rest: ArraySlice<UInt8>

    init(bytes: [UInt8]) { rest = bytes[...] }

    mutating func bytes(_ count: Int) throws(TimeZoneRules.Malformed) -> ArraySlice<UInt8> {
        guard rest.count >= count else { throw TimeZoneRules.Malformed(message: "it is cut short") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func skip(_ count: Int) throws(TimeZoneRules.Malformed) { _ = try bytes(count) }

    mutating func byte() throws(TimeZoneRules.Malformed) -> UInt8 { try bytes(1).first ?? 0 }

    mutating func int32() throws(TimeZoneRules.Malformed) -> Int32 {
        Int32(bitPattern: try bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }

    mutating func int64() throws(TimeZoneRules.Malformed) -> Int64 {
        Int64(bitPattern: try bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    mutating func header() throws(TimeZoneRules.Malformed) -> Header {
        guard try bytes(4).elementsEqual("TZif".utf8) else { throw TimeZoneRules.Malformed(message: "it is no TZif file") }
        let version = try byte()
        try skip(15)
        var counts: [Int] = []
        for _ in 0..<6 {
            let count = Int(try int32())
            guard (0...1_000_000).contains(count) else { throw TimeZoneRules.Malformed(message: "a count is out of bounds") }
            counts.append(count)
        }
        return Header(version: version, flags: counts[0] + counts[1], leaps: counts[2], transitions: counts[3], types: counts[4], names: counts[5])
    }

    /// The rule between two line breaks.
    mutating func footer() throws(TimeZoneRules.Malformed) -> String {
        guard try byte() == UInt8(ascii: "\n"), let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            throw TimeZoneRules.Malformed(message: "it has no last rule")
        }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}
