import KubeModel
package import PlimsollAPI
package import PrometheusModel
package import Values

/// The rules that an SLO asks for.
package enum DesiredRules: Sendable, Hashable {
    case rules(GeneratedRules)
    /// None can be made of this spec; what an earlier generation asked for stays, so that a slip of the pen silences no alert.
    case invalid([Problem])

    /// Depends on the object's metadata and spec only, so it may be kept until these change, or the rules are no longer valid.
    /// - Parameters:
    ///   - refusals: what the daemon has against the spec besides, such as a source that its namespace may not use.
    ///   - members: of a composite.
    package init(
        _ slo: SLO, instance: String, settings: RuleSettings, refusals: [Problem] = [], members: CompositeMembers? = nil, now: Instant
    ) {
        let problems = slo.problems + refusals + (members?.faults ?? [])
        guard problems.isEmpty, let spec = slo.spec.map({ members?.resolved($0) ?? $0 }) else {
            self = .invalid(problems.isEmpty ? [Problem("spec", "is missing")] : problems)
            return
        }
        do {
            self = .rules(try RuleGenerator.generate(instance: instance, key: slo.metadata.key, spec: spec, settings: settings, now: now))
        } catch {
            self = .invalid(error.problems)
        }
    }
}

extension DesiredRules {
    /// Whether their time is over.
    package func isOutdated(at now: Instant) -> Bool {
        guard case .rules(let rules) = self, let end = rules.validUntil else { return false }
        return now >= end
    }
}

/// What was found about one SLO.
package struct SLOObservation: Sendable, Hashable {
    /// How the last attempt to write the rules ended.
    package enum Output: Sendable, Hashable {
        case pending
        /// Not tried yet, for want of something that is to come.
        case waiting(String)
        case written
        /// `isFinal`: trying again changes nothing, such as an object over its size limit.
        case failed(message: String, isFinal: Bool)
    }

    /// What Prometheus's rules API said.
    package enum Rules: Sendable, Hashable {
        /// Nothing was asked yet.
        case unasked
        case unavailable(String)
        /// The groups of this SLO, and those that it shares.
        case loaded([LoadedRuleGroup])
    }

    /// What the fleet queries said.
    package enum Figures: Sendable, Hashable {
        case unasked
        case unavailable(String)
        /// `nil`: no series of this SLO.
        case read(SLOFigures?)
    }

    /// What was found on the source's Prometheus about an SLO of this generation.
    package enum Preflight: Sendable, Hashable {
        /// Not yet: it is done now and then, not at each look.
        case unasked
        /// Not yet, but the server has taken the same text of ours with other selectors in it.
        case formTaken
        /// It was tried, and there was no answer; whose words these are.
        case unanswered(String)
        case found([SLOPreflight.Finding])
    }

    package var output: Output
    package var preflight = Preflight.unasked
    package var rules: Rules
    /// Digests of the SLOs about which the loaded rules of its place know, and of the classes of alerts that they have.
    package var sharedDigests: Set<String> = []
    package var figures: Figures
    /// Of a composite: the members in whose way something stands.
    package var gaps: [CompositeMembers.Gap] = []
    /// Events of past days; nil while unknown.
    package var days: PastDays?
    /// The figures were asked for after the rules were seen evaluated: that they lack this SLO then means that there is nothing to count.
    package var figuresFollowEvaluation: Bool
    /// Who can be told of the policy's steps.
    package var notifiers = NotifierScope()
    /// What came of telling them, as far as this process knows.
    package var notified: [NotificationResult] = []
    /// The server did not keep what somebody is to be told when it was written just now.
    package var losesRecords = false

    package init(output: Output = .pending, rules: Rules = .unasked, figures: Figures = .unasked, figuresFollowEvaluation: Bool = true) {
        self.output = output
        self.rules = rules
        self.figures = figures
        self.figuresFollowEvaluation = figuresFollowEvaluation
    }
}

/// What is to be done about an SLO.
package struct Decision: Sendable, Hashable {
    package enum Rules: Sendable, Hashable {
        /// Make what carries the rules hold these; nothing to do if it does.
        case write(GeneratedRules)
        /// Leave what is there.
        case keep
    }

    /// An event for the object.
    package struct Event: Sendable, Hashable {
        package enum Kind: String, Sendable {
            case normal = "Normal"
            case warning = "Warning"
        }

        package var kind: Kind
        /// CamelCase.
        package var reason: String
        package var note: String
    }

    package var rules: Rules
    /// The status as it should be; equal to the prior one when there is nothing to write.
    package var status: SLOStatus
    package var writesStatus: Bool
    /// What somebody would be told, if the server kept it.
    package var withheld: [SLONotification] = []
    package var events: [Event]
    /// When to look again though nothing happens: figures that changed are waiting for their turn.
    package var requeueAfter: PromDuration?
}
