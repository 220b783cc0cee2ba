package import Values

/// A week, month, quarter or year of the calendar, at whose end the error budget begins anew.
package struct CalendarWindow: Fielded, Hashable {
    package var unit = CalendarUnit.month
    /// IANA.
    package var timeZone = "UTC"

    package init() {}
    package init(unit: CalendarUnit, timeZone: String = "UTC") {
        self.unit = unit
        self.timeZone = timeZone
    }

    package static let fields: [Field<CalendarWindow>] = [
        .required("unit", \.unit, "The calendar's period; a week begins on Monday.", .word()),
        .defaulted(
            "timeZone", \.timeZone, "The IANA zone whose midnight begins the period, such as Europe/Oslo.",
            .text(min: 1, max: 64, example: "Europe/Oslo")),
    ]

    package static let rules: [FieldRule<CalendarWindow>] = [
        FieldRule(["timeZone"]) { window, path in TimeZoneRules.problems(window.timeZone, path.appending("timeZone")) }
    ]
}
