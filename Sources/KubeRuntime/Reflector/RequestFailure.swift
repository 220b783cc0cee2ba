/// Why a list or a watch failed, as far as the reflector cares.
package enum RequestFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// 410, in either of its shapes: the resource version or continue token is too old.
    case expired
    /// 504 with the cause ResourceVersionTooLarge: the server has not seen that version yet.
    case tooLargeResourceVersion
    /// 429, or another answer that names a time to wait.
    case throttled(retryAfter: Swift.Duration?)
    /// 404 in the words of an API server that doesn't know the kind; a hint, as a proxy may use them too.
    case notFound(String)
    case forbidden(String)
    case unauthorized(String)
    /// 500.
    case internalError(String)
    /// Nothing came through, or the stream broke off, or a gateway answered 502, 503 or 504.
    case connection(String)
    /// Something that isn't JSON or isn't the kind.
    case undecodable(String)
    case other(String)

    package var description: String {
        switch self {
        case .expired: "the resource version has expired"
        case .tooLargeResourceVersion: "the server has not caught up with the resource version"
        case .throttled: "the server is throttling"
        case .notFound(let text), .forbidden(let text), .unauthorized(let text), .internalError(let text), .connection(let text),
            .undecodable(let text), .other(let text):
            text
        }
    }
}
