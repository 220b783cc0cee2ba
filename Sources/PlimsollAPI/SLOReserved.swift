import Values

/// The shapes of fields that a later version will honour: stored as written, refused by validation.
enum SLOReserved {
    static let calendar: [FieldType<JSON>.Member] = [
        .init("unit", "The calendar's period.", required: true, .words("Week", "Month", "Quarter", "Year")),
        .init("timeZone", "The IANA zone whose midnight begins the period.", zone),
    ]

    static let gauge: [FieldType<JSON>.Member] = [
        .init("metric", "A selector of gauges that are 0 or 1.", required: true, .text(min: 1, max: 2048, example: #"probe_success{job="blackbox"}"#))
    ]

    static let slices: [FieldType<JSON>.Member] = [
        .init("query", "What is compared, in PromQL.", required: true, .text(min: 1, max: 4096, example: "web_vitals_lcp_seconds_p75")),
        .init("comparison", "Which side of the threshold is good.", required: true, .words("AtMost", "AtLeast")),
        .init("threshold", "A decimal number.", required: true, .text(min: 1, max: 32, example: "2.5")),
        .init("length", "The length of a slice.", required: true, .duration(example: "5m")),
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

    static let policy: [FieldType<JSON>.Member] = [
        .init("name", "The step's name.", required: true, name),
        .init("remainingBelow", "The share of the budget under which it holds.", required: true, .text(min: 2, max: 12, example: "25%")),
        .init("actions", "What happens then.", required: true, .list(of: .words("Notify", "FreezeRollouts"), max: 8)),
    ]

    private static let name = FieldType.text(min: 1, max: 253, .dnsSubdomain, example: "weekly-maintenance")
    private static let namespace = FieldType.text(min: 1, max: 63, .dnsLabel, example: "shop")
    private static let zone = FieldType.text(min: 1, max: 64, example: "Europe/Oslo")
}
