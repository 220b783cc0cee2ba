package import Values

/// A recurring time in which nothing counts: neither for the budget nor for alerts.
package struct SLOExclusion: Fielded, Hashable {
    package var name = ""
    /// When it begins: cron's five fields.
    package var schedule = ""
    package var duration = PromDuration.zero
    /// IANA.
    package var timeZone = "UTC"

    package init() {}

    /// When it begins, by its zone's clocks.
    /// - Throws: `TimeZoneError`, `CronExpression.Fault`; never for one that validation has passed.
    package func starts() throws -> CronSchedule {
        CronSchedule(try CronExpression(schedule), in: try TimeZoneRules.load(timeZone))
    }

    package static let fields: [Field<SLOExclusion>] = [
        .required("name", \.name, "The exclusion's name.", .text(min: 1, max: 63, .dnsLabel, example: "weekly-maintenance")),
        .required(
            "schedule", \.schedule, "When it begins, in cron's five fields: minute, hour, day of month, month, day of week.",
            .text(min: 1, max: 128, example: "0 2 * * 0")),
        .required("duration", \.duration, "How long it lasts, from 1m to 7d.", .duration(.minutes(1)...PromDuration.days(7), example: "2h")),
        .defaulted(
            "timeZone", \.timeZone, "The IANA zone of the schedule, such as Europe/Oslo.", .text(min: 1, max: 64, example: "Europe/Oslo")),
    ]

    package static let rules: [FieldRule<SLOExclusion>] = [
        FieldRule(["schedule"]) { exclusion, path in
            do throws(CronExpression.Fault) {
                _ = try CronExpression(exclusion.schedule)
                return []
            } catch {
                return [Problem(path.appending("schedule"), error.description, got: .string(exclusion.schedule))]
            }
        },
        FieldRule(["schedule", "duration", "timeZone"]) { exclusion, path in
            guard let starts = try? exclusion.starts(), overlaps(starts, exclusion.duration) else { return [] }
            return [
                Problem(
                    path.appending("duration"),
                    "reaches the next beginning of its own schedule; give a shorter one, or a schedule that begins less often",
                    got: .string(exclusion.duration.description))
            ]
        },
        FieldRule(["timeZone"]) { exclusion, path in TimeZoneRules.problems(exclusion.timeZone, path.appending("timeZone")) },
    ]
}

extension SLOExclusion {
    /// Whether one lasts until the next begins, as far as the first of a year tell.
    private static func overlaps(_ starts: CronSchedule, _ duration: PromDuration) -> Bool {
        var at = Instant(seconds: 1_767_225_600)
        var last: Instant?
        for _ in 0..<50 {
            guard let slot = starts.next(after: at) else { return false }
            if let last, slot.at.since(last) <= duration { return true }
            (at, last) = (slot.at, slot.at)
        }
        return false
    }
}

extension TimeZoneRules {
    /// What there is to say against a zone's name.
    static func problems(_ name: String, _ path: FieldPath) -> [Problem] {
        do throws(TimeZoneError) {
            _ = try load(name)
            return []
        } catch {
            return [Problem(path, "is no time zone known here: \(error.message)", got: .string(name))]
        }
    }
}
