import KubeModel
import PlimsollAPI
import PrometheusModel
import Values

extension RuleTests {
    /// A composite's own rules, which its tiers' tests pass by: of members that fail by different shares, the worst one's is its own. No tier has a dot in
    /// its name.
    var worstMember: [File] {
        guard let composite = spec.indicator.composite, !composite.members.isEmpty, let interval = rules.groups.first?.interval else { return [] }
        let members = composite.members.map { SeriesIdentity(instance: rules.identity.instance, key: $0.key(in: rules.identity.key.namespace)) }
        let groups = spec.groupBy.map { LabelMatcher($0, .equal, "any") }
        func series(_ member: SeriesIdentity, _ kind: SeriesNames.Events, _ value: Int) -> JSON {
            let selector = member.selector(SeriesNames.events, kind)
            let labelled = VectorSelector(metricName: selector.metricName, matchers: selector.matchers + groups)
            return ["series": .string(labelled.description), "values": .string("\(value)x20")]
        }
        let moment = (interval * 20).description
        func expectation(_ kind: SeriesNames.Events, _ minutes: Double) -> JSON {
            [
                "expr": .string("sum(\(rules.identity.selector(SeriesNames.events, kind)))"), "eval_time": .string(moment),
                "exp_samples": [["labels": "{}", "value": .double(minutes)]],
            ]
        }
        // The first fails least, and has the most events.
        let fed = members.enumerated().flatMap { index, member in
            [series(member, .total, 64 * (members.count - index)), series(member, .errors, (members.count - index) * (index + 1))]
        }
        let minutes = interval.seconds / 60
        // Exact, as 64 is a power of two.
        let worst = minutes * (Double(members.count) / 64)
        return [
            File(
                tier: "worst.member",
                json: [
                    "rule_files": .array(ruleFiles.prefix(1).map { .string($0) }), "evaluation_interval": .string(interval.description),
                    "tests": [
                        [
                            "name": "the worst member counts", "interval": .string(interval.description), "input_series": .array(fed),
                            "promql_expr_test": [expectation(.total, minutes), expectation(.errors, worst)],
                        ]
                    ],
                ])
        ]
    }
}
