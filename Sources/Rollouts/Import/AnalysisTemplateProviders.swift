import Values

extension AnalysisTemplateReader {
    /// Nil where it is refused, which is noted.
    mutating func readProvider(_ provider: JSON, at path: FieldPath) -> AnalysisTemplate.Provider? {
        let names = (provider.objectValue ?? [:]).map(\.key)
        guard names.count == 1, let name = names.first, let settings = provider[name] else {
            note(.refused, path, "expected exactly one provider", got: provider)
            return nil
        }
        let path = path.appending(name)
        switch name {
        case "prometheus": return prometheus(settings, at: path)
        case "web": return web(settings, at: path)
        case "job": return job(settings, at: path)
        default:
            note(.refused, path, "this provider is not read; there are prometheus, web and job")
            return nil
        }
    }

    private mutating func prometheus(_ settings: JSON, at path: FieldPath) -> AnalysisTemplate.Provider? {
        guard let query = settings["query"]?.stringValue, !query.isEmpty else {
            note(.refused, path.appending("query"), "is missing")
            return nil
        }
        if settings["rangeQuery"] != nil {
            note(.refused, path.appending("rangeQuery"), "queries over a range are not read; write the range into the query")
            return nil
        }
        let ignored = ["address", "insecure", "headers", "authentication"].filter { settings[$0] != nil }
        if !ignored.isEmpty {
            note(
                .differs, path, "\(ignored.joined(separator: ", ")): not used; the Prometheus of the configuration is asked that the gate names")
        }
        return .prometheus(query: query, timeout: timeout(settings["timeout"], .seconds(30), at: path.appending("timeout")))
    }

    private mutating func web(_ settings: JSON, at path: FieldPath) -> AnalysisTemplate.Provider? {
        for field in ["headers", "authentication"] where !(settings[field]?.arrayValue?.isEmpty ?? (settings[field] == nil)) {
            note(.refused, path.appending(field), "what a request bears beside its body belongs into a source of the configuration")
            return nil
        }
        guard let url = settings["url"]?.stringValue else {
            note(.refused, path.appending("url"), "is missing")
            return nil
        }
        guard let (target, rest) = Self.service(of: url, in: namespace) else {
            note(
                .refused, path.appending("url"),
                "expected a Service of the namespace \(namespace), such as http://NAME.\(namespace).svc:8080/path; for the world outside use a gate http "
                    + "with a source of the configuration", got: .string(url))
            return nil
        }
        let method = settings["method"]?.stringValue ?? "GET"
        guard ["GET", "POST", "PUT"].contains(method) else {
            note(.refused, path.appending("method"), "expected GET, POST or PUT", got: .string(method))
            return nil
        }
        let jsonPath: JSONPath
        do throws(JSONPath.Failure) {
            let text = settings["jsonPath"]?.stringValue ?? ""
            jsonPath = text.isEmpty ? .whole : try JSONPath(text)
        } catch {
            note(.refused, path.appending("jsonPath"), error.description)
            return nil
        }
        let body = settings["body"]?.stringValue ?? settings["jsonBody"].map { $0.text() }
        let timeout = timeout(settings["timeoutSeconds"], WebMeasurement.timeout, at: path.appending("timeoutSeconds"))
        return .web(WebMetric(target: target, path: rest, method: method, body: body, jsonPath: jsonPath, timeout: timeout))
    }

    private mutating func job(_ settings: JSON, at path: FieldPath) -> AnalysisTemplate.Provider? {
        let problems = JobMeasurement.problems(settings, account: account)
        for problem in problems {
            // The settings are what is called a template elsewhere.
            note(.refused, FieldPath(elements: path.elements + problem.path.elements.dropFirst()), problem.message)
        }
        if settings["spec"]?["backoffLimit"] == nil {
            note(.differs, path, "without backoffLimit it fails with its first pod; with Argo Rollouts it is tried six times more")
        }
        return problems.isEmpty ? .job(settings) : nil
    }

    private mutating func timeout(_ value: JSON?, _ usual: PromDuration, at path: FieldPath) -> PromDuration {
        guard let value else { return usual }
        guard let seconds = value.intValue, (1...300).contains(seconds) else {
            note(.differs, path, "expected 1 to 300 seconds; \(usual) is used", got: value)
            return usual
        }
        return .seconds(seconds)
    }

    /// `http://name.namespace.svc.cluster.local:8080/path`, and its shorter forms; nil for anything that is no Service of the namespace.
    private static func service(of url: String, in namespace: String) -> (WebTarget, path: String)? {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest.dropFirst(authority.count)
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let labels = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        // One label is the client's own namespace, which would be the controller's: with Argo Rollouts it leads elsewhere.
        guard labels.count >= 2, labels[1] == namespace, ["", "svc", "svc.cluster.local"].contains(labels.dropFirst(2).joined(separator: ".")),
            FieldPattern.dnsLabel.accepts(labels[0])
        else { return nil }
        let port = parts.count > 1 ? String(parts[1]) : "80"
        guard let number = Int(port), (1...65_535).contains(number) else { return nil }
        return (.service(labels[0], port: port), path.hasPrefix("/") ? String(path) : "/\(path)")
    }
}
