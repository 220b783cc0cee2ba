import KubeModel
package import PlimsollAPI
package import PrometheusModel
package import Values

/// What can't be known from an SLO alone and is asked of the Prometheus that shall evaluate it: whether it can work there. Pure: questions, and a
/// judgement of the answers.
package struct SLOPreflight: Sendable, Hashable {
    /// An instant query and what it is for.
    package struct Question: Sendable, Hashable {
        package enum Subject: Sendable, Hashable {
            /// How many series the field's text selects; nothing: none.
            case series(field: FieldPath)
            /// How many samples one of the total's series had within `sampleSpan`, at most.
            case samples
            /// One sample a bound of the histogram's buckets, by `le`.
            case bounds
            /// Errors over total events, of the last hour.
            case ratio
            /// How many series the field's text selects that the total does not.
            case outside(field: FieldPath)
            /// How many groups `groupBy` makes.
            case groups
            /// How many series of the total lack a label of `groupBy`.
            case unlabelled(String)
            /// A sample a member of a composite that records events.
            case members
            /// What native histograms observed in the last hour, in one, as far as they are counted.
            case native
        }
        package let subject: Subject
        package let promql: String
    }

    /// What came of a question.
    package enum Answer: Sendable, Hashable {
        case vector([VectorSample])
        /// The server's own words: it does not parse.
        case refused(String)
        /// The same: it parses, and can't be evaluated on what there is now.
        case failed(String)
    }

    /// What speaks against the SLO's working.
    package struct Finding: Sendable, Hashable {
        package enum Weight: Sendable, Hashable {
            /// It won't work.
            case problem
            /// It may be meant so.
            case warning
        }
        package let weight: Weight
        /// CamelCase.
        package let reason: String
        package let path: FieldPath
        package let message: String
    }

    static let sampleSpan = PromDuration.minutes(10)
    /// Of what rules may read a second for one SLO before it is worth a word.
    private static let costlySamples = 10_000.0

    let spec: SLOSpec
    private let settings: RuleSettings

    package init(_ spec: SLOSpec, settings: RuleSettings) {
        self.spec = spec
        self.settings = settings
    }

    // MARK: Questions

    package var questions: [Question] {
        guard let indicator = IndicatorEvents(spec.indicator) else { return [] }
        let at: FieldPath = "spec.indicator"
        func count(_ expression: String, _ field: FieldPath) -> Question {
            Question(subject: .series(field: field), promql: "count(\n\(expression)\n)")
        }
        var questions: [Question] = []
        // The series of the total; an expression each.
        var totals: [VectorSelector] = []
        // Summaries have series of a histogram's bare name.
        func counted(_ selector: VectorSelector) -> String {
            indicator.histogram?.native.metricName == selector.metricName ? "histogram_count(\(selector))" : selector.description
        }
        func union(_ expression: (VectorSelector) -> String) -> String { totals.map(expression).joined(separator: " or ") }
        switch indicator {
        case .counters(let selectors):
            totals = [selectors.total]
            let ratio = at.appending("ratio")
            switch selectors.outcome {
            case .errors(let errors):
                questions =
                    [
                        count(selectors.total.description, ratio.appending("total")), count(errors.description, ratio.appending("errors")),
                        Question(subject: .ratio, promql: "sum(increase(\(errors)[1h])) / sum(increase(\(selectors.total)[1h]))"),
                    ] + outside(errors, selectors.total, ratio.appending("errors"))
            case .good(let good):
                questions =
                    [
                        count(selectors.total.description, ratio.appending("total")), count(good.description, ratio.appending("good")),
                        Question(subject: .ratio, promql: "sum(increase(\(good)[1h])) / sum(increase(\(selectors.total)[1h]))"),
                    ] + outside(good, selectors.total, ratio.appending("good"))
            }
        case .latency(let histogram):
            totals = histogram.series
            questions = [count(union(counted), at.appending("latency").appending("histogram"))] + Self.questions(histogram)
        case .queries(let queries):
            func filled(_ text: String) -> String { PromQLText.filled(text, window: settings.baseWindow) }
            func ofHour(_ text: String) -> String { "sum(\(PromQLText.filled(text, window: .hours(1))))" }
            let ratio = at.appending("ratio")
            questions = [count(filled(queries.total), ratio.appending("total"))]
            switch queries.outcome {
            case .errors(let text):
                questions.append(count(filled(text), ratio.appending("errors")))
                questions.append(Question(subject: .ratio, promql: "\(ofHour(text)) / \(ofHour(queries.total))"))
            case .good(let text):
                questions.append(count(filled(text), ratio.appending("good")))
                questions.append(Question(subject: .ratio, promql: "\(ofHour(text)) / \(ofHour(queries.total))"))
            }
        case .gauge(let gauge):
            totals = [gauge]
            questions = [count(gauge.description, at.appending("gauge").appending("metric"))]
        case .slices(let slices): questions = [count(slices.query, at.appending("slices").appending("query"))]
        case .worst(let members):
            let worst = WorstMember(instance: "", members: members, groupBy: [], settings: settings)
            questions = [Question(subject: .members, promql: worst.count)]
        }
        if !totals.isEmpty {
            questions.append(Question(subject: .samples, promql: "max(\(union { "count_over_time(\($0)[\(Self.sampleSpan)])" }))"))
            if !spec.groupBy.isEmpty {
                questions.append(Question(subject: .groups, promql: "count(count by (\(spec.groupBy.joined(separator: ", "))) (\(union(counted))))"))
                questions += spec.groupBy.map { label in
                    Question(subject: .unlabelled(label), promql: "count(\(union { counted($0.adding(LabelMatcher(label, .equal, ""))) }))")
                }
            }
        }
        return questions
    }

    /// Of one metric the server can tell exactly.
    private func outside(_ part: VectorSelector, _ total: VectorSelector, _ field: FieldPath) -> [Question] {
        guard part.metricName == total.metricName, !part.metricName.isEmpty else { return [] }
        return [Question(subject: .outside(field: field), promql: "count(\(part) unless \(total))")]
    }

    // MARK: Judgement

    /// - Parameter setup: how the server is set up, as far as it tells.
    package func findings(_ answers: [(question: Question, answer: Answer)], setup: ServerSetup) -> [Finding] {
        var findings = windowFindings(setup)
        var series = 0.0
        for (question, answer) in answers {
            switch answer {
            case .refused(let words): findings.append(refusal(question, Self.refused, "this Prometheus refuses it: \(words)"))
            case .failed(let words): findings.append(refusal(question, "QueryFailed", "this Prometheus can't evaluate it: \(words)"))
            case .vector(let samples):
                let value = samples.first?.value
                if case .series = question.subject { series += value ?? 0 }
                findings += judge(question.subject, samples, value)
            }
        }
        findings += cost(series, answers)
        return findings.sorted { $0.weight == .problem && $1.weight == .warning }
    }

    /// What of a server's set-up matters; nil is unknown.
    package struct ServerSetup: Sendable, Hashable {
        package var retention: PromDuration?

        package init(retention: PromDuration? = nil) { self.retention = retention }
    }

    private func windowFindings(_ setup: ServerSetup) -> [Finding] {
        guard let window = spec.window.length, let retention = setup.retention, retention < window else { return [] }
        return [
            Finding(
                weight: .problem, reason: "RetentionTooShort", path: spec.window.rolling == nil ? "spec.window.calendar" : "spec.window.rolling",
                message: "\(window) is longer than this Prometheus keeps data (\(retention)): the budget would forget what is older; give at most "
                    + "\(retention), or raise its retention")
        ]
    }

    /// The reason of a finding that the server does not take the SLO's PromQL.
    package static let refused = "QueryRefused"

    private func refusal(_ question: Question, _ reason: String, _ message: String) -> Finding {
        var path: FieldPath = "spec.indicator"
        if case .series(let field) = question.subject { path = field }
        let isOurs = reason == Self.refused && spec.indicator.latency != nil
        let remedy = isOurs ? "; where it has no native histograms, set spec.indicator.latency.type: Classic" : ""
        return Finding(weight: .problem, reason: reason, path: path, message: message + remedy)
    }

    private func judge(_ subject: Question.Subject, _ samples: [VectorSample], _ value: Double?) -> [Finding] {
        switch subject {
        case .series(let field):
            guard value ?? 0 == 0 else { return [] }
            let isErrors = field.description.hasSuffix(".errors")
            return [
                Finding(
                    weight: isErrors ? .warning : .problem, reason: isErrors ? "NoErrorSeries" : "NoSeries", path: field,
                    message: isErrors
                        ? "selects no series now, which counts as no errors; that is right where the series comes with the first error"
                        : "selects no series now: nothing would be counted")
            ]
        case .samples: return scrapeFindings(value)
        case .bounds: return boundFindings(samples)
        case .ratio:
            guard let value, value > 1.001 else { return [] }
            return [
                Finding(
                    weight: .problem, reason: "NotPartOfTotal", path: "spec.indicator.ratio",
                    message: "its numerator is \(Self.short(value)) times the total of the last hour: it is no part of it")
            ]
        case .outside(let field):
            guard let value, value > 0 else { return [] }
            return [
                Finding(
                    weight: .problem, reason: "NotPartOfTotal", path: field,
                    message: "selects \(Self.count(value)) series that are no part of total: they would count against other events")
            ]
        case .groups:
            guard let value, value > Double(RuleGenerator.maximumGroups) else { return [] }
            return [
                Finding(
                    weight: .problem, reason: "TooManyGroups", path: "spec.groupBy",
                    message: "makes \(Self.count(value)) groups; at most \(RuleGenerator.maximumGroups) have a budget each")
            ]
        case .unlabelled(let label):
            guard let value, value > 0 else { return [] }
            return [
                Finding(
                    weight: .warning, reason: "GroupLabelMissing", path: "spec.groupBy",
                    message: "\(Self.count(value)) series have no label \(label); they make a group of their own")
            ]
        case .members: return memberFindings(samples)
        case .native: return interpolationFindings(samples)
        }
    }

    private func memberFindings(_ samples: [VectorSample]) -> [Finding] {
        let there = Set(samples.map { "\($0.metric[LabelNames.namespace] ?? "")/\($0.metric[LabelNames.slo] ?? "")" })
        let members = spec.indicator.composite?.members.map { $0.key(in: "").description } ?? []
        return members.filter { !there.contains($0) }.map { member in
            Finding(
                weight: .problem, reason: "MemberSilent", path: "spec.indicator.composite.members",
                message: "\(member) records no events now: it counts for nothing until it does")
        }
    }

    /// Scrapes that are further apart than the configuration says leave the base window without a rate.
    private func scrapeFindings(_ samples: Double?) -> [Finding] {
        guard let samples, samples >= 1 else { return [] }
        // The span may hold one scrape more than its length gives, and one scrape may be lost: the shortest interval that fits both.
        let interval = PromDuration(milliseconds: Int64(Double(Self.sampleSpan.milliseconds) / (samples + 2) / 1000) * 1000)
        var findings: [Finding] = []
        if settings.baseWindow < interval * 4 {
            findings.append(
                Finding(
                    weight: .problem, reason: "ScrapedTooRarely", path: "spec.indicator",
                    message:
                        "its series are scraped about every \(interval), and the rules look back \(settings.baseWindow), fewer than four scrapes; set "
                        + "scrapeInterval of this source in the daemon's configuration to what it is"))
        }
        for tier in WindowPlan(spec).tiers where tier.short < interval * 4 && tier.short >= settings.scrapeInterval * 4 {
            findings.append(
                Finding(
                    weight: .warning, reason: "ShortWindow", path: "spec.alerting.tiers",
                    message: "the short window of tier \(tier.name), \(tier.short), holds fewer than four scrapes at \(interval)"))
        }
        return findings
    }

    /// What the base rules read a second: every series, over the base window, twice where newborn series are looked for.
    private func cost(_ series: Double, _ answers: [(question: Question, answer: Answer)]) -> [Finding] {
        var perSeries = settings.baseWindow.seconds / settings.scrapeInterval.seconds
        for case (let question, .vector(let samples)) in answers where question.subject == .samples {
            if let count = samples.first?.value { perSeries = count * settings.baseWindow.seconds / Self.sampleSpan.seconds }
        }
        let reads = series * (perSeries + 3) / settings.evaluationInterval.seconds
        guard reads > Self.costlySamples else { return [] }
        return [
            Finding(
                weight: .warning, reason: "Costly", path: "spec.indicator",
                message:
                    "its rules read about \(Self.count(reads)) samples a second, of \(Self.count(series)) series; narrow the selectors, or aggregate them by a rule first"
            )
        ]
    }

    /// A whole number out of what a server says, which may be anything.
    static func count(_ value: Double) -> String { Int(exactly: value.rounded(.towardZero)).map { "\($0)" } ?? short(value) }

    static func short(_ value: Double) -> String { ExactDecimal(value)?.rounded(digits: 3).description ?? "\(value)" }
}
