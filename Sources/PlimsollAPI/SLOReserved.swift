import Values

/// The shapes of fields that a later version will honour: stored as written, refused by validation.
enum SLOReserved {
    static let calendar: [FieldType<JSON>.Member] = [
        .init("unit", "The calendar's period.", required: true, .words("Week", "Month", "Quarter", "Year")),
        .init("timeZone", "The IANA zone whose midnight begins the period.", zone),
    ]

    static let composite: [FieldType<JSON>.Member] = [
        .init("method", "How the members are taken together.", required: true, .words("Worst")),
        .init(
            "members", "The SLOs, each by name and, across namespaces, by namespace.", required: true,
            .list(
                of: .record([.init("name", "The SLO's name.", required: true, name), .init("namespace", "The SLO's namespace.", namespace)]), max: 32)
        ),
    ]

    static let exclusion: [FieldType<JSON>.Member] = [
        .init("name", "The exclusion's name.", required: true, name),
        .init("schedule", "When it begins, in cron's five fields.", required: true, .text(min: 1, max: 128, example: "0 2 * * 0")),
        .init("duration", "How long it lasts.", required: true, .duration(example: "2h")),
        .init("timeZone", "The IANA zone of the schedule.", zone),
    ]

    private static let name = FieldType.text(min: 1, max: 253, .dnsSubdomain, example: "weekly-maintenance")
    private static let namespace = FieldType.text(min: 1, max: 63, .dnsLabel, example: "shop")
    private static let zone = FieldType.text(min: 1, max: 64, example: "Europe/Oslo")
}
