import Values

/// An incident on a page of Statuspage, found again by metadata that only the API shows.
package struct StatuspageTemplate: Dialogue {
    package static let url = "https://api.statuspage.io"

    package struct Settings: Sendable, Hashable {
        package var pageID: String
        /// Shown as degraded while an incident lasts.
        package var componentIDs: [String]
        package var deliversNotifications: Bool

        package init(pageID: String, componentIDs: [String] = [], deliversNotifications: Bool = true) {
            self.pageID = pageID
            self.componentIDs = componentIDs
            self.deliversNotifications = deliversNotifications
        }
    }

    private enum Stage: Sendable, Hashable {
        case start, listing, creating
        case patching(id: String)
    }

    /// What Statuspage takes, in characters.
    private static let (longestName, longestBody) = (255, 25_000)

    private let notification: Notification
    private let settings: Settings
    private var stage = Stage.start

    package init(_ notification: Notification, settings: Settings) {
        self.notification = notification
        self.settings = settings
    }

    private var incidents: String { "/v1/pages/\(settings.pageID)/incidents" }

    package mutating func next(_ answer: NotifyAnswer?) -> Turn {
        guard let answer else {
            stage = .listing
            return .send(NotifyRequest("GET", "\(incidents)/unresolved?per_page=100", json: nil, isIdempotent: true))
        }
        guard answer.isGood else { return .failed(answer.failure) }
        switch stage {
        case .start, .listing:
            guard let list = answer.json.arrayValue else {
                return .failed(NotifyFailure("it answered with no list of incidents; is url that of Statuspage's API?", isFinal: false))
            }
            let ours = list.filter { $0["metadata"]?["plimsoll"]?["key"]?.stringValue != nil }
            let isMine: (JSON) -> Bool = { [key = notification.identity.dedupKey] in $0["metadata"]?["plimsoll"]?["key"]?.stringValue == key }
            return listed(ours.first(where: isMine), hasOthers: !ours.allSatisfy(isMine))
        case .creating:
            // It is found again without.
            return .done(reference: answer.json["id"]?.stringValue.flatMap { Self.isID($0) ? $0 : nil } ?? "")
        case .patching(let id): return .done(reference: id)
        }
    }

    /// - Parameter hasOthers: whether another incident of ours is unresolved.
    private mutating func listed(_ incident: JSON?, hasOthers: Bool) -> Turn {
        guard let incident else {
            guard notification.state == .firing else { return .done(reference: "") }
            stage = .creating
            return .send(NotifyRequest("POST", incidents, json: ["incident": fields(isNew: true, hasOthers: hasOthers)], isIdempotent: false))
        }
        guard let id = incident["id"]?.stringValue, Self.isID(id) else {
            return .failed(NotifyFailure("it answered with an incident without id", isFinal: false))
        }
        if notification.state == .firing, incident["metadata"]?["plimsoll"]?["since"]?.stringValue == since { return .done(reference: id) }
        stage = .patching(id: id)
        let fields = fields(isNew: false, hasOthers: hasOthers)
        return .send(NotifyRequest("PATCH", "\(incidents)/\(id)", json: ["incident": fields], isIdempotent: false))
    }

    private func fields(isNew: Bool, hasOthers: Bool) -> JSON {
        let isFiring = notification.state == .firing
        var fields: JSON = [
            "status": isFiring ? "investigating" : "resolved", "body": .string(notification.text.cut(to: Self.longestBody)),
            "deliver_notifications": .bool(settings.deliversNotifications),
        ]
        if isNew { fields["name"] = .string(notification.title.cut(to: Self.longestName)) }
        if isFiring {
            fields["impact_override"] = notification.severity == .page ? "major" : "minor"
            fields["metadata"] = ["plimsoll": ["key": .string(notification.identity.dedupKey), "since": .string(since)]]
        }
        guard !settings.componentIDs.isEmpty else { return fields }
        fields["component_ids"] = .array(settings.componentIDs.map { .string($0) })
        // While something else lasts they are not well because this is over.
        if !isFiring, hasOthers { return fields }
        let state: JSON = isFiring ? "degraded_performance" : "operational"
        fields["components"] = .object(JSONObject(settings.componentIDs.map { ($0, state) }))
        return fields
    }

    private var since: String { notification.startedAt.secondsText }

    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { FieldPattern.isLetter($0) || FieldPattern.isDigit($0) }
    }
}
