import HTTPTransport
import Synchronization
package import Values

/// What a notifier is given to tell.
package struct Message: Sendable, Hashable {
    package var notification: Notification
    /// What the peer calls the matter, where that is known.
    package var reference: String

    package init(_ notification: Notification, reference: String = "") {
        self.notification = notification
        self.reference = reference
    }
}

/// Tells people; one attempt a call, as it is its caller who tries again.
package protocol NotificationSending: Sendable {
    var name: String { get }
    var traits: NotifierTraits { get }
    /// - Parameter messages: at most as many as `traits.batch`.
    /// - Returns: what the peer calls the matter; empty where it has no name.
    func send(_ messages: [Message]) async throws(NotifyFailure) -> String
    /// What keeps it from telling anybody, as far as can be known before there is anything to tell.
    func trouble() async -> String?
    func shutdown() async
}

extension NotificationSending {
    package func trouble() async -> String? { nil }
}

/// A notifier over HTTP. Credential files are read for each message, on a thread of its own.
package final class NotifySender: NotificationSending {
    package let settings: NotifierSettings
    package let traits: NotifierTraits
    private let http: HTTPClient
    private let files: CredentialFiles
    private let side: SideQueue
    private let tls = Mutex(TLSOptions())
    private let now: @Sendable () -> Instant
    private let mayWrite: @Sendable () -> Bool

    /// Answers are short; what is longer is no answer.
    private static let longestAnswer = 4 << 20
    private static let longestRetryAfter: Int64 = 3600
    /// No dialogue has as many turns.
    private static let mostTurns = 8
    /// An alert of which nothing is heard any more outlasts so many lost messages.
    private static let lifetimes: Int64 = 5

    package var name: String { settings.name }

    /// - Parameters:
    ///   - now: by the wall's clock.
    ///   - mayWrite: false once this process no longer surely leads: nothing more goes out then.
    package init(
        _ settings: NotifierSettings, userAgent: String = "plimsoll", now: @escaping @Sendable () -> Instant,
        mayWrite: @escaping @Sendable () -> Bool = { true }
    ) {
        self.settings = settings
        traits = settings.channel.traits
        self.now = now
        self.mayWrite = mayWrite
        var isInside = false
        if case .alertmanager = settings.channel { isInside = true }
        http = HTTPClient(
            configuration: .init(
                label: "notifier-\(settings.name)", maxInFlight: max(traits.concurrency, 1), userAgent: userAgent,
                // What is outside the cluster is often behind a proxy; an Alertmanager is not.
                proxy: isInside ? .none : .environment))
        files = CredentialFiles(settings.credentials)
        side = SideQueue(label: "plimsoll.notifier.\(settings.name)")
    }

    /// Ends what is under way. The sender is of no use afterwards.
    package func shutdown() async { await http.shutdown() }

    package func send(_ messages: [Message]) async throws(NotifyFailure) -> String {
        guard let first = messages.first else { return "" }
        let material = try await material()
        let place = try place(material)
        var dialogue = dialogue(first, messages.map(\.notification), material.secret ?? "")
        var answer: NotifyAnswer?
        for _ in 0..<Self.mostTurns {
            switch dialogue.next(answer) {
            case .send(let request): answer = try await exchange(request, place, material)
            case .done(let reference): return reference
            case .failed(let failure): throw shown(failure, material, place)
            }
        }
        throw NotifyFailure("its answers lead nowhere", isFinal: false)
    }

    private func dialogue(_ message: Message, _ all: [Notification], _ secret: String) -> any Dialogue {
        let notification = message.notification
        switch settings.channel {
        case .pagerDuty: return SingleRequest(PagerDutyTemplate.request(notification, routingKey: secret))
        case .slack: return SingleRequest(SlackTemplate.request(notification))
        case .jira(let jira, _): return JiraTemplate(notification, settings: jira, reference: message.reference)
        case .statuspage(let page): return StatuspageTemplate(notification, settings: page)
        case .custom(let template): return SingleRequest(template.request(notification))
        case .alertmanager(let resend):
            let lifetime = PromDuration(milliseconds: resend.milliseconds * Self.lifetimes)
            return SingleRequest(AlertmanagerTemplate.request(all, now: now(), lifetime: lifetime))
        }
    }

    // MARK: Credentials

    private struct Material: Sendable {
        var secret: String?
        /// Of a place that is itself a secret.
        var url: String?
        var authorization: String?
        var secrets: [String] = []
    }

    private func material() async throws(NotifyFailure) -> Material {
        let read: @Sendable () throws(NotifyFailure) -> Material = { [self] () throws(NotifyFailure) in
            do throws(CredentialFiles.Unreadable) {
                let credentials = try files.read()
                let changed = tls.withLock { tls in
                    defer { tls = credentials.tls }
                    return tls != credentials.tls
                }
                if changed { http.replaceTLS(credentials.tls) }
                var material = Material(authorization: credentials.authorization, secrets: [credentials.secret].compactMap { $0 })
                if let path = settings.urlFile { material.url = try files.line(path, "the URL file") }
                guard let path = settings.secretFile else { return material }
                let secret = try files.line(path, "the secret file")
                material.secret = secret
                if settings.channel == .slack { material.url = secret }
                material.secrets.append(secret)
                material.authorization = authorization(secret) ?? material.authorization
                return material
            } catch {
                // Somebody has to put it there, but it may come at any moment.
                throw NotifyFailure(error.description, isFinal: false)
            }
        }
        return try await side.run(read)
    }

    /// Which of its files can't be read, and why; what was read before does not count.
    package func trouble() async -> String? {
        let settings = settings
        let look: @Sendable () -> String? = {
            let files = CredentialFiles(settings.credentials)
            do throws(CredentialFiles.Unreadable) {
                _ = try files.read()
                if let path = settings.urlFile { _ = try files.line(path, "the URL file") }
                if let path = settings.secretFile { _ = try files.line(path, "the secret file") }
                return nil
            } catch {
                return error.description
            }
        }
        return await side.run(look)
    }

    private func authorization(_ secret: String) -> String? {
        switch settings.channel {
        case .jira(_, let user) where !user.isEmpty: "Basic \(Base64Text.encode(Array("\(user):\(secret)".utf8)))"
        case .jira, .custom: "Bearer \(secret)"
        case .statuspage: "OAuth \(secret)"
        case .pagerDuty, .slack, .alertmanager: nil
        }
    }

    private func place(_ material: Material) throws(NotifyFailure) -> String {
        guard settings.channel == .slack || settings.urlFile != nil else { return settings.url }
        guard let url = material.url, url.hasPrefix("https://") || url.hasPrefix("http://") else {
            let what =
                settings.urlFile.map { "URL file \($0) holds no URL" }
                ?? "secret file \(settings.secretFile ?? "") holds no URL of an incoming webhook"
            throw NotifyFailure("the \(what), which begins with https://", isFinal: true)
        }
        return url
    }

    // MARK: Requests

    private func exchange(_ request: NotifyRequest, _ place: String, _ material: Material) async throws(NotifyFailure) -> NotifyAnswer {
        var headers = [HTTPHeader("Accept", "application/json")] + request.headers
        if let authorization = material.authorization { headers.append(HTTPHeader("Authorization", authorization)) }
        let mayWrite = mayWrite
        let sent = HTTPRequest(
            method: request.method, url: place + request.path, headers: headers, body: request.body,
            deadlines: .init(connect: min(settings.timeout, .seconds(5)), whole: settings.timeout), maxBodyBytes: Self.longestAnswer,
            acceptGzip: true, isIdempotent: request.isIdempotent, permit: { _ in mayWrite() })
        do {
            let response = try await http.send(sent)
            var answer = NotifyAnswer(
                status: response.status, body: response.body, retryAfter: Self.retryAfter(response.headers["Retry-After"]))
            // Before anything is cut, or half a secret would stay. What is good is read by the dialogue, and shown by none.
            if !answer.isGood { answer.body = secrets(material, place).redacted(answer.body) }
            return answer
        } catch {
            let isFinal =
                switch error.kind {
                case .invalidRequest, .forbiddenAddress, .tls(.ownMaterial): true
                default: false
                }
            throw shown(NotifyFailure(error.message, isFinal: isFinal, concernsAll: true), material, place)
        }
    }

    /// Whole seconds; a date is as good as nothing said.
    static func retryAfter(_ text: String?) -> Swift.Duration? {
        text.flatMap { Int64($0) }.flatMap { $0 >= 0 ? .seconds(min($0, longestRetryAfter)) : nil }
    }

    /// The failure without what nobody may read.
    private func shown(_ failure: NotifyFailure, _ material: Material, _ place: String) -> NotifyFailure {
        var failure = failure
        failure.message = secrets(material, place).redacted(failure.message)
        return failure
    }

    private func secrets(_ material: Material, _ place: String) -> Redaction {
        var secrets = material.secrets
        // `Basic` is the secret in other letters.
        if let credential = material.authorization?.split(separator: " ").last { secrets.append(String(credential)) }
        if material.url != nil { secrets += [place] + Redaction.path(of: place) }
        return Redaction(secrets)
    }
}
