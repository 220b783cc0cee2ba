import Glibc
import Testing
import Values

/// Files of our own making: what the system's database does not hold, and what is broken.
@Suite struct TimeZoneFileTests {
    private struct File {
        var version = UInt8(ascii: "2")
        var transitions: [(at: Int64, type: UInt8)] = []
        var types: [(offset: Int32, isDST: UInt8, name: UInt8)] = [(0, 0, 0)]
        var names = "ABC\0DEF\0"
        var footer = "\nABC0\n"

        var bytes: [UInt8] {
            func number(_ value: Int64, _ size: Int) -> [UInt8] { (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
            func header(_ counts: [Int]) -> [UInt8] {
                Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15) + counts.flatMap { number(Int64($0), 4) }
            }
            var bytes = header([0, 0, 0, 0, 1, 4]) + [0, 0, 0, 0, 0, 0] + Array("ABC\0".utf8)
            bytes += header([0, 0, 0, transitions.count, types.count, names.utf8.count])
            bytes += transitions.flatMap { number($0.at, 8) } + transitions.map(\.type)
            bytes += types.flatMap { number(Int64($0.offset), 4) + [$0.isDST, $0.name] } + Array(names.utf8)
            return bytes + Array(footer.utf8)
        }
    }

    private func load(_ bytes: [UInt8]) throws -> TimeZoneRules {
        var template = Array("/tmp/plimsoll-zone-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            close(file)
            unlink(path)
        }
        try #require(write(file, bytes, bytes.count) == bytes.count)
        return try TimeZoneRules.load(String(path.dropFirst(5)), from: "/tmp")
    }

    private func seconds(_ rules: TimeZoneRules, _ instant: String) throws -> Int {
        rules.offset(at: try #require(Instant(rfc3339: instant))).seconds
    }

    @Test(arguments: [
        // Saving all the year, as RFC 8536 writes it; day numbers with and without 29 February; hours beyond a day; a default offset.
        ("EST5EDT,0/0,J365/25", ["2026-01-01T04:59:59Z": -14400, "2026-01-01T05:00:00Z": -14400, "2026-07-01T00:00:00Z": -14400]),
        ("AAA0BBB,J60/0,J61/0", ["2024-02-29T12:00:00Z": 0, "2024-03-01T12:00:00Z": 3600, "2025-03-01T12:00:00Z": 3600, "2025-03-02T12:00:00Z": 0]),
        ("AAA0BBB,59/0,60/0", ["2024-02-29T12:00:00Z": 3600, "2024-03-01T12:00:00Z": 0, "2025-03-01T12:00:00Z": 3600]),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", ["2026-03-29T00:59:59Z": -7200, "2026-03-29T01:00:00Z": -3600]),
        ("EET-2EEST,M3.4.4/50,M10.4.4/50", ["2026-03-27T23:59:59Z": 7200, "2026-03-28T00:00:00Z": 10800]),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", ["2026-01-01T00:00:00Z": 0, "2026-07-01T00:00:00Z": 3600]),
        ("<+0530>-5:30", ["2026-01-01T00:00:00Z": 19800]), ("AAA-0:00:30", ["2026-01-01T00:00:00Z": 30]),
        (
            "AAA0BBB-2,M1.1.0/-167,M6.1.0/167",
            ["2025-12-28T00:59:59Z": 0, "2025-12-28T01:00:00Z": 7200, "2026-06-13T20:59:59Z": 7200, "2026-06-13T21:00:00Z": 0]
        ),
    ])
    func rules(footer: String, offsets: [String: Int]) throws {
        let rules = try load(File(footer: "\n\(footer)\n").bytes)
        for (instant, offset) in offsets { #expect(try seconds(rules, instant) == offset, "\(footer) \(instant)") }
    }

    @Test func transitionsAndWhatIsAroundThem() throws {
        let file = File(transitions: [(-1000, 1), (1000, 0)], types: [(60, 0, 0), (120, 1, 4)], footer: "\n\n")
        let rules = try load(file.bytes)
        for (at, offset, name) in [(-1001, 60, "ABC"), (-1000, 120, "DEF"), (999, 120, "DEF"), (1000, 60, "ABC"), (4_000_000_000, 60, "ABC")] {
            let found = rules.offset(at: Instant(seconds: Int64(at)))
            #expect(found.seconds == offset && found.abbreviation == name)
        }
        #expect(rules.offset(at: Instant(microseconds: -1_000_000_001)).seconds == 60)
    }

    @Test func brokenFiles() {
        var cases: [(File, String)] = [
            (File(version: 0), "it is TZif of version 1"), (File(transitions: [(5, 0), (5, 0)]), "its transitions are out of order"),
            (File(transitions: [(5, 7)]), "its transitions are out of order"), (File(types: []), "it has no local time"),
            (File(footer: "\nABC"), "it has no last rule"),
            (File(footer: ""), "it is cut short"), (File(types: [(0, 0, 99)]), "a local time is out of bounds"),
            (File(types: [(.min, 0, 0)]), "a local time is out of bounds"),
        ]
        for footer in [
            "AB0", "ABC", "ABC25", "ABC0DEF", "ABC0DEF,M13.1.0,M1.1.0", "ABC0DEF,M1.6.0,M1.1.0", "ABC0DEF,M1.1.7,M1.1.0", "ABC0DEF,J0,J1",
            "ABC0DEF,366,1", "ABC0DEF,J1/168,J2",
            "ABC0DEF,J1,J2 ", "<+01", "ABC0:60", "ABC0DEF,J99999999999999999999,J2",
        ] {
            cases.append((File(footer: "\n\(footer)\n"), "its last rule '\(footer)' is not understood"))
        }
        for (file, message) in cases {
            #expect("\(file)") { try load(file.bytes) } throws: { "\($0)".contains(" is of no use: \(message)") }
        }
        #expect { try load([]) } throws: { "\($0)".contains("it is cut short") }
        #expect { try load(Array("TZif2".utf8) + [UInt8](repeating: 0xFF, count: 39)) } throws: { "\($0)".contains("a count is out of bounds") }
    }

    @Test(arguments: seeds)
    func mutatedFilesNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var bytes = File(transitions: [(-1000, 1), (1000, 0)], types: [(3600, 0, 0), (7200, 1, 4)], footer: "\nABC-1DEF,M3.5.0,M10.5.0/3\n").bytes
            for _ in 0...random.below(3) {
                let position = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[position] = UInt8(random.below(256))
                case 1: bytes.removeSubrange(position..<min(position + 1 + random.below(20), bytes.count))
                default: bytes.insert(UInt8(random.below(256)), at: position)
                }
            }
            guard let rules = try? load(bytes) else { continue }
            for _ in 0..<20 {
                let instant = Instant(microseconds: Int64.random(in: .min ... .max, using: &random))
                _ = rules.instants(of: rules.local(at: instant))
            }
        }
    }
}
