package import HTTPTransport
package import KubeModel
import Values

/// Why a request to an API server failed.
package enum KubeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The server (or a proxy before it) answered with an error.
    case status(KubeStatus)
    /// No answer came.
    case transport(HTTPError)
    /// The answer couldn't be read as what was asked for.
    case decoding(String)
    /// No credentials could be had to ask with.
    case authentication(String)
    /// The client's fence was closed: nothing was sent, or what was under way was ended.
    case fenced(String)

    package var status: KubeStatus? {
        if case .status(let status) = self { return status }
        return nil
    }

    package var isNotFound: Bool { has(404, "NotFound") }
    /// The server doesn't know the kind at all: its CRD or its API group is missing.
    package var isUnknownResource: Bool {
        isNotFound && ["404 page not found", "could not find the requested resource"].contains { status?.message.contains($0) ?? false }
    }
    /// The object has changed since, or a precondition or another field manager stands against it. An object that is there already is no conflict.
    package var isConflict: Bool { has(409, "Conflict") && !isAlreadyExists }
    package var isAlreadyExists: Bool { status?.reason == "AlreadyExists" }
    /// The resource version or continue token is too old: list anew.
    package var isExpired: Bool { status?.isExpired ?? false }
    /// The same as `isExpired`, under HTTP's name.
    package var isGone: Bool { isExpired }
    package var isForbidden: Bool { has(403, "Forbidden") }
    package var isUnauthorized: Bool { has(401, "Unauthorized") }
    /// The object is not acceptable as it is; trying again without a change is in vain.
    package var isInvalid: Bool { has(422, "Invalid") }
    package var isTooManyRequests: Bool { has(429, "TooManyRequests") }
    /// The server's cache hasn't got to that resource version yet.
    package var isTooLargeResourceVersion: Bool { status?.isTooLargeResourceVersion ?? false }
    /// The namespace is going; nothing can be created in it any more.
    package var isNamespaceTerminating: Bool { isForbidden && (status?.causes.contains { $0.reason == "NamespaceTerminating" } ?? false) }
    package var isFenced: Bool {
        if case .fenced = self { return true }
        return false
    }
    package var isCancelled: Bool {
        if case .transport(let error) = self { return error.kind == .cancelled }
        return false
    }

    /// How long the server asked to wait, between 1 and 60 seconds: no answer may silence a client for long; nil when it didn't ask.
    package var retryAfter: Swift.Duration? { status?.retryAfterSeconds.map { .seconds(min(max($0, 1), StatusReading.longestRetryAfter)) } }

    /// Whether the same request may succeed later without anybody changing it: the world is at fault, for now.
    package var isRetriable: Bool {
        switch self {
        case .status(let status):
            [408, 409, 410, 429, 500, 502, 503, 504].contains(status.code) && !isAlreadyExists || [401].contains(status.code)
        case .transport(let error): error.isTransient
        case .decoding: false
        case .authentication: true
        case .fenced: false
        }
    }

    private func has(_ code: Int, _ reason: String) -> Bool {
        guard let status else { return false }
        return status.reason == reason || (status.reason.isEmpty || status.reason == "Unknown") && status.code == code
    }

    package var description: String {
        switch self {
        case .status(let status): status.description
        case .transport(let error): error.description
        case .decoding(let message): message
        case .authentication(let message): message
        case .fenced(let message): message
        }
    }
}

extension KubeStatus {
    /// The resource version or continue token is too old (as an HTTP status and inside a watch alike).
    package var isExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }

    /// Three wordings of API servers of all ages.
    package var isTooLargeResourceVersion: Bool {
        if causes.contains(where: { $0.reason == "ResourceVersionTooLarge" }) { return true }
        guard code == 504 || reason == "Timeout" else { return false }
        return message.contains("Too large resource version") || causes.contains { $0.message.contains("Too large resource version") }
    }
}
