import Testing
import Values

@Suite struct TimeZoneTests {
    // Said by Python's zoneinfo, on the same database.
    @Test(arguments: [
        ("Europe/Oslo", "2026-01-01T00:00:00Z", 3600, false, "CET"), ("Europe/Oslo", "2026-03-29T00:59:59Z", 3600, false, "CET"),
        ("Europe/Oslo", "2026-03-29T01:00:00Z", 7200, true, "CEST"), ("Europe/Oslo", "2026-10-25T00:59:59Z", 7200, true, "CEST"),
        ("Europe/Oslo", "2026-10-25T01:00:00Z", 3600, false, "CET"), ("Europe/Oslo", "2500-03-28T00:59:59Z", 3600, false, "CET"),
        ("Europe/Oslo", "2500-03-28T01:00:00Z", 7200, true, "CEST"), ("Europe/Oslo", "2500-12-31T23:59:59Z", 3600, false, "CET"),
        ("America/New_York", "1883-01-01T00:00:00Z", -17762, false, "LMT"), ("America/New_York", "2026-03-08T06:59:59Z", -18000, false, "EST"),
        ("America/New_York", "2026-03-08T07:00:00Z", -14400, true, "EDT"), ("America/New_York", "2026-11-01T05:59:59Z", -14400, true, "EDT"),
        ("America/New_York", "2026-11-01T06:00:00Z", -18000, false, "EST"), ("America/New_York", "2400-07-01T00:00:00Z", -14400, true, "EDT"),
        ("UTC", "2026-01-01T00:00:00Z", 0, false, "UTC"), ("Asia/Kolkata", "1943-01-01T00:00:00Z", 23400, true, "+0630"),
        ("Asia/Kolkata", "2026-07-01T00:00:00Z", 19800, false, "IST"), ("Asia/Kolkata", "3000-01-01T00:00:00Z", 19800, false, "IST"),
        ("Australia/Lord_Howe", "2026-04-04T14:59:59Z", 39600, true, "+11"), ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", 37800, false, "+1030"),
        ("Australia/Lord_Howe", "2026-10-03T15:29:59Z", 37800, false, "+1030"), ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", 39600, true, "+11"),
        ("Australia/Lord_Howe", "2600-01-01T00:00:00Z", 39600, true, "+11"), ("Australia/Lord_Howe", "2600-07-01T00:00:00Z", 37800, false, "+1030"),
        ("Pacific/Apia", "2011-12-30T09:59:59Z", -36000, true, "-10"), ("Pacific/Apia", "2011-12-30T10:00:00Z", 50400, true, "+14"),
    ])
    func offsets(zone: String, instant: String, seconds: Int, isDST: Bool, abbreviation: String) throws {
        let instant = try #require(Instant(rfc3339: instant))
        let offset = try TimeZoneRules.load(zone).offset(at: instant)
        #expect(offset == (seconds, isDST, abbreviation))
    }

