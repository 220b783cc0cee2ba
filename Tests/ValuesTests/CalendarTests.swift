import Testing
import Values

@Suite struct CalendarTests {
    @Test(arguments: [
        ("Week", "UTC", "2026-11-21T12:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        ("Week", "UTC", "2026-11-16T00:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        ("Week", "UTC", "2026-11-15T23:59:59Z", "2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z"),
        // A week of an hour less and one of an hour more.
        ("Week", "Europe/Oslo", "2026-03-27T12:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Week", "Europe/Oslo", "2026-10-25T12:00:00Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("Month", "Europe/Oslo", "2026-10-31T23:30:00Z", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"),
        ("Month", "America/New_York", "2026-11-01T03:59:59Z", "2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z"),
        ("Month", "UTC", "2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ("Quarter", "Asia/Kathmandu", "2026-05-05T00:00:00Z", "2026-03-31T18:15:00Z", "2026-06-30T18:15:00Z"),
        ("Quarter", "UTC", "2026-12-31T23:59:59Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("Year", "Pacific/Auckland", "2026-12-31T11:00:00Z", "2026-12-31T11:00:00Z", "2027-12-31T11:00:00Z"),
        ("Year", "UTC", "2028-12-31T00:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"),
        ("Month", "Asia/Beirut", "2026-03-29T12:00:00Z", "2026-02-28T22:00:00Z", "2026-03-31T21:00:00Z"),
    ])
    func periods(unit: String, zone: String, at: String, start: String, end: String) throws {
        let period = try TimeZoneRules.load(zone).period(
            try #require(CalendarUnit(rawValue: unit)), around: try #require(Instant(rfc3339: at)))
        #expect(period.start.rfc3339 == start)
        #expect(period.end.rfc3339 == end)
    }

    @Test func periodsFollowOneAnother() throws {
        for zone in ["Europe/Oslo", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca"] {
            let rules = try TimeZoneRules.load(zone)
            for unit in CalendarUnit.allCases {
                var period = rules.period(unit, around: try #require(Instant(rfc3339: "2015-06-01T00:00:00Z")))
                for _ in 0..<60 {
                    let next = rules.period(unit, around: period.end)
                    #expect(next.start == period.end, "\(zone) \(unit)")
                    #expect(rules.period(unit, around: Instant(microseconds: period.end.microseconds - 1)) == period)
                    period = next
                }
            }
        }
    }
}
