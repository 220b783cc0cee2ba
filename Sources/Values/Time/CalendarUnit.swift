/// A unit of the calendar by which people count: a week from Monday, a month, a quarter, a year.
package enum CalendarUnit: String, Sendable, Hashable, CaseIterable {
    case week = "Week"
    case month = "Month"
    case quarter = "Quarter"
    case year = "Year"

    /// 7, 30, 90 or 365 days.
    package var usualLength: PromDuration {
        switch self {
        case .week: .days(7)
        case .month: .days(30)
        case .quarter: .days(90)
        case .year: .days(365)
        }
    }

    /// The first day of the period that a day lies in.
    package func start(of date: CivilDate) -> CivilDate {
        switch self {
        case .week: date.adding(days: -((date.weekday + 6) % 7))
        case .month: date.adding(days: 1 - date.day)
        case .quarter: CivilDate(year: date.year, month: (date.month - 1) / 3 * 3 + 1, day: 1) ?? date
        case .year: date.adding(days: 1 - date.dayOfYear)
        }
    }
}

/// One week, month, quarter or year of a zone.
package struct CalendarPeriod: Sendable, Hashable {
    package let start: Instant
    /// The start of the next.
    package let end: Instant

    package init(start: Instant, end: Instant) {
        self.start = start
        self.end = end
    }
}

extension TimeZoneRules {
    /// The period that lies around a moment, from the first moment of its first day.
    package func period(_ unit: CalendarUnit, around instant: Instant) -> CalendarPeriod {
        let first = unit.start(of: local(at: instant).date)
        // Longer than any period, and shorter than two.
        let next = unit.start(of: first.adding(days: Int(unit.usualLength.milliseconds / 86_400_000) + 5))
        return CalendarPeriod(start: start(of: first), end: start(of: next))
    }
}