    @Test(arguments: [
        ("Europe/Oslo", 2026, 6, 1, 12, 0, ["2026-06-01T10:00:00Z"]), ("Europe/Oslo", 2026, 3, 29, 2, 0, []), ("Europe/Oslo", 2026, 3, 29, 2, 59, []),
        ("Europe/Oslo", 2026, 3, 29, 3, 0, ["2026-03-29T01:00:00Z"]), ("Europe/Oslo", 2026, 3, 29, 1, 59, ["2026-03-29T00:59:00Z"]),
        ("Europe/Oslo", 2026, 10, 25, 2, 0, ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"]),
        ("Europe/Oslo", 2026, 10, 25, 2, 59, ["2026-10-25T00:59:00Z", "2026-10-25T01:59:00Z"]),
        ("Europe/Oslo", 2026, 10, 25, 3, 0, ["2026-10-25T02:00:00Z"]),
        ("Europe/Oslo", 2500, 3, 28, 2, 30, []), ("Europe/Oslo", 2500, 10, 31, 2, 30, ["2500-10-31T00:30:00Z", "2500-10-31T01:30:00Z"]),
        ("America/New_York", 2026, 3, 8, 2, 30, []), ("America/New_York", 2026, 11, 1, 1, 30, ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]),
        ("Australia/Lord_Howe", 2026, 10, 4, 2, 15, []), ("Australia/Lord_Howe", 2026, 10, 4, 2, 30, ["2026-10-03T15:30:00Z"]),
        ("Australia/Lord_Howe", 2026, 4, 5, 1, 45, ["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"]),
        ("Pacific/Apia", 2011, 12, 30, 12, 0, []), ("UTC", 2026, 2, 28, 23, 59, ["2026-02-28T23:59:00Z"]),
    ])
    func localTimes(zone: String, year: Int, month: Int, day: Int, hour: Int, minute: Int, instants: [String]) throws {
        let rules = try TimeZoneRules.load(zone)
        let date = try #require(CivilDate(year: year, month: month, day: day))
        let local = try #require(CivilDateTime(date, hour: hour, minute: minute))
        let found = rules.instants(of: local)
        #expect(found.map(\.rfc3339) == instants)
        for instant in found { #expect(rules.local(at: instant) == local) }
    }

    @Test(arguments: [
        "", "/etc/passwd", "../../etc/passwd", "Europe/../UTC", "Europe//Oslo", "Europe/", ".", "Europe/Oslo\0", "zone.tab", "Europe\\Oslo",
        String(repeating: "a", count: 200),
    ])
    func namesThatAreNone(name: String) {
        #expect { try TimeZoneRules.load(name) } throws: {
            "\($0)" == "time zone '\(name)': no name of a time zone; use an IANA name such as Europe/Oslo, or UTC"
        }
    }

    @Test func unknownZones() {
        #expect { try TimeZoneRules.load("Europe/Olso") } throws: {
            "\($0)"
                == "time zone 'Europe/Olso': unknown: /usr/share/zoneinfo/Europe/Olso can't be read; use an IANA name such as Europe/Oslo (upper and lower case matter), or UTC"
        }
        #expect { try TimeZoneRules.load("Europe") } throws: { "\($0)".contains("unknown") }
        #expect { try TimeZoneRules.load("UTC", from: "/nowhere") } throws: {
            "\($0)" == "time zone 'UTC': there is no /nowhere to look it up in; install the package tzdata"
        }
        #expect { try TimeZoneRules.load("passwd", from: "/etc") } throws: {
            "\($0)" == "time zone 'passwd': /etc/passwd is of no use: it is no TZif file"
        }
        #expect { try TimeZoneRules.load("right/UTC") } throws: { "\($0)".contains("it counts leap seconds") || "\($0)".contains("unknown") }
    }

    @Test(arguments: seeds)
    func localAndBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let zones = [
            "Europe/Oslo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca", "America/Nuuk",
            "Pacific/Chatham", "UTC",
        ]
        let rules = try TimeZoneRules.load(random.pick(zones))
        for _ in 0..<200 {
            let instant = Instant(seconds: Int64.random(in: -5_000_000_000...30_000_000_000, using: &random))
            let local = rules.local(at: instant)
            let instants = rules.instants(of: local)
            #expect(instants.contains(instant) && instants.count <= 2 && instants == instants.sorted())
            #expect(abs(rules.offset(at: instant).seconds) <= 26 * 3600)
        }
        for extreme in [Int64.min, .max] {
            let instant = Instant(microseconds: extreme)
            #expect(!rules.instants(of: rules.local(at: instant)).isEmpty)
        }
    }

    @Test func wallClocks() throws {
        let date = try #require(CivilDate(year: 2026, month: 3, day: 29))
        #expect(CivilDateTime(date, hour: 2, minute: 30)?.description == "2026-03-29T02:30:00")
        #expect(CivilDateTime(date, hour: 24) == nil)
        #expect(CivilDateTime(date, minute: 60) == nil)
        #expect(CivilDateTime(date, second: -1) == nil)
        let (midnight, later) = (try #require(CivilDateTime(date)), try #require(CivilDateTime(date, second: 1)))
        #expect(midnight < later)
    }
}
