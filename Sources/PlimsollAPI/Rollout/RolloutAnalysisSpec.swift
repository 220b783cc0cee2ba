package import Values

/// Whose releases are judged, by what, and what is done about bad ones.
package struct RolloutAnalysisSpec: Fielded, Hashable {
    package var target = RolloutTarget()
    /// Whose rights are used on the target.
    package var serviceAccountName = ""
    package var start = RolloutStart.free
    package var strategy = RolloutStrategy(observe: ObserveStrategy())
    package var gates: [RolloutGate] = []
    package var errorBudget: RolloutErrorBudget?
    package var risk = RolloutRisk()
    /// The share of stable pods that stay through the last step's soak.
    package var holdBack = Percentage(percent: .zero)
    package var onBreach = RolloutBreachResponse.rollback
    package var rollback = RollbackSettings()

    package init() {}

    package static let fields: [Field<RolloutAnalysisSpec>] = [
        .required("target", \.target, "The workload, in the object's own namespace; it can't be changed.", .object()),
        .required(
            "serviceAccountName", \.serviceAccountName,
            "The ServiceAccount of the object's namespace whose rights are used on the target; its annotation plimsoll.dev/allow must name "
                + "RolloutAnalysis.", .text(min: 1, max: 253, .dnsSubdomain, example: "release-guard")),
        .defaulted(
            "start", \.start, "Free: what rolls is judged. Guard: the target rests paused, and only Plimsoll lets it roll.", .word()),
        .optional(
            "strategy", \.strategy, "How a release goes; exactly one of its fields. Without it the workload's own roll is observed.", .object()),
        .required(
            "gates", \.gates, "What must hold of a release; each may respond to a breach in its own way.",
            .named(RolloutGate.self, \.name, min: 1, max: 16)),
        .optional("errorBudget", \.errorBudget, "SLOs whose error budget must allow a release before it starts; needs start: Guard.", .object()),
        .defaulted("risk", \.risk, "What is tolerated, and how often a healthy release may be stopped.", .object()),
        .defaulted(
            "holdBack", \.holdBack, "The share of stable pods that stay until the last step has been proved safe; needs the strategy canary.",
            .percentage(.share, max: 12, example: "5%").checked(
                "expected a percentage from 0% to 50%", holds: { $0.percent <= ExactDecimal(50) })),
        .defaulted(
            "onBreach", \.onBreach,
            "What is done when a gate calls a release bad: Rollback, Hold (until a person decides), or Alert (an event only).",
            .word()),
        .defaulted("rollback", \.rollback, "How it is rolled back.", .object()),
        .unsupported(
            "waves", "Clusters or regions of the daemon's configuration, in order.",
            FieldType<[JSON]>.list(
                of: FieldType<JSON>.record([
                    .init("name", "The wave's name.", required: true, .text(min: 1, max: 63, .dnsLabel, example: "eu")),
                    .init("cluster", "The cluster, by its name in the daemon's configuration.", .text(max: 63, example: "eu-central-1")),
                    .init("bake", "How long it is looked at before the next one starts.", .duration(example: "10m")),
                ]), max: 16), instead: "leave it out, and give each cluster a RolloutAnalysis of its own"),
    ]

    package static let rules: [FieldRule<RolloutAnalysisSpec>] = [
        .immutable("target", \.target),
        FieldRule(
            ["strategy", "start"], cel: "!has(self.strategy) || !has(self.strategy.canary) || self.start == 'Guard'",
            "canary needs start: Guard, for a workload that rolls by itself can't be stepped",
            holds: { $0.strategy.canary == nil || $0.start == .guarded }),
        FieldRule(
            ["errorBudget", "start"], cel: "!has(self.errorBudget) || self.start == 'Guard'",
            "needs start: Guard, for what starts by itself can't be held back", holds: { $0.errorBudget == nil || $0.start == .guarded }),
        FieldRule(["strategy", "start"], "observe with start: Guard is not supported by this version; give canary with its steps, or start: Free") {
            $0.strategy.observe == nil || $0.start == .free
        },
        FieldRule(["holdBack", "strategy"], "needs the strategy canary") { $0.holdBack.percent == .zero || $0.strategy.canary != nil },
    ]
}

package enum RolloutStart: String, Sendable, CaseIterable {
    case free = "Free"
    case guarded = "Guard"
}

package enum RolloutBreachResponse: String, Sendable, CaseIterable {
    case rollback = "Rollback"
    case hold = "Hold"
    case alert = "Alert"
}

