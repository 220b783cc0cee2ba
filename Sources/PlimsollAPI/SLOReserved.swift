import Values

/// The shapes of fields that a later version will honour: stored as written, refused by validation.
enum SLOReserved {
    static let composite: [FieldType<JSON>.Member] = [
        .init("method", "How the members are taken together.", required: true, .words("Worst")),
        .init(
            "members", "The SLOs, each by name and, across namespaces, by namespace.", required: true,
            .list(
                of: .record([.init("name", "The SLO's name.", required: true, name), .init("namespace", "The SLO's namespace.", namespace)]), max: 32)
        ),
    ]

    private static let name = FieldType.text(min: 1, max: 253, .dnsSubdomain, example: "weekly-maintenance")
    private static let namespace = FieldType.text(min: 1, max: 63, .dnsLabel, example: "shop")
}
