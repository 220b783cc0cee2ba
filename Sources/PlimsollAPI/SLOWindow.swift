package import Values

/// The time over which an error budget is counted: exactly one of its fields.
package struct SLOWindow: Fielded, Hashable {
    /// The last so much time, always; from 1h to 400d.
    package var rolling: PromDuration?

    package init() {}
    package init(rolling: PromDuration) { self.rolling = rolling }

    package static let isUnion = true

    package static let fields: [Field<SLOWindow>] = [
        .optional(
            "rolling", \.rolling, "The last so much time, from 1h to 400d, such as 30d.",
            .duration(.hours(1)...PromDuration.days(400), example: "30d")),
        .unsupported(
            "calendar", "A week, month, quarter or year of the calendar.", .record(SLOReserved.calendar), instead: "use spec.window.rolling"),
    ]
}