/// The workload whose releases are judged.
package struct RolloutTarget: Fielded, Hashable {
    package var apiVersion = "apps/v1"
    package var kind = "Deployment"
    package var name = ""

    package init() {}
    package init(kind: String = "Deployment", name: String) {
        self.kind = kind
        self.name = name
    }

    package static let fields: [Field<RolloutTarget>] = [
        .defaulted(
            "apiVersion", \.apiVersion, "Of the workload: apps/v1, or argoproj.io/v1alpha1 for a Rollout (not supported by this version).",
            .words("apps/v1", "argoproj.io/v1alpha1").checked(check: supportedVersion)),
        .required(
            "kind", \.kind, "Deployment; StatefulSet and Rollout are not supported by this version.",
            .words("Deployment", "StatefulSet", "Rollout").checked(check: supportedKind)),
        .required("name", \.name, "The workload's name.", .text(min: 1, max: 253, .dnsSubdomain, example: "checkout")),
    ]

    private static let supportedVersion: @Sendable (String, FieldPath) -> [Problem] = { version, path in
        version == "apps/v1"
            ? [] : [Problem(path, "is not supported by this version of Plimsoll; give apps/v1", got: .string(version))]
    }
    private static let supportedKind: @Sendable (String, FieldPath) -> [Problem] = { kind, path in
        kind == "Deployment" ? [] : [Problem(path, "is not supported by this version of Plimsoll; give Deployment", got: .string(kind))]
    }
}

/// SLOs whose error budget must allow a release.
package struct RolloutErrorBudget: Fielded, Hashable {
    package var slos: [SLOReference] = []
    package var minimumRemaining = Percentage(percent: .zero)
    package var whenUnknown = WhenUnknown.allow

    package init() {}

    package static let fields: [Field<RolloutErrorBudget>] = [
        .required("slos", \.slos, "The SLOs, each by its name.", .named(SLOReference.self, \.name, min: 1, max: 16)),
        .defaulted(
            "minimumRemaining", \.minimumRemaining, "The share of each budget that must be left, besides what the SLO's own policy says.",
            .percentage(.share, max: 12, example: "10%")),
        .defaulted("whenUnknown", \.whenUnknown, "Whether a release may start while a budget is not known.", .word()),
    ]
}

/// An SLO of the same namespace.
package struct SLOReference: Fielded, Hashable {
    package var name = ""

    package init() {}
    package init(name: String) { self.name = name }

    package static let fields: [Field<SLOReference>] = [
        .required("name", \.name, "The SLO's name.", .text(min: 1, max: 253, .dnsSubdomain, example: "checkout-availability"))
    ]
}

/// What is tolerated of a release, and at what risk.
package struct RolloutRisk: Fielded, Hashable {
    package var falseAlarm = Percentage(percent: ExactDecimal(1))
    package var tolerance = Factor(ExactDecimal("1.2") ?? ExactDecimal(1))

    package init() {}

    package static let fields: [Field<RolloutRisk>] = [
        .defaulted(
            "falseAlarm", \.falseAlarm, "How many healthy releases of a hundred may be called bad by slo and compare gates together.",
            .percentage(.properPercentage, max: 12, example: "1%")),
        .defaulted(
            "tolerance", \.tolerance, "How many times the stable version's rate of bad events is tolerated, at least 1x.",
            .factor(.positiveFactor, max: 12, example: "1.2x").checked("expected a factor of at least 1x", holds: { $0.value >= ExactDecimal(1) })),
    ]
}

/// How a bad release is rolled back.
package struct RollbackSettings: Fielded, Hashable {
    package enum Method: String, Sendable, CaseIterable {
        case auto = "Auto"
        case undo = "Undo"
        case traffic = "Traffic"
        case pauseAndStarve = "PauseAndStarve"
    }

    package var within = PromDuration.minutes(2)
    package var method = Method.auto

    package init() {}

    package static let fields: [Field<RollbackSettings>] = [
        .defaulted(
            "within", \.within, "How soon after a breach the stable version should serve all traffic again.",
            .spanned(.seconds(5), .days(1), example: "2m")),
        .defaulted(
            "method", \.method, "Auto and Undo put the last good template back. Traffic and PauseAndStarve are not supported by this version.",
            .word(Method.self).checked { method, path in
                [.auto, .undo].contains(method)
                    ? [] : [Problem(path, "is not supported by this version of Plimsoll; give Auto or Undo", got: .string(method.rawValue))]
            }),
    ]
}

extension FieldType where Value == PromDuration {
    /// A duration within bounds that the daemon alone checks: so many of them would cost more CEL than a definition may have.
    static func spanned(_ low: PromDuration, _ high: PromDuration, example: String) -> FieldType {
        duration(example: example).checked("expected a duration from \(low) to \(high), like \(example)", holds: { low <= $0 && $0 <= high })
    }
}
