package import Values

/// The time over which an error budget is counted: exactly one of its fields.
package struct SLOWindow: Fielded, Hashable {
    /// The last so much time, always; from 1h to 400d.
    package var rolling: PromDuration?
    package var calendar: CalendarWindow?

    package init() {}
    package init(rolling: PromDuration) { self.rolling = rolling }
    package init(calendar: CalendarWindow) { self.calendar = calendar }

    /// How long it is; of the calendar's periods the usual length.
    package var length: PromDuration? { rolling ?? calendar?.unit.usualLength }

    /// As people say it: `30d`, or `month`.
    package var name: String { rolling?.description ?? calendar?.unit.rawValue.lowercased() ?? "" }

    package static let isUnion = true

    package static let fields: [Field<SLOWindow>] = [
        .optional(
            "rolling", \.rolling, "The last so much time, from 1h to 400d, such as 30d.",
            .duration(.hours(1)...PromDuration.days(400), example: "30d")),
        .optional(
            "calendar", \.calendar,
            "A week, month, quarter or year of the calendar: with each the budget begins anew. The budget is a share of the "
                + "events of the whole period, for which the last seven days stand until they have come.", .object()),
    ]
}
