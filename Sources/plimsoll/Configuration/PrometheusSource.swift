import Values

/// A Prometheus-compatible server that objects name as their source, and where its rules go.
struct PrometheusSource: Fielded, Hashable {
    var name = ""
    var url = ""
    var auth = PrometheusAuth()
    /// PEM file of the authorities that vouch for an https URL; empty: the system's.
    var caFile = ""
    var allowedNamespaces: [String] = ["*"]
    /// How often the server scrapes the targets SLOs are about.
    var scrapeInterval = PromDuration.seconds(30)
    /// How often the daemon reads all figures.
    var pollInterval = PromDuration.seconds(30)
    var timeout = PromDuration.seconds(10)
    var rules = RulesSettings()

    static let fields: [Field<Self>] = [
        .required("name", \.name, "What objects call it.", .text(min: 1, max: 63, .dnsLabel, example: "default")),
        .required("url", \.url, "Base URL, with a path prefix where there is one.", .httpURL(example: "http://prometheus.monitoring:9090")),
        .defaulted("auth", \.auth, "How the daemon proves itself; nothing, or one way.", .object()),
        .defaulted("caFile", \.caFile, "PEM file of the authorities that vouch for an https URL; empty means the system's.", .path),
        .defaulted(
            "allowedNamespaces", \.allowedNamespaces, "Namespaces whose objects may use it; \"*\" means all.",
            .set(of: .text(min: 1, max: 63, example: "shop"), max: 1000)),
        .defaulted(
            "scrapeInterval", \.scrapeInterval, "How often the server scrapes the SLOs' targets; sets the base window.",
            .span(.seconds(1), .minutes(10))),
        .defaulted(
            "pollInterval", \.pollInterval, "How often the daemon reads all figures, with a constant number of queries.",
            .span(.seconds(1), .minutes(10))),
        .defaulted("timeout", \.timeout, "How long one query may take.", .span(.seconds(1), .minutes(5))),
        .defaulted("rules", \.rules, "Where and how rules are written.", .object()),
    ]

    func allows(_ namespace: String) -> Bool { allowedNamespaces.contains("*") || allowedNamespaces.contains(namespace) }
}

/// Proof of identity towards a Prometheus; files are read again when they change.
struct PrometheusAuth: Fielded, Hashable {
    var bearerTokenFile = ""
    var basic: BasicAuth?
    var clientCertificate: ClientCertificate?

    struct BasicAuth: Fielded, Hashable {
        var username = ""
        var passwordFile = ""
        static let fields: [Field<Self>] = [
            .required("username", \.username, "User name.", .text(min: 1, max: 253, example: "plimsoll")),
            .required("passwordFile", \.passwordFile, "File that holds the password.", .requiredPath),
        ]
    }

    struct ClientCertificate: Fielded, Hashable {
        var certificateFile = ""
        var keyFile = ""
        static let fields: [Field<Self>] = [
            .required("certificateFile", \.certificateFile, "PEM file of the certificate.", .requiredPath),
            .required("keyFile", \.keyFile, "PEM file of its key.", .requiredPath),
        ]
    }

    static let fields: [Field<Self>] = [
        .defaulted("bearerTokenFile", \.bearerTokenFile, "File that holds a bearer token.", .path),
        .optional("basic", \.basic, "User name and password.", .object()),
        .optional("clientCertificate", \.clientCertificate, "A TLS client certificate.", .object()),
    ]
    static let rules: [FieldRule<Self>] = [
        .init(["bearerTokenFile", "basic"], "give a token or a password, not both") { $0.bearerTokenFile.isEmpty || $0.basic == nil }
    ]
}

/// Where a source's rules go and how they look.
struct RulesSettings: Fielded, Hashable {
    enum Output: String, CaseIterable, Sendable { case prometheusRule = "PrometheusRule", configMap = "ConfigMap", directory = "Directory" }
    enum Layout: String, CaseIterable, Sendable { case perSLO = "PerSLO", fleet = "Fleet" }

