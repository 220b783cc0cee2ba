/// A day and a time on it, as a wall clock shows them, without zone.
package struct CivilDateTime: Sendable, Hashable {
    package let date: CivilDate
    package let hour: Int
    package let minute: Int
    package let second: Int

    /// `nil` for what no clock shows, such as 24:00.
    package init?(_ date: CivilDate, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second) else { return nil }
        self.date = date
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// What a clock shows that was set to 1970-01-01T00:00:00 so many seconds ago.
    init(secondsSinceEpoch seconds: Int64) {
        let (days, rest) = seconds.flooredDivision(by: 86_400)
        let time = Int(rest)
        date = CivilDate(daysSinceEpoch: Int(days))
        hour = time / 3600
        minute = time / 60 % 60
        second = time % 60
    }

    var secondsSinceEpoch: Int64 { Int64(date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second) }
}

extension CivilDateTime: Comparable, CustomStringConvertible {
    package static func < (a: CivilDateTime, b: CivilDateTime) -> Bool { a.secondsSinceEpoch < b.secondsSinceEpoch }

    /// `2026-03-29T02:30:00`
    package var description: String { "\(date)T\(hour.padded(2)):\(minute.padded(2)):\(second.padded(2))" }
}
