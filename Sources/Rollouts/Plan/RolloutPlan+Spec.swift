package import PlimsollAPI
package import Values

extension RolloutPlan {
    /// The plan that a spec makes for a target of so many replicas: weights are such as that number of pods can have.
    package init(_ spec: RolloutAnalysisSpec, replicas: Int, maxSurge: Int) {
        let gates = spec.gates.map { Gate(name: $0.name, onBreach: OnBreach($0.onBreach ?? spec.onBreach)) }
        guard let canary = spec.strategy.canary else {
            self = .observe(soak: spec.strategy.observe?.soak ?? ObserveStrategy().soak, gates: gates)
            return
        }
        let split = ReplicaSplit(replicas: replicas, maxSurge: maxSurge)
        var steps = canary.steps.map { step in
            let weight = step.percent >= 100 ? 100 : split.weight(ofCanaryPods: split.canaryPods(atWeight: step.percent))
            // Of a single pod there is no share.
            return Step(name: step.name, weight: weight == 0 ? 100 : weight, soak: step.soak)
        }
        if canary.steps.last?.percent != 100 { steps.append(Step(name: "full", weight: 100, soak: .zero)) }
        let held = split.weight(holdingBack: Int(spec.holdBack.percent.doubleValue.rounded(.up)))
        if let last = steps.indices.last { steps[last].weight = min(steps[last].weight, held) }
        self.init(isGuarded: spec.start == .guarded, steps: steps, gates: gates)
    }
}

extension OnBreach {
    fileprivate init(_ response: RolloutBreachResponse) {
        switch response {
        case .rollback: self = .rollback
        case .hold: self = .hold
        case .alert: self = .alert
        }
    }
}

extension RolloutAnalysisSpec {
    /// What only the engines know to be wrong: conditions that don't parse, gates that could never fail or never pass.
    package var engineProblems: [Problem] {
        gates.enumerated().flatMap { index, gate -> [Problem] in
            guard let query = gate.query else { return [] }
            let place = ("spec.gates" as FieldPath).appending(index).appending("query")
            do throws(QueryGateFault) {
                return try ClassicMetric(gate.name, query).problems.map { problem in
                    Problem(FieldPath(elements: place.elements + problem.path.elements), problem.message)
                }
            } catch {
                return [Problem(place.appending(error.field), error.message, got: .string(error.text))]
            }
        }
    }
}

/// A condition that is none.
package struct QueryGateFault: Error, Sendable, Hashable {
    package var field: String
    package var text: String
    package var message: String
}

extension ClassicMetric {
    package init(_ name: String, _ query: QueryGate) throws(QueryGateFault) {
        self.init(
            name: name, success: try Self.condition("success", query.success), failure: try Self.condition("failure", query.failure))
        interval = query.interval
        initialDelay = query.initialDelay
        count = query.count.map { Int(clamping: $0) }
        failureLimit = Int(clamping: query.failureLimit)
        inconclusiveLimit = Int(clamping: query.inconclusiveLimit)
        consecutiveErrorLimit = Int(clamping: query.consecutiveErrorLimit)
        consecutiveSuccessLimit = Int(clamping: query.consecutiveSuccessLimit)
        noData =
            switch query.noData {
            case .wait: .wait
            case .pass: .pass
            case .fail: .fail
            case .inconclusive: .inconclusive
            }
    }

    private static func condition(_ field: String, _ text: String?) throws(QueryGateFault) -> Expression? {
        guard let text else { return nil }
        do { return try Expression(text) } catch {
            throw QueryGateFault(field: field, text: text, message: "is no condition: \(error)")
        }
    }
}
