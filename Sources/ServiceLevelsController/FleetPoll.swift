import KubeModel
import PrometheusClient
import PrometheusModel
import ServiceLevels
import Values

/// One round of the fleet queries: a constant number of requests, whatever the number of SLOs.
enum FleetPoll {
    static func figures(_ client: any PrometheusQuerying, instance: String) async throws -> FleetReading {
        let queries = FleetQueries(instance: instance)
        var answers: [FleetQueries.Question: QueryResult] = [:]
        for question in FleetQueries.Question.allCases {
            answers[question] = try await client.query(queries.promql(question), at: nil).value
        }
        return try FleetReading(answers, instance: instance)
    }

    static func rules(_ client: any PrometheusQuerying, instance: String) async throws -> RulesReading {
        let prefix = SeriesIdentity.groupPrefix(instance)
        let answer = try await client.rules { $0.hasPrefix(prefix) }
        return RulesReading(answer.value.groups, instance: instance)
    }
}

/// The loaded rule groups of an instance by SLO, without what moves all the time: equal readings say the same.
struct RulesReading: Sendable, Equatable {
    /// The rules that the SLOs of a place share.
    struct Place: Sendable, Equatable {
        var groups: [LoadedRuleGroup] = []
        /// Of the SLOs about which they know, and of the classes of alerts that they have.
        var digests: Set<String> = []
    }

    private(set) var groups: [ObjectKey: [LoadedRuleGroup]] = [:]
    /// By the place's name.
    private(set) var places: [String: Place] = [:]

    /// Stands for "has been evaluated": the exact moment would make every reading news.
    private static let evaluated = Instant(microseconds: 0)

    init(_ loaded: [LoadedRuleGroup], instance: String) {
        for group in loaded {
            let rules = group.rules.map { rule in
                LoadedRule(
                    name: rule.name, isAlert: rule.isAlert, labels: rule.name == SeriesNames.info ? rule.labels : [:], health: rule.health,
                    lastError: rule.lastError, lastEvaluation: rule.lastEvaluation.map { _ in Self.evaluated })
            }
            let still = LoadedRuleGroup(name: group.name, lastEvaluation: group.lastEvaluation.map { _ in Self.evaluated }, rules: rules)
            if let place = FleetPlace.parse(groupName: group.name, instance: instance) {
                places[place, default: Place()].groups.append(still)
                for rule in group.rules {
                    let known = rule.name == SeriesNames.info ? FleetPlace.digests(inQuery: rule.query) : []
                    places[place, default: Place()].digests.formUnion(known + (FleetPlace.alertClass(inLabels: rule.labels).map { [$0] } ?? []))
                }
            } else if let key = SeriesIdentity.parse(groupName: group.name, instance: instance)?.key {
                groups[key, default: []].append(still)
            }
        }
    }

    /// The SLO's own groups, and those that it shares.
    func groups(of key: ObjectKey, place: FleetPlace?) -> [LoadedRuleGroup] {
        (groups[key] ?? []) + (place.flatMap { places[$0.name]?.groups } ?? [])
    }

    func digests(_ place: FleetPlace?) -> Set<String> { place.flatMap { places[$0.name]?.digests } ?? [] }
}
