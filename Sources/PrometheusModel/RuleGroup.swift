package import Values

/// Rules that Prometheus evaluates together: in their order, at one time stamp, each seeing what those before it recorded.
package struct RuleGroup: Sendable, Hashable {
    package var name: String
    /// Between evaluations; `nil` leaves it to the server's own setting.
    package var interval: PromDuration?
    /// The most series a recording rule, or alerts an alerting rule, may bring; a rule that exceeds it fails and brings none. `nil`: no limit.
    package var limit: Int?
    package var rules: [Rule]

    package init(name: String, interval: PromDuration? = nil, limit: Int? = nil, rules: [Rule]) {
        self.name = name
        self.interval = interval
        self.limit = limit
        self.rules = rules
    }

    package var json: JSON {
        var object = JSONObject()
        object["name"] = .string(name)
        if let interval { object["interval"] = .string(interval.description) }
        if let limit { object["limit"] = .int(limit) }
        object["rules"] = .array(rules.map(\.json))
        return .object(object)
    }
}

/// A rule file: what Prometheus's `rule_files` names, and what `promtool check rules` reads.
package struct RuleFile: Sendable, Hashable {
    package var groups: [RuleGroup]

    package init(groups: [RuleGroup]) {
        self.groups = groups
    }

    package var json: JSON { ["groups": .array(groups.map(\.json))] }

    /// The file's text; equal groups give equal bytes.
    package var yaml: String { YAML.text(json) }
}
