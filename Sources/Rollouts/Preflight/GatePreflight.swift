package import Values

/// What is said of a gate before a rollout leans on it.
package struct GatePreflight: Sendable, Hashable {
    /// What the stable version's pods did lately, as the gate's own query shows it.
    package struct Traffic: Sendable, Hashable {
        /// Of all pods together.
        package var requestsPerSecond: Double
        /// Of them, the part that is bad.
        package var badRate: Double
        package var dispersion: Double
        /// Pods of the target with samples, and pods that it has.
        package var podsSeen: Int
        package var pods: Int
        /// Between two scrapes of a pod.
        package var scrapeSpacing: PromDuration

        package init(
            requestsPerSecond: Double, badRate: Double, dispersion: Double = 1, podsSeen: Int, pods: Int, scrapeSpacing: PromDuration
        ) {
            self.requestsPerSecond = requestsPerSecond
            self.badRate = badRate
            self.dispersion = dispersion
            self.podsSeen = podsSeen
            self.pods = pods
            self.scrapeSpacing = scrapeSpacing
        }
    }

    package enum Finding: Sendable, Hashable {
        /// It can't do what it is for.
        case problem(String)
        /// A person should know it.
        case note(String)
    }

    package var gate: String
    package var findings: [Finding]
    /// The least rate of bad events of a canary that is found in time, as a share of its requests; nil where none is, or it is not known.
    package var smallestRate: Double?

    package var isUseless: Bool {
        findings.contains { if case .problem = $0 { true } else { false } }
    }

    /// In which a bad release is to be undone.
    private static let goal = PromDuration.minutes(2)

    /// A gate that weighs counts.
    /// - Parameters:
    ///   - share: the canary's part of all requests in the first step, 0 to 1.
    ///   - gates: how many share the risk.
    package static func evidence(
        _ gate: String, _ traffic: Traffic, share: Double, settings: EvidenceSettings, risk: Risk, gates: Int
    ) -> GatePreflight {
        var result = GatePreflight(gate: gate, findings: [])
        guard traffic.podsSeen > 0 else {
            result.findings.append(.problem("its query shows no pod of the target: it would never judge. Check the selector and the pod label"))
            return result
        }
        if traffic.podsSeen < traffic.pods {
            result.findings.append(
                .note("its query shows \(traffic.podsSeen) of \(traffic.pods) pods; a canary's pod that is not scraped holds the rollout"))
        }
        guard traffic.requestsPerSecond > 0 else {
            result.findings.append(.problem("the target had no request lately: nothing could be judged"))
            return result
        }
        // A tick is known a scrape after it began, and a fresh pod is scraped once before it counts.
        let judged = goal.seconds - 2 * traffic.scrapeSpacing.seconds
        guard judged > 0 else {
            result.findings.append(.problem("scrapes \(traffic.scrapeSpacing) apart are too far for a verdict within \(goal)"))
            return result
        }
        if traffic.scrapeSpacing > .seconds(15) {
            result.findings.append(
                .note(
                    "scrapes \(traffic.scrapeSpacing) apart leave \(PromDuration.seconds(Int64(judged))) of \(goal) to judge in; 15s or less is better"
                ))
        }
        let detectable = DetectableRegression(
            requestsPerSecond: traffic.requestsPerSecond, share: share, baseRate: traffic.badRate, dispersion: traffic.dispersion)
        result.smallestRate = detectable.smallest(within: judged, settings.bad, risk: risk, gates: gates)
        if let rate = result.smallestRate {
            let times = traffic.badRate > 0 ? ", \(rounded(rate / traffic.badRate)) times today's" : ""
            result.findings.append(
                .note(
                    "at \(rounded(traffic.requestsPerSecond)) requests a second a canary with \(percent(rate)) bad events\(times) is found within \(goal)"
                ))
        } else {
            result.findings.append(
                .problem(
                    "at \(rounded(traffic.requestsPerSecond)) requests a second and \(percent(share)) of them to the canary, not even one that fails every "
                        + "request is found within \(goal); take a greater first step, or lean on pod health"))
        }
        return result
    }

    /// A gate by conditions and limits.
    package static func classic(_ metric: ClassicMetric, answer: ExpressionValue?) -> GatePreflight {
        var result = GatePreflight(gate: metric.name, findings: metric.problems.map { .problem("\($0)") })
        guard let answer else {
            result.findings.append(.note("its query could not be tried"))
            return result
        }
        if answer.isEmpty {
            result.findings.append(
                .note(
                    "its query has no value now; \(metric.noData == .wait ? "a rollout would wait for one" : "that counts as \(metric.noData.rawValue)")"
                ))
        } else if let (phase, message) = metric.judge(answer, .cautious), phase != .successful {
            let why = message.isEmpty ? "" : ": \(message)"
            result.findings.append(
                phase == .failed
                    ? .problem("the stable version fails it now\(why)") : .note("the stable version's answer is \(phase.rawValue) now\(why)"))
        }
        return result
    }

    private static func percent(_ share: Double) -> String { "\(rounded(share * 100)) %" }

    /// To two digits.
    private static func rounded(_ value: Double) -> String {
        guard value > 0, value.isFinite else { return "0" }
        var unit = 1.0
        while value / unit >= 100 { unit *= 10 }
        while value / unit < 10 { unit /= 10 }
        let two = (value / unit).rounded()
        // Whole powers of ten divide without the noise that multiplying by a tenth would leave.
        let result = unit >= 1 ? two * unit : two / (1 / unit).rounded()
        return result == result.rounded() && result < 1e15 ? "\(Int64(result))" : "\(result)"
    }
}
