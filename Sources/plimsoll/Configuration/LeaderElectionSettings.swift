import KubeRuntime
import Values

/// One replica works, others stand by.
struct LeaderElectionSettings: Fielded, Hashable {
    var enabled = false
    /// Where the Lease is.
    var namespace = "plimsoll-system"
    /// The Lease's name; nil: `plimsoll-` and the instance.
    var name: String?
    var leaseDuration = LeaseSettings.defaultLeaseDuration
    var renewDeadline = LeaseSettings.defaultRenewDeadline
    var retryPeriod = LeaseSettings.defaultRetryPeriod

    static let fields: [Field<Self>] = [
        .defaulted("enabled", \.enabled, "Whether one replica works while others stand by; without it there must be only one.", .boolean),
        .defaulted("namespace", \.namespace, "The namespace of the Lease.", .text(min: 1, max: 63, .dnsLabel, example: "plimsoll-system")),
        .optional(
            "name", \.name, "The name of the Lease; without it \"plimsoll-\" and the instance.",
            .text(min: 1, max: 253, .dnsSubdomain, example: "plimsoll-main")),
        .defaulted(
            "leaseDuration", \.leaseDuration, "How long a leader that has gone silent is waited for, in whole seconds.",
            .span(.seconds(2), .minutes(10))),
        .defaulted(
            "renewDeadline", \.renewDeadline,
            "How long after its last renewal a leader gives up and ends; at least a second shorter than leaseDuration.",
            .span(.seconds(1), .minutes(10))),
        .defaulted(
            "retryPeriod", \.retryPeriod, "The time between two renewals, or two looks of a standby.",
            .span(PromDuration(milliseconds: 100), .minutes(5))),
    ]

    static let rules: [FieldRule<Self>] = [
        FieldRule(["leaseDuration", "renewDeadline", "retryPeriod"]) { settings, path in
            let problem = LeaseSettings.problem(
                leaseDuration: settings.leaseDuration, renewDeadline: settings.renewDeadline, retryPeriod: settings.retryPeriod)
            guard let problem else { return [] }
            let field = String(problem.prefix { $0 != " " })
            let value = field == "renewDeadline" ? settings.renewDeadline : settings.leaseDuration
            return [Problem(path.appending(field), problem, got: .string("\(value)"))]
        }
    ]
}
