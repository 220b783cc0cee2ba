import Values

/// Reads one template, and notes what it finds on the way.
struct AnalysisTemplateReader {
    private(set) var findings: [AnalysisTemplate.Finding] = []
    private let context: AnalysisTemplate.Context
    var namespace: String { context.namespace }
    var account: String { context.account }
    private var arguments: [String: String] = [:]
    /// Arguments that have no value here; what names them says so once.
    private var missing: [String: String] = [:]

    init(_ context: AnalysisTemplate.Context) { self.context = context }

    mutating func note(_ severity: AnalysisTemplate.Finding.Severity, _ path: FieldPath, _ message: String, got value: JSON? = nil) {
        findings.append(.init(severity: severity, problem: Problem(path, message, got: value)))
    }

    mutating func read(_ json: JSON) -> [AnalysisTemplate.Metric] {
        guard let spec = json["spec"], spec.objectValue != nil else {
            note(.refused, "spec", "is missing")
            return []
        }
        readArguments(spec["args"]?.arrayValue ?? [])
        if !(spec["templates"]?.arrayValue ?? []).isEmpty {
            note(.refused, "spec.templates", "templates within a template are not read; name each of them in a gate of its own")
        }
        if spec["measurementRetention"] != nil {
            note(.differs, "spec.measurementRetention", "has no effect: a run keeps its decisions and not its measurements")
        }
        var metrics: [AnalysisTemplate.Metric] = []
        var names: Set<String> = []
        let entries = spec["metrics"]?.arrayValue ?? []
        if entries.isEmpty { note(.refused, "spec.metrics", "expected at least one metric") }
        for (index, entry) in entries.enumerated() {
            let path: FieldPath = FieldPath(.key("spec"), .key("metrics"), .index(index))
            let name = entry["name"]?.stringValue ?? ""
            guard !name.isEmpty, names.insert(name).inserted else {
                note(.refused, path.appending("name"), "expected a name that no other metric has", got: entry["name"])
                continue
            }
            if let metric = readMetric(entry, name, at: path) { metrics.append(metric) }
        }
        readDryRuns(spec["dryRun"]?.arrayValue ?? [], &metrics)
        return metrics
    }

    // MARK: Arguments

    private mutating func readArguments(_ entries: [JSON]) {
        for (index, entry) in entries.enumerated() {
            let path = FieldPath(.key("spec"), .key("args"), .index(index))
            guard let name = entry["name"]?.stringValue else {
                note(.refused, path.appending("name"), "is missing")
                continue
            }
            if let given = context.arguments[name] {
                arguments[name] = given
            } else if let value = entry["value"]?.stringValue {
                arguments[name] = value
            } else if let source = entry["valueFrom"] {
                switch source["podTemplateHashValue"]?.stringValue {
                case "Stable": arguments[name] = context.stableHash
                case "Latest": arguments[name] = context.latestHash
                default:
                    missing[name] =
                        source["secretKeyRef"] != nil
                        ? "comes from a Secret, which no template gets here: put credentials into the source's configuration"
                        : "comes from \(source.objectValue.flatMap { $0.map(\.key).first } ?? "nowhere"), which is not read: give its value in the gate"
                }
            } else {
                missing[name] = "has no value: give it in the gate"
            }
        }
        for name in context.arguments.keys.sorted() where arguments[name] == nil && missing[name] == nil {
            note(.refused, "args", "the template has no argument \(name)", got: .string(name))
        }
    }

    /// The text with `{{args.name}}` filled in; nil where something can't be.
    private mutating func filled(_ text: String, at path: FieldPath) -> String? {
        var result = ""
        var rest = Substring(text)
        while let open = rest.firstRange(of: "{{") {
            result += rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            guard let close = rest.firstRange(of: "}}") else {
                note(.refused, path, "{{ is not closed", got: .string(text))
                return nil
            }
            let tag = rest[..<close.lowerBound].filter { !$0.isWhitespace }
            rest = rest[close.upperBound...]
            guard tag.hasPrefix("args."), let value = arguments[String(tag.dropFirst(5))] else {
                let name = String(tag.dropFirst(5))
                let why = tag.hasPrefix("args.") ? missing[name].map { "the argument \(name) \($0)" } : nil
                note(.refused, path, why ?? "there is no argument for {{\(tag)}}")
                return nil
            }
            result += value
        }
        return result + rest
    }

    /// Every text within a value.
    private mutating func filled(_ json: JSON, at path: FieldPath) -> JSON? {
        switch json {
        case .string(let text): return filled(text, at: path).map { .string($0) }
        case .array(let elements):
            var result: [JSON] = []
            for (index, element) in elements.enumerated() {
                guard let value = filled(element, at: path.appending(index)) else { return nil }
                result.append(value)
            }
            return .array(result)
        case .object(let object):
            var result = JSONObject()
            for (key, element) in object {
                guard let value = filled(element, at: path.appending(key)) else { return nil }
                result[key] = value
            }
            return .object(result)
        case .null, .bool, .number: return json
        }
    }

    // MARK: Metrics

