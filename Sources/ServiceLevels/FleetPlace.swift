import PlimsollAPI
import Values

/// One of the parts into which a source's SLOs are divided, each with rules that its SLOs share.
package struct FleetPlace: Sendable, Hashable {
    package let instance: String
    /// The source's name.
    package let source: String
    /// From 0.
    package let index: Int
    /// A power of two, at most `SeriesIdentity.shards`.
    package let count: Int

    package init(instance: String, source: String, index: Int, count: Int) {
        self.instance = instance
        self.source = source
        self.index = index
        self.count = count
    }

    /// All places of a source.
    package static func all(instance: String, source: String, count: Int) -> [FleetPlace] {
        (0..<count).map { FleetPlace(instance: instance, source: source, index: $0, count: count) }
    }

    /// The place of a part; nil where its name is of none.
    package init?(of part: FleetPart.Name) {
        let numbers = part.place.split(separator: "o", maxSplits: 1).map { Int($0.drop { $0 == "f" }) }
        guard numbers.count == 2, let index = numbers[0], let count = numbers[1], (1...SeriesIdentity.shards).contains(count),
            count.nonzeroBitCount == 1, (0..<count).contains(index)
        else { return nil }
        self.init(instance: part.instance, source: part.source, index: index, count: count)
    }

    /// Where an SLO belongs.
    package init(of identity: SeriesIdentity, source: String, count: Int) {
        self.init(instance: identity.instance, source: source, index: identity.shard % count, count: count)
    }

    /// The base series of its SLOs.
    var scope: SeriesScope {
        let shards = stride(from: index, to: SeriesIdentity.shards, by: count).map(String.init).joined(separator: "|")
        return SeriesScope(matchers: [
            LabelMatcher(LabelNames.instance, .equal, instance), LabelMatcher(LabelNames.shard, .matches, shards),
        ])
    }

    /// `3of16`.
    var short: String { "\(index)of\(count)" }

    /// `default-3of16`.
    package var name: String { "\(source)-\(short)" }

    /// Whether a part is of this place.
    package func has(_ part: FleetPart.Name) -> Bool { part.instance == instance && part.source == source && part.place == short }

    /// Stands for the place where there is a namespace in the names of an SLO's groups. No namespace has a capital letter.
    package static let namespace = "Fleet"

    /// The group that keeps the sums of a pace; the one of the fast pace holds the alerts too.
    package func groupName(_ pace: RuleSettings.Pace) -> String { groupName(pace.rawValue) }

    /// A further group of alerts.
    func alertsName(_ number: Int) -> String { groupName("alerts-\(number)") }

    /// A group of what its rules must know about the SLOs.
    func factsName(_ number: Int) -> String { groupName("facts-\(number)") }

    private func groupName(_ kind: String) -> String { "\(SeriesIdentity.groupPrefix(instance))\(Self.namespace)/\(name)/\(kind)" }

    /// Reads the place's name out of a group's; nil when it is of no place of this instance.
    package static func parse(groupName: String, instance: String) -> String? {
        let prefix = "\(SeriesIdentity.groupPrefix(instance))\(namespace)/"
        guard groupName.hasPrefix(prefix) else { return nil }
        return groupName.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
    }

    /// The class of alerts in a label of a loaded alerting rule; nil when it is of one SLO's own.
    package static func alertClass(inLabels labels: [String: String]) -> String? {
        guard let mark = labels["namespace"]?.split(separator: "/* ", maxSplits: 1), mark.count == 2 else { return nil }
        return mark[1].split(separator: " ").first.map(String.init)
    }

    /// The digests of rules in the query of a loaded info rule, which Prometheus may have spaced otherwise.
    package static func digests(inQuery query: String) -> [String] {
        query.split(separator: "\"\(LabelNames.rules)\"").dropFirst().compactMap { rest in
            let parts = rest.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
            return parts.count == 3 ? String(parts[1]) : nil
        }
    }
}
