package import HTTPTransport
package import Values

/// One request of a dialogue; where to and with which credentials is the sender's business.
package struct NotifyRequest: Sendable, Hashable {
    package var method: String
    /// Added to the configured URL; begins with a slash, or is empty.
    package var path: String
    package var headers: [HTTPHeader]
    package var body: [UInt8]?
    /// Sending it twice does what sending it once does.
    package var isIdempotent: Bool

    package init(_ method: String, _ path: String, headers: [HTTPHeader] = [], body: [UInt8]? = nil, isIdempotent: Bool) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.isIdempotent = isIdempotent
    }

    /// A request with JSON, or none.
    package init(_ method: String, _ path: String, json: JSON?, isIdempotent: Bool) {
        self.init(
            method, path, headers: json == nil ? [] : [HTTPHeader("Content-Type", "application/json")], body: json?.bytes(),
            isIdempotent: isIdempotent)
    }
}

package struct NotifyAnswer: Sendable, Hashable {
    package var status: Int
    package var body: [UInt8]
    /// How long the peer asks to be left alone.
    package var retryAfter: Swift.Duration?

    package init(status: Int, body: [UInt8] = [], retryAfter: Swift.Duration? = nil) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
    }

    package var isGood: Bool { (200..<300).contains(status) }

    /// The body as JSON; null where it is none.
    var json: JSON { (try? JSON(parsing: body)) ?? .null }

    /// What a bad status means.
    package var failure: NotifyFailure {
        let said = BodySummary.text(body)
        let more = said.isEmpty ? "" : ": \(said)"
        switch status {
        // 420 is Statuspage's older word for 429.
        case 420, 429: return NotifyFailure("it is asked too often (HTTP \(status))\(more)", isFinal: false, retryAfter: retryAfter)
        case 408, 425, 500...: return NotifyFailure("HTTP \(status)\(more)", isFinal: false, retryAfter: retryAfter)
        case 300..<400:
            return NotifyFailure(
                "HTTP \(status): it redirects elsewhere, and redirects are not followed: set url to where it really is", isFinal: true,
                concernsAll: true)
        case 401, 403: return NotifyFailure("HTTP \(status): it refuses these credentials\(more)", isFinal: true, concernsAll: true)
        case 404: return NotifyFailure("HTTP \(status)\(more)", isFinal: true, concernsAll: true)
        default: return NotifyFailure("HTTP \(status)\(more)", isFinal: true)
        }
    }
}

/// Why nobody was told. Its message holds no secret.
package struct NotifyFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package var message: String
    /// Only somebody who changes something helps: the settings, the credentials, the peer.
    package var isFinal: Bool
    /// Whatever else were told would fail in the same way: it is the settings, not what is told.
    package var concernsAll: Bool
    /// Not sooner.
    package var retryAfter: Swift.Duration?

    package init(_ message: String, isFinal: Bool, concernsAll: Bool = false, retryAfter: Swift.Duration? = nil) {
        self.message = message
        self.isFinal = isFinal
        self.concernsAll = concernsAll
        self.retryAfter = retryAfter
    }

    package var description: String { message }
}

/// What to do next with a peer.
package enum Turn: Sendable, Hashable {
    case send(NotifyRequest)
    /// The peer knows. What it calls the matter, where that helps to find it again.
    case done(reference: String)
    case failed(NotifyFailure)
}

/// The exchange of messages by which a peer comes to know of a notification. Pure: asked with each answer what comes next, until there is nothing more.
///
/// A dialogue that was broken off is begun anew from the start, and does nothing twice where the peer lets it see what was done.
package protocol Dialogue: Sendable {
    /// - Parameter answer: to the last request; nil at the beginning.
    mutating func next(_ answer: NotifyAnswer?) -> Turn
}

/// A dialogue of one request that any good status answers.
package struct SingleRequest: Dialogue {
    package let request: NotifyRequest

    package init(_ request: NotifyRequest) { self.request = request }

    package mutating func next(_ answer: NotifyAnswer?) -> Turn {
        guard let answer else { return .send(request) }
        return answer.isGood ? .done(reference: "") : .failed(answer.failure)
    }
}
