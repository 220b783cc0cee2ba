package import KubeClient
import KubeModel
import Synchronization
import Values

/// Whether the bearer of a token may do something, as the API server says: who it is by a TokenReview, whether he may by a SubjectAccessReview.
///
/// Answers are kept for a few seconds, so that a poll a second costs the API server next to nothing; what was withdrawn counts after that time.
package final class BearerAccess: Sendable {
    package enum Answer: Sendable, Hashable {
        case allowed
        /// The token is nobody's.
        case unauthenticated
        /// `user` may not.
        case forbidden(user: String)
    }

    private struct Question: Hashable, Sendable {
        var token: String
        var access: RequiredAccess
    }

    /// Too many askers at once; nothing was asked.
    package struct Busy: Error, CustomStringConvertible {
        package let description = "too many requests are being checked; try again"
    }

    private static let maximumKept = 1024
    /// How long a check may take in all.
    private static let limit = Swift.Duration.seconds(5)

    private struct State: Sendable {
        var answers: [Question: (answer: Answer, until: Swift.Duration)] = [:]
        var askers = AskerBook()
    }

    private let client: KubeClient
    private let lifetime: Swift.Duration
    private let timeline: Timeline
    private let state = Mutex(State())

    /// - Parameter client: one of its own, with connections of its own: what strangers make it ask must not hold up the daemon's work. Unfenced, as a
    ///   review writes nothing, and standbys answer too.
    package init(client: KubeClient, lifetime: Swift.Duration = .seconds(10), timeline: Timeline = Timeline()) {
        self.client = client.withTimeout(Self.limit)
        self.lifetime = lifetime
        self.timeline = timeline
    }

    /// What the daemon needs to ask so.
    package static var requiredAccess: [RequiredAccess] {
        [RequiredAccess("create", .tokenReviews), RequiredAccess("create", .subjectAccessReviews)]
    }

    /// - Parameter peer: the address from which it is asked; strangers are told apart by it.
    /// - Throws: a `KubeError` when the API server can't be asked, `Busy` when too many ask.
    package func check(token: String, may access: RequiredAccess, from peer: String) async throws -> Answer {
        let question = Question(token: token, access: access)
        let now = timeline.now
        let (known, ticket) = try state.withLock { state -> (Answer?, AskerBook.Ticket?) in
            if let kept = state.answers[question], now < kept.until { return (kept.answer, nil) }
            guard let ticket = state.askers.begin(token: token, peer: peer, now: now) else { throw Busy() }
            return (nil, ticket)
        }
        if let known { return known }
        var isSomebodys: Bool?
        defer { if let ticket { state.withLock { $0.askers.end(ticket, isSomebodys: isSomebodys, now: timeline.now) } } }
        let result = await timeline.within(Self.limit) { [self] in
            do throws(KubeError) { return Result<Answer, KubeError>.success(try await ask(question)) } catch { return .failure(error) }
        }
        guard let answer = try result?.get() else { throw Busy() }
        isSomebodys = answer != .unauthenticated
        state.withLock { state in
            let now = timeline.now
            // Nothing is kept for longer than it counts, tokens least of all.
            state.answers = state.answers.filter { now < $0.value.until }
            if state.answers.count < Self.maximumKept { state.answers[question] = (answer, now + lifetime) }
        }
        return answer
    }

    private func ask(_ question: Question) async throws(KubeError) -> Answer {
        let review = try await client.create(
            .tokenReviews,
            body: [
                "apiVersion": .string(ResourceKind.tokenReviews.apiVersion), "kind": "TokenReview", "spec": ["token": .string(question.token)],
            ])
        guard review["status"]?["authenticated"]?.boolValue == true, let user = review["status"]?["user"],
            let name = user["username"]?.stringValue
        else { return .unauthenticated }
        var spec: JSON = ["user": .string(name), "resourceAttributes": question.access.attributes]
        for key in ["groups", "uid", "extra"] { if let value = user[key], !value.isNull { spec[key] = value } }
        let access = try await client.create(
            .subjectAccessReviews,
            body: ["apiVersion": .string(ResourceKind.subjectAccessReviews.apiVersion), "kind": "SubjectAccessReview", "spec": spec])
        return access["status"]?["allowed"]?.boolValue == true ? .allowed : .forbidden(user: name)
    }
}
