package import Values

/// An AnalysisTemplate of Argo Rollouts, read as it is: its metrics as classic gates, and a report of what is different here or refused.
package struct AnalysisTemplate: Sendable, Hashable {
    /// Where a metric's values come from.
    package enum Provider: Sendable, Hashable {
        /// Asked of the Prometheus that the gate names; the template's own address is not used.
        case prometheus(query: String, timeout: PromDuration)
        case web(WebMetric)
        /// A Job's `metadata` and `spec`.
        case job(JSON)
    }

    package struct Metric: Sendable, Hashable {
        package var metric: ClassicMetric
        package var provider: Provider
    }

    /// Something that a person should know of the template.
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        package enum Severity: String, Sendable, Hashable, CaseIterable {
            /// The gate can't be taken as it is.
            case refused
            /// It is taken, and does something else than with Argo Rollouts.
            case differs
            /// It does what it does with Argo Rollouts, which may surprise.
            case trap
        }

        package var severity: Severity
        package var problem: Problem

        package var description: String { "\(severity.rawValue): \(problem)" }
    }

    /// Those that can be taken.
    package var metrics: [Metric]
    package var findings: [Finding]

    package var isRefused: Bool { findings.contains { $0.severity == .refused } }
}

/// A web metric's request. Its address is the template's; here it must be a Service of the namespace.
package struct WebMetric: Sendable, Hashable {
    package var target: WebTarget
    package var path: String
    package var method: String
    package var body: String?
    package var jsonPath: JSONPath
    package var timeout: PromDuration
}

extension AnalysisTemplate {
    /// What a template's arguments are filled from.
    package struct Context: Sendable, Hashable {
        /// Of the object that uses the template.
        package var namespace: String
        /// Whose Jobs run as it.
        package var account: String
        /// What the gate gives for arguments, before the template's own values.
        package var arguments: [String: String]
        package var stableHash: String
        package var latestHash: String

        package init(namespace: String, account: String, arguments: [String: String] = [:], stableHash: String = "", latestHash: String = "") {
            self.namespace = namespace
            self.account = account
            self.arguments = arguments
            self.stableHash = stableHash
            self.latestHash = latestHash
        }
    }

    /// - Parameter json: an AnalysisTemplate or ClusterAnalysisTemplate.
    package init(_ json: JSON, _ context: Context) {
        var reader = AnalysisTemplateReader(context)
        metrics = reader.read(json)
        findings = reader.findings
    }
}