    /// Of the layout Fleet.
    struct Fleet: Fielded, Hashable {
        var places: Int64 = 16
        var namespace = "plimsoll-system"
        static let fields: [Field<Self>] = [
            .defaulted(
                "places", \.places,
                "Into how many parts the SLOs are divided, each with rules of its own that they share: a power of two up to 64. About one for 60 SLOs.",
                .integer(1...64).checked("expected 1, 2, 4, 8, 16, 32 or 64") { $0.nonzeroBitCount == 1 }),
            .defaulted(
                "namespace", \.namespace, "Where the objects go that carry the shared rules; not for the output Directory.",
                .text(min: 1, max: 63, .dnsLabel, example: "plimsoll-system")),
        ]
    }

    struct Directory: Fielded, Hashable {
        var path = ""
        var reloadURL = ""
        static let fields: [Field<Self>] = [
            .required("path", \.path, "Absolute path of a directory from which Prometheus loads *.yaml.", .requiredPath),
            .required("reloadURL", \.reloadURL, "URL that a POST makes read the rules again.", .httpURL(example: "http://127.0.0.1:9090/-/reload")),
        ]
    }

    var output = Output.prometheusRule
    var directory: Directory?
    var labels: [String: String] = [:]
    var layout = Layout.perSLO
    var fleet = Fleet()
    var interval = PromDuration.seconds(30)

    static let fields: [Field<Self>] = [
        .defaulted("output", \.output, "What the rules are written as.", .word()),
        .optional("directory", \.directory, "Where the files go, for the output Directory.", .object()),
        .defaulted(
            "labels", \.labels, "Labels of the objects written, such as those a Prometheus Operator selects by.",
            .map(of: .labelValue, max: 32, keyMax: 316, key: .objectLabelKey)),
        .defaulted(
            "layout", \.layout,
            "PerSLO: all rules of an SLO are its own. Fleet, for hundreds and thousands: SLOs share all rules but those that read raw series.",
            .word()),
        .defaulted("fleet", \.fleet, "Of the layout Fleet.", .object()),
        .defaulted("interval", \.interval, "How often the rules are evaluated.", .span(.seconds(5), .minutes(2))),
    ]
    static let rules: [FieldRule<Self>] = [
        .init(["directory", "output"], "the output Directory needs directory.path and directory.reloadURL, and only it has them") {
            ($0.output == .directory) == ($0.directory != nil)
        }
    ]
}

extension FieldType where Value == String {
    /// An absolute file path, or nothing.
    static var path: FieldType {
        text(max: 4096, example: "/etc/plimsoll/token").checked("expected an absolute path") { $0.isEmpty || $0.hasPrefix("/") }
    }

    /// The value of a Kubernetes label.
    static var labelValue: FieldType {
        text(max: 63, example: "kps").checked(
            "expected the value of a Kubernetes label: nothing, or letters, digits, '-', '_' and '.' that begin and end with a letter or digit"
        ) {
            $0.isEmpty || FieldPattern.labelValue.accepts($0)
        }
    }

    /// An absolute file path.
    static var requiredPath: FieldType {
        text(min: 1, max: 4096, example: "/etc/plimsoll/token").checked("expected an absolute path") { $0.hasPrefix("/") }
    }

    /// An http or https URL that carries no credentials, and to which a path can be added.
    static func httpURL(example: String) -> FieldType {
        text(min: 8, max: 2048, example: example).checked(
            "expected an http:// or https:// URL with no user, password, '?' or '#' in it, like \"\(example)\""
        ) {
            text in
            guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return false }
            let authority = text.dropFirst(scheme.count).prefix { $0 != "/" }
            return !authority.isEmpty && !authority.contains("@") && !text.contains { $0.isWhitespace || $0 == "?" || $0 == "#" }
        }
    }
}

extension FieldType where Value == PromDuration {
    /// A duration between two bounds.
    static func span(_ least: PromDuration, _ most: PromDuration) -> FieldType {
        parsed(
            min: 2, max: 32, .duration, what: "a duration from \(least) to \(most)", example: "\(least)", read: PromDuration.init,
            write: { "\($0)" }
        ).checked("expected a duration from \(least) to \(most)") { $0 >= least && $0 <= most }
    }
}

extension FieldPattern {
    /// The key of a Kubernetes label: a name with an optional DNS prefix.
    static let objectLabelKey = FieldPattern("^([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", what: "the key of a Kubernetes label") {
        text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count) && FieldPattern.labelValue.accepts(String(parts[parts.count - 1]))
            && (parts.count == 1 || FieldPattern.dnsSubdomain.accepts(String(parts[0])))
    }
}
