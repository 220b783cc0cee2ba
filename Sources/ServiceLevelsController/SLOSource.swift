import KubeModel
package import PrometheusClient
package import ServiceLevels
package import Values

/// A Prometheus of the configuration, as the SLO controller needs it.
package struct SLOSourceDefinition: Sendable {
    /// Where the rules go.
    package enum Output: Sendable, Hashable {
        case prometheusRule
        case configMap
        case directory(path: String, reloadURL: String)

        /// Whether an SLO's rules for both would be the same object or file.
        func sharesPlace(with other: Output) -> Bool {
            switch (self, other) {
            case (.directory(let path, _), .directory(let otherPath, _)): path == otherPath
            default: self == other
            }
        }
    }

    package var name: String
    package var client: any PrometheusQuerying
    package var settings: RuleSettings
    package var output: Output
    /// Where the objects go that carry what SLOs of many namespaces share.
    package var fleetNamespace: String
    /// How often all figures are read.
    package var pollInterval: PromDuration
    /// Whether objects of a namespace may name it.
    package var allows: @Sendable (_ namespace: String) -> Bool

    /// Where the rules are that an SLO shares with others; nil when all are its own.
    func place(of key: ObjectKey, instance: String) -> FleetPlace? {
        guard case .fleet(let source, let places) = settings.layout else { return nil }
        return FleetPlace(of: SeriesIdentity(instance: instance, key: key), source: source, count: places)
    }

    package init(
        name: String, client: any PrometheusQuerying, settings: RuleSettings, output: Output, fleetNamespace: String = "plimsoll-system",
        pollInterval: PromDuration,
        allows: @escaping @Sendable (_ namespace: String) -> Bool
    ) {
        self.name = name
        self.client = client
        self.settings = settings
        self.output = output
        self.fleetNamespace = fleetNamespace
        self.pollInterval = pollInterval
        self.allows = allows
    }
}
