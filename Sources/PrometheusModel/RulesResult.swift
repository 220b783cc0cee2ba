package import Values

/// Whether Prometheus's last evaluation of a rule went well.
package enum RuleHealth: String, Sendable {
    case ok
    case err
    /// Not evaluated yet.
    case unknown
}

/// A rule as the rules API shows it: loaded, and with the outcome of its last evaluation.
package struct LoadedRule: Sendable, Hashable {
    package var name: String
    package var isAlert: Bool
    package var query: String
    package var labels: [String: String]
    package var health: RuleHealth
    /// The server's message when the last evaluation failed; empty otherwise.
    package var lastError: String
    /// `nil` when there was none yet.
    package var lastEvaluation: Instant?
    /// An alert's state: `inactive`, `pending` or `firing`; empty for a recording rule.
    package var state: String

    package init(
        name: String, isAlert: Bool = false, query: String = "", labels: [String: String] = [:], health: RuleHealth = .ok, lastError: String = "",
        lastEvaluation: Instant? = nil, state: String = ""
    ) {
        self.name = name
        self.isAlert = isAlert
        self.query = query
        self.labels = labels
        self.health = health
        self.lastError = lastError
        self.lastEvaluation = lastEvaluation
        self.state = state
    }
}

/// A rule group that Prometheus has loaded.
package struct LoadedRuleGroup: Sendable, Hashable {
    package var name: String
    package var file: String
    /// Seconds between evaluations.
    package var interval: Double
    package var lastEvaluation: Instant?
    /// Seconds that the last evaluation took.
    package var evaluationTime: Double
    package var rules: [LoadedRule]

    package init(
        name: String, file: String = "", interval: Double = 0, lastEvaluation: Instant? = nil, evaluationTime: Double = 0, rules: [LoadedRule] = []
    ) {
        self.name = name
        self.file = file
        self.interval = interval
        self.lastEvaluation = lastEvaluation
        self.evaluationTime = evaluationTime
        self.rules = rules
    }
}

/// The answer of `/api/v1/rules`.
package struct RulesResult: Sendable, Hashable {
    package var groups: [LoadedRuleGroup]

    package init(groups: [LoadedRuleGroup]) {
        self.groups = groups
    }

    /// Reads a body of `/api/v1/rules`, keeping only groups that `isWanted` by name: a big server has many that are not ours.
    ///
    /// Throws `PrometheusAPIError` when the server says so, and `JSONError` when the body is not what Prometheus sends.
    package init(decoding body: [UInt8], keeping isWanted: (_ group: String) -> Bool = { _ in true }) throws {
        groups = try PrometheusEnvelope.decode(body) { reader in
            var groups: [LoadedRuleGroup]?
            try reader.readObject { key, reader in
                guard key == "groups" else { return }
                var read: [LoadedRuleGroup] = []
                if try !reader.readNullIfPresent() {
                    try reader.readArray { reader in
                        let group = try Self.readGroup(&reader)
                        if isWanted(group.name) { read.append(group) }
                    }
                }
                groups = read
            }
            guard let groups else { throw reader.error("expected an object with groups") }
            return groups
        }
    }

    private static func readGroup(_ reader: inout JSONReader) throws -> LoadedRuleGroup {
        var group = LoadedRuleGroup(name: "")
        try reader.readObject { key, reader in
            switch key {
            case "name": group.name = try reader.readString()
            case "file": group.file = try reader.readInternedString()
            case "interval": group.interval = try reader.readDouble()
            case "evaluationTime": group.evaluationTime = try reader.readDouble()
            case "lastEvaluation": group.lastEvaluation = try readTime(&reader)
            case "rules":
                if try reader.readNullIfPresent() { return }
                try reader.readArray { group.rules.append(try readRule(&$0)) }
            default: break
            }
        }
        return group
    }

    private static func readRule(_ reader: inout JSONReader) throws -> LoadedRule {
        var rule = LoadedRule(name: "", health: .unknown)
        try reader.readObject { key, reader in
            switch key {
            case "name": rule.name = try reader.readInternedString()
            case "type": rule.isAlert = try reader.readString() == "alerting"
            case "query": rule.query = try reader.readString()
            case "labels": if try !reader.readNullIfPresent() { rule.labels = try QueryResult.readLabels(&reader) }
            case "health": rule.health = RuleHealth(rawValue: try reader.readString()) ?? .unknown
            case "lastError": rule.lastError = try reader.readString()
            case "lastEvaluation": rule.lastEvaluation = try readTime(&reader)
            case "state": rule.state = try reader.readString()
            default: break
            }
        }
        return rule
    }

    /// Go prints nanoseconds and the year 1 for "never".
    private static func readTime(_ reader: inout JSONReader) throws -> Instant? {
        let text = try reader.readString()
        guard !text.hasPrefix("0001-") else { return nil }
        return Instant(rfc3339: text)
    }
}

/// An alert as `/api/v1/alerts` shows it.
package struct AlertInstance: Sendable, Hashable {
    package var labels: [String: String]
    package var annotations: [String: String]
    /// `pending` or `firing`.
    package var state: String
    package var activeAt: Instant?
    package var value: Double?

    package init(labels: [String: String], annotations: [String: String] = [:], state: String, activeAt: Instant? = nil, value: Double? = nil) {
        self.labels = labels
        self.annotations = annotations
        self.state = state
        self.activeAt = activeAt
        self.value = value
    }

    /// Reads a body of `/api/v1/alerts`. Throws as `RulesResult` does.
    package static func decode(_ body: [UInt8]) throws -> [AlertInstance] {
        try PrometheusEnvelope.decode(body) { reader in
            var alerts: [AlertInstance] = []
            try reader.readObject { key, reader in
                guard key == "alerts" else { return }
                if try reader.readNullIfPresent() { return }
                try reader.readArray { reader in
                    var alert = AlertInstance(labels: [:], state: "")
                    try reader.readObject { key, reader in
                        switch key {
                        case "labels": alert.labels = try QueryResult.readLabels(&reader)
                        case "annotations": alert.annotations = try QueryResult.readLabels(&reader)
                        case "state": alert.state = try reader.readString()
                        case "activeAt": alert.activeAt = Instant(rfc3339: try reader.readString())
                        case "value": alert.value = QueryResult.number(try reader.readString())
                        default: break
                        }
                    }
                    alerts.append(alert)
                }
            }
            return alerts
        }
    }
}
