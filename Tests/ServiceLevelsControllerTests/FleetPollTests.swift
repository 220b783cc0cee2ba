import KubeModel
import PrometheusClient
import PrometheusModel
import ServiceLevels
import Testing
import Values

@testable import ServiceLevelsController

struct FleetPollTests {
    private func identity(_ number: Int, instance: String = "main") -> SeriesIdentity {
        SeriesIdentity(instance: instance, key: ObjectKey(namespace: "shop", name: "slo-\(number)"))
    }

    @Test(arguments: [0, 1, 500]) func theNumberOfRequestsIsConstant(count: Int) async throws {
        let prometheus = ScriptedPrometheus()
        let identities = (0..<count).map { identity($0) }
        prometheus.answer(
            .events, instance: "main",
            .vector(identities.flatMap { ScriptedPrometheus.events($0, windows: ["1h", "period"], total: 100, errors: 1) }))
        prometheus.answer(.freshness, instance: "main", .vector(identities.map { ScriptedPrometheus.freshness($0, sampled: 1_000) }))
        prometheus.load(
            identities.flatMap { identity in
                RuleSettings.Pace.allCases.map { LoadedRuleGroup(name: identity.groupName($0), rules: [LoadedRule(name: "rule")]) }
            })

        let figures = try await FleetPoll.figures(prometheus, instance: "main")
        #expect(figures.figures.count == count)
        #expect(prometheus.queries.count == FleetQueries.Question.allCases.count)
        #expect(Set(prometheus.queries).count == prometheus.queries.count)
        for identity in identities {
            #expect(figures.figures[identity.key]?.groups.first?.period == EventCounts(total: 100, errors: 1))
            #expect(figures.figures[identity.key]?.sampled == Instant(seconds: 1_000))
        }

        let rules = try await FleetPoll.rules(prometheus, instance: "main")
        #expect(rules.groups.count == count)
        #expect(rules.groups.values.allSatisfy { $0.count == RuleSettings.Pace.allCases.count })
        #expect(prometheus.ruleRequests == 1)
        #expect(prometheus.queries.count == FleetQueries.Question.allCases.count, "the rules are no query")
    }

    @Test func anotherInstancesGroupsAreNotRead() async throws {
        let prometheus = ScriptedPrometheus()
        prometheus.load(
            ["main", "main-2", "other"].map { LoadedRuleGroup(name: identity(1, instance: $0).groupName(.fast)) }
                + ["plimsoll/main/only-two", "plimsoll/main/shop/a/unknown-pace", "node.rules"].map { LoadedRuleGroup(name: $0) })
        let reading = try await FleetPoll.rules(prometheus, instance: "main")
        #expect(reading.groups.mapValues { $0.map(\.name) } == [identity(1).key: ["plimsoll/main/shop/slo-1/fast"]])
    }

    @Test func aFailureOrNonsenseIsThrown() async {
        let prometheus = ScriptedPrometheus()
        prometheus.answer(.coverage, instance: "main", .scalar(timestamp: 0, value: 1))
        await #expect(throws: FleetReading.Nonsense.self) { try await FleetPoll.figures(prometheus, instance: "main") }
        prometheus.fail(.unreachable("connection refused"))
        await #expect(throws: PrometheusError.self) { try await FleetPoll.figures(prometheus, instance: "main") }
        await #expect(throws: PrometheusError.self) { try await FleetPoll.rules(prometheus, instance: "main") }
    }

    // MARK: What is news

    private func group(_ change: (inout LoadedRuleGroup) -> Void = { _ in }) -> RulesReading {
        var group = LoadedRuleGroup(
            name: identity(1).groupName(.fast), file: "/rules/a.yaml", interval: 30, lastEvaluation: Instant(seconds: 1_000), evaluationTime: 0.001,
            rules: [
                LoadedRule(name: "plimsoll:sli:events", query: "sum(x)", labels: ["a": "b"], lastEvaluation: Instant(seconds: 1_000)),
                LoadedRule(name: SeriesNames.info, labels: [LabelNames.rules: "digest"], lastEvaluation: Instant(seconds: 1_000)),
                LoadedRule(name: SeriesNames.alert, isAlert: true, lastEvaluation: Instant(seconds: 1_000), state: "inactive"),
            ])
        change(&group)
        return RulesReading([group], instance: "main")
    }

    @Test func whatMovesAllTheTimeIsNoNews() {
        #expect(group() == group { $0.lastEvaluation = Instant(seconds: 2_000) })
        #expect(group() == group { for index in $0.rules.indices { $0.rules[index].lastEvaluation = Instant(seconds: 2_000) } })
        #expect(group() == group { $0.evaluationTime = 3 })
        #expect(group() == group { $0.rules[2].state = "firing" }, "alerts are read with the figures")
    }

    @Test func whatConditionsAreMadeOfIsNews() {
        #expect(group() != group { $0.rules[0].health = .err })
        #expect(
            group { $0.rules[0].health = .err }
                != group {
                    $0.rules[0].health = .err
                    $0.rules[0].lastError = "other"
                })
        #expect(group() != group { $0.rules[1].labels[LabelNames.rules] = "other" })
        #expect(group() != group { $0.rules[0].lastEvaluation = nil })
        #expect(group() != group { $0.lastEvaluation = nil })
        #expect(group() != group { $0.rules.removeLast() })
        #expect(group() != RulesReading([], instance: "main"))
    }
}
