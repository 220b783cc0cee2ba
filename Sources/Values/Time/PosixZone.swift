/// The rule at the end of a TZif file: a POSIX TZ string such as `CET-1CEST,M3.5.0,M10.5.0/3`, with the extensions of RFC 8536 (hours from -167 to 167).
struct PosixZone {
    /// A day of every year.
    private enum Day {
        /// 1 to 365; 29 February is never counted.
        case julian(Int)
        /// 0 to 365.
        case ordinal(Int)
        /// The nth (5: the last) of a weekday (0: Sunday) in a month.
        case weekday(month: Int, week: Int, weekday: Int)
    }

    private struct Change {
        let day: Day
        /// Seconds after local midnight by the clock before the change.
        let time: Int
    }

    private struct Saving {
        let time: TimeZoneRules.LocalTime
        let start: Change
        let end: Change
    }

    private let standard: TimeZoneRules.LocalTime
    private let saving: Saving?

    /// `nil` for what is no such rule.
    init?(_ text: String) {
        var scanner = Scanner(rest: text.utf8[...])
        guard let name = scanner.name(), let west = scanner.time(hours: 24) else { return nil }
        standard = TimeZoneRules.LocalTime(offset: -west, isDST: false, abbreviation: name)
        guard !scanner.rest.isEmpty else {
            saving = nil
            return
        }
        guard let savingName = scanner.name() else { return nil }
        var savingOffset = standard.offset + 3600
        if scanner.rest.first != UInt8(ascii: ",") {
            guard let west = scanner.time(hours: 24) else { return nil }
            savingOffset = -west
        }
        guard let start = scanner.change(), let end = scanner.change(), scanner.rest.isEmpty else { return nil }
        saving = Saving(time: TimeZoneRules.LocalTime(offset: savingOffset, isDST: true, abbreviation: savingName), start: start, end: end)
    }

    /// All offsets that occur.
    var offsets: [Int] { [standard.offset] + (saving.map { [$0.time.offset] } ?? []) }

    func localTime(at seconds: Int64) -> TimeZoneRules.LocalTime {
        guard let saving else { return standard }
        let year = CivilDateTime(secondsSinceEpoch: seconds.saturatingAdded(Int64(standard.offset))).date.year
        // The latest change so far; where one year's end is the next one's start (saving all the year), the start counts.
        var latest: (at: Int64, time: TimeZoneRules.LocalTime)?
        for year in (year - 1)...(year + 1) {
            let start = Self.instant(of: saving.start, in: year) - Int64(standard.offset)
            let end = Self.instant(of: saving.end, in: year) - Int64(saving.time.offset)
            for change in [(at: end, time: standard), (at: start, time: saving.time)] where change.at <= seconds {
                if latest.map({ $0.at < change.at || ($0.at == change.at && change.time.isDST) }) ?? true { latest = change }
            }
        }
        return latest?.time ?? standard
    }

    private static func instant(of change: Change, in year: Int) -> Int64 {
        Int64(day(change.day, in: year) * 86_400 + change.time)
    }

    /// Days since 1970.
    private static func day(_ day: Day, in year: Int) -> Int {
        func first(_ month: Int) -> CivilDate { CivilDate(year: year, month: month, day: 1) ?? CivilDate(daysSinceEpoch: 0) }
        switch day {
        case .julian(let number): return first(1).daysSinceEpoch + number - (CivilDate.isLeap(year) && number >= 60 ? 0 : 1)
        case .ordinal(let number): return first(1).daysSinceEpoch + number
        case .weekday(let month, let week, let weekday):
            let start = first(month)
            var dayOfMonth = 1 + (weekday - start.weekday + 7) % 7 + (week - 1) * 7
            while dayOfMonth > CivilDate.days(inMonth: month, of: year) { dayOfMonth -= 7 }
            return start.daysSinceEpoch + dayOfMonth - 1
        }
    }

    private struct Scanner {
        var rest: Substring.UTF8View

        private mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// At most three digits.
        private mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard digits.count <= 3, let value = Int(Substring(digits)), range.contains(value) else { return nil }
            rest = rest.dropFirst(digits.count)
            return value
        }

        /// `CET` or `<+0330>`.
        mutating func name() -> String? {
            let isQuoted = skip("<")
            let name = rest.prefix { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || isQuoted && ("+-".utf8.contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte))
            }
            rest = rest.dropFirst(name.count)
            guard name.count >= 3, !isQuoted || skip(">") else { return nil }
            return String(Substring(name))
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(hours: Int) -> Int? {
            let isNegative = skip("-")
            if !isNegative { _ = skip("+") }
            guard let hour = number(0...hours) else { return nil }
            var seconds = hour * 3600
            if skip(":") {
                guard let minute = number(0...59) else { return nil }
                seconds += minute * 60
                if skip(":") {
                    guard let second = number(0...59) else { return nil }
                    seconds += second
                }
            }
            return isNegative ? -seconds : seconds
        }

        /// `,M3.5.0/3`
        mutating func change() -> Change? {
            guard skip(",") else { return nil }
            let day: Day
            if skip("M") {
                guard let month = number(1...12), skip("."), let week = number(1...5), skip("."), let weekday = number(0...6) else { return nil }
                day = .weekday(month: month, week: week, weekday: weekday)
            } else if skip("J") {
                guard let number = number(1...365) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(0...365) else { return nil }
                day = .ordinal(number)
            }
            guard skip("/") else { return Change(day: day, time: 7200) }
            return time(hours: 167).map { Change(day: day, time: $0) }
        }
    }
}