    private mutating func readMetric(_ raw: JSON, _ name: String, at path: FieldPath) -> AnalysisTemplate.Metric? {
        let refusals = findings.count { $0.severity == .refused }
        guard let entry = filled(raw, at: path) else { return nil }
        var metric = ClassicMetric(name: name)
        metric.success = condition(entry, "successCondition", at: path)
        metric.failure = condition(entry, "failureCondition", at: path)
        metric.interval = span(entry, "interval", at: path)
        metric.initialDelay = span(entry, "initialDelay", at: path) ?? .zero
        metric.count = number(entry, "count", at: path)
        metric.failureLimit = number(entry, "failureLimit", at: path) ?? 0
        metric.inconclusiveLimit = number(entry, "inconclusiveLimit", at: path) ?? 0
        metric.consecutiveErrorLimit = number(entry, "consecutiveErrorLimit", at: path) ?? metric.consecutiveErrorLimit
        metric.consecutiveSuccessLimit = number(entry, "consecutiveSuccessLimit", at: path) ?? 0
        let provider = readProvider(entry["provider"] ?? .null, at: path.appending("provider"))
        let isJob = entry["provider"]?["job"] != nil
        // A condition that can't be read has been told.
        let hasCondition = entry["successCondition"] != nil || entry["failureCondition"] != nil
        for problem in metric.problems where problem.path != "success" || !(isJob || hasCondition) {
            note(.refused, path.appending(Self.argoName(problem.path)), problem.message)
        }
        guard let provider, findings.count(where: { $0.severity == .refused }) == refusals else { return nil }
        noteTraps(metric, isJob: isJob, at: path)
        return AnalysisTemplate.Metric(metric: metric, provider: provider)
    }

    private static func argoName(_ path: FieldPath) -> String {
        path == "success" ? "successCondition" : path == "failure" ? "failureCondition" : path.description
    }

    /// What silently passes or fails with Argo Rollouts.
    private mutating func noteTraps(_ metric: ClassicMetric, isJob: Bool, at path: FieldPath) {
        if isJob {
            if metric.success != nil || metric.failure != nil {
                note(.trap, path, "a Job's conditions are not looked at: it is good if the Job is Complete, and bad if it failed")
            }
            return
        }
        let text = [metric.success, metric.failure].compactMap { $0?.text }.joined(separator: " ")
        if metric.success != nil, metric.failure == nil, !text.contains("isNaN") {
            note(
                .trap, path.appending("successCondition"), "NaN, the ratio of no requests, is not good and so fails the release; ask isNaN(result[0])"
            )
        }
        if metric.success == nil, metric.failure != nil, !text.contains("isNaN") {
            note(
                .differs, path.appending("failureCondition"),
                "NaN passes with Argo Rollouts; here it is Inconclusive, unless the condition asks isNaN")
        }
        if text.contains("result["), !text.contains("len(") {
            note(.differs, path, "an answer without any value is an error with Argo Rollouts, which aborts after five of them; here it is waited for")
        }
        if metric.effectiveCount == nil {
            note(.trap, path.appending("count"), "without a count it never ends by itself, and what it saw below its limits passes")
        }
    }

    private mutating func condition(_ entry: JSON, _ field: String, at path: FieldPath) -> Expression? {
        guard let text = entry[field]?.stringValue, !text.isEmpty else { return nil }
        do throws(ExpressionError) { return try Expression(text) } catch {
            note(.refused, path.appending(field), error.message, got: .string(text))
            return nil
        }
    }

    private mutating func span(_ entry: JSON, _ field: String, at path: FieldPath) -> PromDuration? {
        guard let value = entry[field] else { return nil }
        guard let text = value.stringValue, let span = PromDuration(text) else {
            note(.refused, path.appending(field), "expected a span of whole numbers such as 30s or 1h30m", got: value)
            return nil
        }
        return span
    }

    /// A number, or a text that is one once arguments are filled in.
    private mutating func number(_ entry: JSON, _ field: String, at path: FieldPath) -> Int? {
        guard let value = entry[field] else { return nil }
        if let number = value.intValue ?? value.stringValue.flatMap({ Int64($0) }) { return Int(clamping: number) }
        note(.refused, path.appending(field), "expected a whole number", got: value)
        return nil
    }

    private mutating func readDryRuns(_ entries: [JSON], _ metrics: inout [AnalysisTemplate.Metric]) {
        for (index, entry) in entries.enumerated() {
            let path = FieldPath(.key("spec"), .key("dryRun"), .index(index), .key("metricName"))
            guard let pattern = entry["metricName"]?.stringValue, let expression = try? Regex(pattern) else {
                note(.refused, path, "expected a regular expression", got: entry["metricName"])
                continue
            }
            for at in metrics.indices where metrics[at].metric.name.firstMatch(of: expression) != nil { metrics[at].metric.isDryRun = true }
        }
        if !metrics.isEmpty, metrics.allSatisfy(\.metric.isDryRun) {
            note(.refused, "spec.dryRun", "all metrics are dry runs: the gate could never fail")
        }
    }
}
