import Values

/// An issue of Jira for each occurrence: opened where none is open, told of the end, and closed if a transition for that is configured.
///
/// A label of the identity finds the open issue again; a label of each occurrence's begin and end goes in with its comment, in one edit, so that no
/// restart comments twice.
package struct JiraTemplate: Dialogue {
    /// Which of the two APIs: the search of the one is not there in the other.
    package enum Deployment: String, Sendable, CaseIterable {
        case cloud = "Cloud"
        case dataCenter = "DataCenter"
    }

    package struct Settings: Sendable, Hashable {
        package var project: String
        package var issueType: String
        package var deployment: Deployment
        /// The transition that closes an issue, by its name; empty: it stays open, and is only told.
        package var resolveTransition: String
        package var labels: [String]

        package init(
            project: String, issueType: String = "Bug", deployment: Deployment = .cloud, resolveTransition: String = "", labels: [String] = []
        ) {
            self.project = project
            self.issueType = issueType
            self.deployment = deployment
            self.resolveTransition = resolveTransition
            self.labels = labels
        }
    }

    private enum Stage: Sendable, Hashable {
        case start, searching, reading, creating
        case editing(key: String)
        case listingTransitions(key: String)
        case transitioning(key: String)
    }

    /// What Jira takes, in characters.
    private static let (longestSummary, longestText) = (255, 32_767)

    private let notification: Notification
    private let settings: Settings
    private let reference: String
    private var stage = Stage.start

    /// - Parameter reference: the issue's key, where it is known.
    package init(_ notification: Notification, settings: Settings, reference: String = "") {
        self.notification = notification
        self.settings = settings
        self.reference = Self.isKey(reference) ? reference : ""
    }

    package mutating func next(_ answer: NotifyAnswer?) -> Turn {
        guard let answer else { return begin() }
        // An issue that is gone, or was moved out of sight, is looked for.
        if stage == .reading, answer.status == 404 { return search() }
        guard answer.isGood else { return .failed(answer.failure) }
        switch stage {
        case .start: return begin()
        case .searching:
            guard let issues = answer.json["issues"]?.arrayValue else { return nonsense("a search without issues") }
            if let issue = issues.first { return found(issue) }
            return notification.state == .firing ? create() : .done(reference: "")
        case .reading: return found(answer.json)
        case .creating:
            guard let key = answer.json["key"]?.stringValue, Self.isKey(key) else { return nonsense("a new issue without a key") }
            return .done(reference: key)
        case .editing(let key): return edited(key)
        case .listingTransitions(let key): return transition(key, answer.json["transitions"]?.arrayValue ?? [])
        case .transitioning(let key): return .done(reference: key)
        }
    }

    // MARK: Steps

    private mutating func begin() -> Turn {
        // A search may lag behind: the end of what was just begun goes by the key.
        guard notification.state == .resolved, !reference.isEmpty else { return search() }
        stage = .reading
        return .send(NotifyRequest("GET", "/rest/api/2/issue/\(reference)?fields=labels,status", json: nil, isIdempotent: true))
    }

    private mutating func search() -> Turn {
        stage = .searching
        let jql = "project = \"\(settings.project)\" AND labels = \"\(label)\" AND statusCategory != Done ORDER BY created DESC"
        let path = settings.deployment == .cloud ? "/rest/api/3/search/jql" : "/rest/api/2/search"
        return .send(
            NotifyRequest(
                "POST", path, json: ["jql": .string(jql), "maxResults": 1, "fields": ["labels", "status"]], isIdempotent: true))
    }

    private mutating func create() -> Turn {
        stage = .creating
        let labels = ([label, occurrenceLabel] + settings.labels).map { JSON.string($0) }
        let fields: JSON = [
            "project": ["key": .string(settings.project)], "issuetype": ["name": .string(settings.issueType)],
            "summary": .string(notification.title.cut(to: Self.longestSummary)), "description": .string(body), "labels": .array(labels),
        ]
        return .send(NotifyRequest("POST", "/rest/api/2/issue", json: ["fields": fields], isIdempotent: false))
    }

    private mutating func found(_ issue: JSON) -> Turn {
        guard let key = issue["key"]?.stringValue, Self.isKey(key) else { return nonsense("an issue without a key") }
        if issue["fields"]?["status"]?["statusCategory"]?["key"] == "done" { return .done(reference: key) }
        let labels = issue["fields"]?["labels"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if labels.contains(occurrenceLabel) { return edited(key) }
        stage = .editing(key: key)
        let update: JSON = ["labels": [["add": .string(occurrenceLabel)]], "comment": [["add": ["body": .string(body)]]]]
        return .send(NotifyRequest("PUT", "/rest/api/2/issue/\(key)", json: ["update": update], isIdempotent: false))
    }

    private mutating func edited(_ key: String) -> Turn {
        guard notification.state == .resolved, !settings.resolveTransition.isEmpty else { return .done(reference: key) }
        stage = .listingTransitions(key: key)
        return .send(NotifyRequest("GET", "/rest/api/2/issue/\(key)/transitions", json: nil, isIdempotent: true))
    }

    private mutating func transition(_ key: String, _ transitions: [JSON]) -> Turn {
        let names = transitions.compactMap { $0["name"]?.stringValue }
        let wanted = transitions.first { $0["name"]?.stringValue?.lowercased() == settings.resolveTransition.lowercased() }
        guard let id = wanted?["id"]?.stringValue else {
            return .failed(
                NotifyFailure(
                    "issue \(key) has no transition \"\(settings.resolveTransition)\" (jira.resolveTransition); it has: "
                        + names.prefix(20).map { "\"\($0.cut(to: 60))\"" }.joined(separator: ", "), isFinal: true))
        }
        stage = .transitioning(key: key)
        return .send(
            NotifyRequest("POST", "/rest/api/2/issue/\(key)/transitions", json: ["transition": ["id": .string(id)]], isIdempotent: false))
    }

    private func nonsense(_ what: String) -> Turn { .failed(NotifyFailure("it answered with \(what); is url that of a Jira?", isFinal: false)) }

    // MARK: Texts

    private var label: String { "plimsoll-\(notification.identity.digest)" }
    private var occurrenceLabel: String {
        "plimsoll-\(notification.state == .firing ? "began" : "ended")-\(notification.startedAt.wholeSeconds)"
    }

    private var body: String {
        Self.plain("\(notification.title)\n\n\(notification.plainBody)").cut(to: Self.longestText)
    }

    /// Text that Jira's wiki notation leaves as it is.
    static func plain(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if "\\{[!|".unicodeScalars.contains(scalar) { out.unicodeScalars.append("\\") }
            out.unicodeScalars.append(scalar)
        }
        return out
    }

    /// What comes from outside goes into a path only if it looks as Jira makes it.
    static func isKey(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard text.utf8.count <= 255, parts.count == 2, let first = parts[0].first, FieldPattern.isLetter(first) else { return false }
        return parts[0].allSatisfy { FieldPattern.isLetter($0) || FieldPattern.isDigit($0) || $0 == UInt8(ascii: "_") }
            && !parts[1].isEmpty && parts[1].allSatisfy(FieldPattern.isDigit)
    }
}
