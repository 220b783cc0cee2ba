package import Values

/// How a release goes: exactly one of its fields.
package struct RolloutStrategy: Fielded, Hashable {
    package var observe: ObserveStrategy?
    package var canary: CanaryStrategy?

    package init() {}
    package init(observe: ObserveStrategy) { self.observe = observe }
    package init(canary: CanaryStrategy) { self.canary = canary }

    package static let isUnion = true
    package static let fields: [Field<RolloutStrategy>] = [
        .optional("observe", \.observe, "The workload's own rolling update is judged, and not steered.", .object()),
        .optional("canary", \.canary, "The share of pods that run the new version grows by steps.", .object()),
    ]
}

package struct ObserveStrategy: Fielded, Hashable {
    package var soak = PromDuration.minutes(2)

    package init() {}

    package static let fields: [Field<ObserveStrategy>] = [
        .defaulted(
            "soak", \.soak, "At least so long, from when all pods run the new version and are Ready, it is looked at.",
            .spanned(.zero, .days(7), example: "2m"))
    ]
}

package struct CanaryStrategy: Fielded, Hashable {
    package var steps: [CanaryStep] = []
    package var traffic = CanaryTraffic()

    package init() {}

    package static let fields: [Field<CanaryStrategy>] = [
        .required(
            "steps", \.steps, "In order, with growing weights; 100% follows the last one by itself.",
            .list(of: .object(CanaryStep.self), min: 1, max: 20).checked(check: growing)),
        .optional("traffic", \.traffic, "What shifts traffic; exactly one of its fields. Without it the number of pods does.", .object()),
    ]

    private static let growing: @Sendable ([CanaryStep], FieldPath) -> [Problem] = { steps, path in
        var problems: [Problem] = []
        var names: Set<String> = []
        for (index, step) in steps.enumerated() {
            let place = path.appending(index)
            if !names.insert(step.name).inserted {
                problems.append(Problem(place.appending("name"), "is another step's name already; each must be different", got: .string(step.name)))
            }
            if index > 0, step.percent <= steps[index - 1].percent {
                problems.append(
                    Problem(place.appending("weight"), "is not above the step's before; weights must grow", got: .string(step.weight.text)))
            }
        }
        return problems
    }
}

package struct CanaryStep: Fielded, Hashable {
    package var name = ""
    package var weight = Percentage(percent: ExactDecimal(100))
    package var soak = PromDuration.minutes(2)

    package init() {}

    /// The weight as a whole number, 1 to 100.
    package var percent: Int { Int(weight.percent.doubleValue) }

    package static let fields: [Field<CanaryStep>] = [
        .required("name", \.name, "The step's name.", .text(min: 1, max: 63, .dnsLabel, example: "first")),
        .required(
            "weight", \.weight, "The share of pods that run the new version, in whole percent.",
            .percentage(.wholeShare, max: 4, example: "10%")),
        .defaulted(
            "soak", \.soak, "At least so long, from when the weight is reached and Ready; the step ends as soon as every gate is Safe then.",
            .spanned(.zero, .days(7), example: "2m")),
    ]
}

package struct CanaryTraffic: Fielded, Hashable {
    package var replicas: ReplicaTraffic? = ReplicaTraffic()

    package init() {}

    package static let isUnion = true
    package static let fields: [Field<CanaryTraffic>] = [
        .optional("replicas", \.replicas, "Traffic is shared among pods, so that their number is its weight.", .object()),
        .unsupported(
            "httpRoute", "The weights of an HTTPRoute's back ends.",
            FieldType<JSON>.record([
                .init("name", "The HTTPRoute's name.", required: true, .text(min: 1, max: 253, .dnsSubdomain, example: "checkout")),
                .init("stableService", "The back end of the stable version.", .text(max: 63, .dnsLabel, example: "checkout-stable")),
                .init("canaryService", "The back end of the new version.", .text(max: 63, .dnsLabel, example: "checkout-canary")),
            ]), instead: "give replicas: {}"),
    ]
}

package struct ReplicaTraffic: Fielded, Hashable {
    package init() {}
    package static let fields: [Field<ReplicaTraffic>] = []
}

extension FieldPattern {
    /// From 1 % to 100 %, without a fraction.
    static let wholeShare = FieldPattern("^([1-9][0-9]?|100)%$", what: "a whole percentage from 1% to 100%") { text in
        guard text.utf8.last == UInt8(ascii: "%"), let number = Int(text.dropLast()) else { return false }
        return (1...100).contains(number) && text == "\(number)%"
    }
}
