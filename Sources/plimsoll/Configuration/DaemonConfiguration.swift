import PlimsollAPI
import Serving
import Values

/// The daemon's configuration file: one instance, what it works on, and the outside world by name.
struct DaemonConfiguration: Fielded, Hashable {
    /// Label of everything this installation makes.
    var instance = "main"
    var namespaces = NamespaceScope()
    var objectSelector = ObjectSelector()
    var controllers: [String] = ["SLO"]
    var impersonation = ImpersonationScope()
    var leaderElection = LeaderElectionSettings()
    var prometheus: [PrometheusSource] = []
    var notifiers: [NotifierSource] = []
    var serving = ServingSettings()

    static let fields: [Field<Self>] =
        [
            .defaulted(
                "instance", \.instance,
                "Label of everything this installation makes; instances that share a cluster or a Prometheus need different ones.",
                .text(min: 1, max: 63, .dnsLabel, example: "main")),
            .defaulted("namespaces", \.namespaces, "The namespaces whose objects this instance works on.", .object()),
            .defaulted(
                "objectSelector", \.objectSelector,
                "The objects this instance works on, by their labels; instances that split a cluster so need selectors that never choose the same.",
                .object()),
            .defaulted("controllers", \.controllers, "The kinds this instance works on.", .set(of: controllerName, min: 1, max: 5)),
            .defaulted("impersonation", \.impersonation, "Where the daemon may act as other accounts.", .object()),
            .defaulted("leaderElection", \.leaderElection, "One replica works, others stand by.", .object()),
            .defaulted(
                "prometheus", \.prometheus, "Prometheus-compatible servers, by the name that objects use in `source`.",
                .named(by: "name", \.name, max: 32)),
            .defaulted(
                "notifiers", \.notifiers, "Who is told of an SLO's policy, by the name that objects use in `notifiers`.",
                .named(by: "name", \.name, max: SLOPolicyStep.maximumNotifiers)),
            .defaulted("serving", \.serving, "Where the daemon serves metrics and health.", .object()),
        ] + later

    /// What later versions read; refused by name until then.
    private static let later: [Field<Self>] = [
        ("queues", "Queues that ScaledJob reads."), ("carbon", "Carbon intensity feeds."), ("objectStores", "Where evidence and archives go."),
        ("authorities", "Time-stamp authorities."), ("clusters", "Other clusters."), ("costs", "Cost data."),
        ("drills", "Limits on disaster drills."),
    ].map { .unsupported($0, $1, FieldType<JSON>.record([]), instead: "leave it out") }

    private static let controllerName = FieldType<String>.text(min: 1, max: 63, example: "SLO").checked(
        "expected \"SLO\" or \"RolloutAnalysis\", the kinds this version has"
    ) {
        kinds.contains($0)
    }
    private static let kinds: Set<String> = ["SLO", "RolloutAnalysis"]

    static let rules: [FieldRule<Self>] = [
        .init(["controllers"], "lacks SLO, which this version always works on; add it") { $0.controllers.contains("SLO") },
        .init(
            ["controllers", "impersonation"], "has RolloutAnalysis, which acts in impersonation.namespaces only; list at least one namespace there"
        ) {
            !$0.controllers.contains("RolloutAnalysis") || !$0.impersonation.namespaces.isEmpty
        },
    ]

    /// Whether releases are judged.
    var hasRollouts: Bool { controllers.contains("RolloutAnalysis") }
}

/// Where the daemon may act as other accounts.
struct ImpersonationScope: Fielded, Hashable {
    var namespaces: [String] = []

    static let fields: [Field<Self>] = [
        .defaulted(
            "namespaces", \.namespaces,
            "Namespaces whose ServiceAccounts the daemon may act as, where these consent by the annotation plimsoll.dev/allow; each by its name.",
            .set(of: .text(min: 1, max: 63, .dnsLabel, example: "shop"), max: 1000))
    ]
}

/// Which namespaces an instance works on.
struct NamespaceScope: Fielded, Hashable {
    /// Empty: all.
    var include: [String] = []
    var exclude: [String] = ["kube-system"]

    static let fields: [Field<Self>] = [
        .defaulted("include", \.include, "Only these; empty means all.", .set(of: name, max: 1000)),
        .defaulted("exclude", \.exclude, "Not these.", .set(of: name, max: 1000)),
    ]
    static let rules: [FieldRule<Self>] = [
        .init(
            ["include", "exclude"],
            "a namespace is included and excluded (kube-system is excluded unless exclude says otherwise); name it in one of them"
        ) {
            Set($0.include).isDisjoint(with: $0.exclude)
        }
    ]
    private static let name = FieldType<String>.text(min: 1, max: 63, .dnsLabel, example: "shop")

    func contains(_ namespace: String) -> Bool {
        (include.isEmpty || include.contains(namespace)) && !exclude.contains(namespace)
    }
}

/// The release gate.
struct GateSettings: Fielded, Hashable {
    var enabled = false

    static let fields: [Field<Self>] = [
        .defaulted(
            "enabled", \.enabled,
            "Whether it is served; the daemon then needs create on tokenreviews and subjectaccessreviews, which only a ClusterRole can grant.",
            .boolean)
    ]
}

/// What the daemon serves.
struct ServingSettings: Fielded, Hashable {
    var address = "0.0.0.0:8080"
    var gate = GateSettings()

    static let fields: [Field<Self>] = [
        .defaulted(
            "address", \.address, "Host and port of /metrics, /healthz and /readyz; port 0 takes a free one.",
            .text(min: 2, max: 256, example: "0.0.0.0:8080").checked(check: listenable)),
        .defaulted("gate", \.gate, "The gate that release pipelines ask: /gate/{namespace}/{name}.", .object()),
        .unsupported("webhook", "Where admission webhooks are served.", FieldType<JSON>.record([]), instead: "leave it out"),
    ]

    /// The daemon's own reading of it, so that `validate` refuses what `run` would.
    private static let listenable: @Sendable (String, FieldPath) -> [Problem] = { text, path in
        do throws(ListenAddressError) {
            _ = try ListenAddress(parsing: text)
            return []
        } catch {
            return [Problem(path, error.description)]
        }
    }
}
