import Testing

@testable import Values

@Suite struct CronTests {
    private func schedule(
        _ text: String, _ zone: String = "UTC", gap: CronSchedule.Gap = .runAtTransition, fold: CronSchedule.Fold = .firstOnly
    ) throws -> CronSchedule {
        CronSchedule(try CronExpression(text), in: try TimeZoneRules.load(zone), gap: gap, fold: fold)
    }

    private func instant(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

    @Test(arguments: [
        ("0 3 1 * *", "2026-01-01T03:00:00Z", ["2026-02-01T03:00:00Z", "2026-03-01T03:00:00Z"]),
        ("*/15 * * * *", "2026-01-01T00:07:00Z", ["2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z", "2026-01-01T00:45:00Z", "2026-01-01T01:00:00Z"]),
        ("5/20 4 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T04:05:00Z", "2026-01-01T04:25:00Z", "2026-01-01T04:45:00Z"]),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", ["2104-02-29T00:00:00Z"]), ("0 0 31 * *", "2026-01-31T00:00:00Z", ["2026-03-31T00:00:00Z"]),
        ("0 9 * * mon-FRI", "2026-11-20T09:00:00Z", ["2026-11-23T09:00:00Z"]),
        ("0 0 * * 7", "2026-11-21T00:00:00Z", ["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"]),
        ("0 0 * * 5-7", "2026-11-20T00:00:00Z", ["2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z"]),
        // Both restricted: either; a step above one restricts, a step of one does not.
        ("0 0 13 * 5", "2026-11-01T00:00:00Z", ["2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"]),
        ("0 0 */10 * Sun", "2026-11-08T00:00:00Z", ["2026-11-11T00:00:00Z", "2026-11-15T00:00:00Z", "2026-11-21T00:00:00Z"]),
        ("0 0 */1 * Sun", "2026-11-08T00:00:00Z", ["2026-11-15T00:00:00Z"]), ("0 0 ? * Sun", "2026-11-08T00:00:00Z", ["2026-11-15T00:00:00Z"]),
        ("0 0 1 jan,JUL *", "2026-01-01T00:00:00Z", ["2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
        ("@Yearly", "2026-01-01T00:00:00Z", ["2027-01-01T00:00:00Z"]), ("@hourly", "2026-01-01T00:00:00Z", ["2026-01-01T01:00:00Z"]),
        ("@weekly", "2026-11-21T00:00:00Z", ["2026-11-22T00:00:00Z"]),
        ("  0\t0   1 1 * ", "2026-01-01T00:00:00Z", ["2027-01-01T00:00:00Z"]),
    ])
    func nextSlots(text: String, after: String, expected: [String]) throws {
        let schedule = try schedule(text)
        var at = try instant(after)
        for next in expected {
            at = try #require(schedule.next(after: at)).at
            #expect(at.rfc3339 == next)
            #expect(schedule.previous(atOrBefore: at)?.at == at)
        }
    }

    /// Kubernetes extrapolates from the first interval, and sees no missed run here.
    @Test func theMissedRunOfAMonth() throws {
        let schedule = try schedule("0 3 1 * *")
        for now in ["2026-03-29T12:00:00Z", "2026-03-31T23:59:59Z"] {
            #expect(schedule.previous(atOrBefore: try instant(now))?.at.rfc3339 == "2026-03-01T03:00:00Z")
        }
        #expect(try self.schedule("0 12 29 2 *").previous(atOrBefore: try instant("2026-01-01T00:00:00Z"))?.at.rfc3339 == "2024-02-29T12:00:00Z")
    }

    // The zones' moments were said by Python's zoneinfo.
    @Test(arguments: [
        // A gap: right after the change, under the name of the time that was passed over.
        ("30 2 * * *", "America/New_York", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z", "20260308-0230-america.new-york"),
        ("0 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "20260329-0200-europe.berlin"),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T15:00:00Z", "2026-10-03T15:30:00Z", "20261004-0215-australia.lord-howe"),
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-04T02:00:00Z", "2018-11-04T03:00:00Z", "20181104-0000-america.sao-paulo"),
        ("0 0 * * *", "Africa/Cairo", "2026-04-23T21:00:00Z", "2026-04-23T22:00:00Z", "20260424-0000-africa.cairo"),
        ("30 2 * * *", "Africa/Casablanca", "2026-03-22T01:00:00Z", "2026-03-22T02:00:00Z", "20260322-0230-africa.casablanca"),
        // A time that the clocks show and one that they pass over at the same moment: one slot, and its name is the shown one's.
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "20260329-0300-europe.berlin"),
        // A fold: the first time.
        ("30 1 * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z", "20261101-0130-america.new-york"),
        ("30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z", "20261102-0130-america.new-york"),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z", "20260406-0145-australia.lord-howe"),
        ("30 2 * * *", "Africa/Casablanca", "2026-02-15T01:00:00Z", "2026-02-15T01:30:00Z", "20260215-0230-africa.casablanca"),
        // What repeats follows real time.
        ("0 * * * *", "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "20261101-0100b-america.new-york"),
        ("*/30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "20261101-0100b-america.new-york"),
        ("0 * * * *", "America/New_York", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z", "20260308-0300-america.new-york"),
        // No day is made up: Apia's calendar has no 30 December 2011.
        ("0 12 * * *", "Pacific/Apia", "2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z", "20111231-1200-pacific.apia"),
    ])
    func clocksThatChange(text: String, zone: String, after: String, at: String, name: String) throws {
        let slot = try #require(try schedule(text, zone).next(after: try instant(after)))
        #expect(slot.at.rfc3339 == at)
        #expect(slot.name == name)
    }

    @Test func otherPolicies() throws {
        let skipping = try schedule("30 2 * * *", "America/New_York", gap: .skip)
        #expect(skipping.next(after: try instant("2026-03-08T06:00:00Z"))?.at.rfc3339 == "2026-03-09T06:30:00Z")
        let both = try schedule("30 1 * * *", "America/New_York", fold: .both)
        let first = try #require(both.next(after: try instant("2026-11-01T04:00:00Z")))
        let second = try #require(both.next(after: first.at))
        #expect([first.at.rfc3339, second.at.rfc3339] == ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"])
        #expect(second.name == "20261101-0130b-america.new-york")
    }

    /// With nothing made up and nothing left out, a slot is a minute at which the clocks show what the fields say, as Kubernetes has it.
    @Test(arguments: [
        ("Europe/Oslo", "2026-03-28T00:00:00Z"), ("Europe/Oslo", "2026-10-24T00:00:00Z"), ("America/New_York", "2026-10-31T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"), ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
        ("America/Sao_Paulo", "2018-11-03T00:00:00Z"),
        ("Pacific/Apia", "2011-12-29T00:00:00Z"), ("UTC", "2028-02-28T00:00:00Z"), ("Asia/Kathmandu", "2026-12-31T00:00:00Z"),
    ])
    func agreesWithAScanOfMinutes(zone: String, start: String) throws {
        var random = SeededGenerator(seed: 20_261_121)
        let start = try instant(start)
        let minutes = 3 * 1440
        for _ in 0..<40 {
            let text = Self.expression(&random)
            let schedule = try schedule(text, zone, gap: .skip, fold: .both)
            var scanned: [Instant] = []
            for minute in 0..<minutes {
                let at = start.adding(.minutes(Int64(minute)))
                let local = schedule.zone.local(at: at)
                let isDue =
                    schedule.expression.includes(local.date) && schedule.expression.hours >> UInt64(local.hour) & 1 == 1
                    && schedule.expression.minutes >> UInt64(local.minute) & 1 == 1
                if isDue { scanned.append(at) }
            }
            let end = start.adding(.minutes(Int64(minutes - 1)))
            var forwards: [Instant] = []
            var at = Instant(microseconds: start.microseconds - 1)
            while let slot = schedule.next(after: at), slot.at <= end {
                forwards.append(slot.at)
                at = slot.at
            }
            #expect(forwards == scanned, "\(text) in \(zone)")
            var backwards: [Instant] = []
            at = end
            while let slot = schedule.previous(atOrBefore: at), slot.at >= start {
                backwards.append(slot.at)
                at = Instant(microseconds: slot.at.microseconds - 1)
            }
            #expect(backwards.reversed() == scanned, "\(text) in \(zone), backwards")
        }
    }

    /// Few slots a day, so that going through them stays quick.
    private static func expression(_ random: inout SeededGenerator) -> String {
        func pick(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? "*" }
        return [
            pick(["0", "30", "*/20", "7,52", "15-17", "40/7"]), pick(["*", "0", "2", "1-3", "0,12,23", "*/5"]),
            pick(["*", "*", "?", "*/2", "28-31", "4,30"]), pick(["*", "*", "*/3", "feb-apr", "10,12"]), pick(["*", "*", "sun", "5-7", "1/2"]),
        ].joined(separator: " ")
    }

    @Test(arguments: [
        ("", "has 0 fields; use five"), ("* * * *", "has 4 fields; use five"), ("0 0 0 * * *", "has 6 fields; use five"),
        ("60 * * * *", "minute '60' is none of 0 to 59"), ("* 24 * * *", "hour '24' is none of 0 to 23"),
        ("* * 0 * *", "day of month '0' is none of 1 to 31"), ("* * * 13 *", "month '13' is none of 1 to 12 or jan to dec"),
        ("* * * * 8", "day of week '8' is none of 0 to 7 or sun to sat"), ("*/0 * * * *", "minute '*/0' has no step of 1 or more"),
        ("*/ * * * *", "minute '*/' has no step"), ("5-1 * * * *", "minute '5-1' ends before it begins"),
        ("1-70 * * * *", "minute '1-70' does not end in 0 to 59"), ("1,,2 * * * *", "minute '' is none of"), ("+1 * * * *", "minute '+1' is none of"),
        ("-1 * * * *", "minute '-1' is none of"), ("0 0 L * *", "day of month 'L' is none of"), ("0 0 30 2 *", "is never due"),
        ("0 0 31 4,6,9,11 *", "is never due"), ("@every 5m", "is no descriptor known here"), ("@reboot", "is no descriptor known here"),
        ("TZ=UTC 0 0 * * *", "must not name a zone"), ("CRON_TZ=UTC", "must not name a zone"), ("TZ=", "must not name a zone"),
        ("TZ=0", "must not name a zone"), ("99999999999999999999 * * * *", "minute '99999999999999999999' is none of"),
    ])
    func refused(text: String, message: String) {
        #expect { try CronExpression(text) } throws: { "\($0)".hasPrefix(message) }
    }

    /// In either form a day that no month has makes weekdays count alone.
    @Test func aDayThatNoMonthHasBesideAWeekday() throws {
        #expect(try schedule("0 0 30 2 mon").next(after: try instant("2026-02-01T00:00:00Z"))?.at.rfc3339 == "2026-02-02T00:00:00Z")
    }

    @Test(arguments: [
        ("America/Sao_Paulo", 2018, 11, 4, "2018-11-04T03:00:00Z"), ("Europe/Oslo", 2026, 3, 29, "2026-03-28T23:00:00Z"),
        ("Europe/Oslo", 2026, 10, 26, "2026-10-25T23:00:00Z"), ("UTC", 2026, 1, 1, "2026-01-01T00:00:00Z"),
    ])
    func daysBegin(zone: String, year: Int, month: Int, day: Int, at: String) throws {
        let date = try #require(CivilDate(year: year, month: month, day: day))
        #expect(try TimeZoneRules.load(zone).start(of: date).rfc3339 == at)
    }
}
