package import Values

/// What a proxy between a client and its server does to one request, or to the answer.
package enum Fault: Sendable, Hashable {
    /// The connection is cut; the server never sees the request.
    case cutBeforeSending
    /// The server does what was asked; the answer is lost with the connection.
    ///
    /// - Parameter status: only an answer of this status is lost, such as the 201 of a creation; nil: any.
    case loseReply(status: Int?)
    /// So many bytes of the answer's body come, then the connection is cut.
    case cutBody(after: Int)
    /// So many bytes of the body come, then the body ends as if that were all.
    case truncateBody(after: Int)
    /// The request waits that long before it is sent.
    case delay(Swift.Duration)
    /// A list is asked for in pages of so many objects, whatever the client wanted: so that few objects have a next page.
    case pages(limit: Int)
    /// The server is not asked: this is the answer.
    case answer(Answer)
    /// The body comes in pieces of so many bytes, each a chunk and a write of its own: in the middle of lines and of characters.
    case split(bytes: Int)
    /// After so many lines of a watch this line comes, then what the server sends next.
    case insert(line: String, after: Int)
    /// After so many lines of a watch this line comes, and the stream ends.
    case end(line: String, after: Int)
    /// After so many lines of a watch nothing comes any more; the connection stays.
    case stall(after: Int)

    /// An answer that the proxy gives in the server's place.
    package struct Answer: Sendable, Hashable {
        package var status: Int
        package var headers: [String: String]
        package var body: [UInt8]

        package init(status: Int, headers: [String: String] = [:], type: String = "application/json", body: [UInt8]) {
            self.status = status
            self.headers = headers.merging(["Content-Type": type]) { own, _ in own }
            self.body = body
        }

        package init(status: Int, headers: [String: String] = [:], json: JSON) {
            self.init(status: status, headers: headers, body: json.bytes())
        }
    }
}

extension Fault {
    /// 429 as the API server's fairness says it; `retryAfter` in seconds, nil without the header.
    package static func throttled(retryAfter: Int?) -> Fault {
        .answer(
            Answer(
                status: 429, headers: retryAfter.map { ["Retry-After": "\($0)"] } ?? [:],
                type: "text/plain; charset=utf-8", body: Array("Too many requests, please try again later.\n".utf8)))
    }

    /// An error in the words of an API server.
    package static func status(_ code: Int, _ reason: String, _ message: String) -> Fault {
        .answer(Answer(status: code, json: statusBody(code, reason, message)))
    }

    package static let internalError = status(500, "InternalError", "Internal error occurred: etcdserver: leader changed")
    package static let unavailable = status(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    /// The answer 410 that aggregated API servers and proxies give before a watch begins.
    package static let gone = status(410, "Expired", "too old resource version: 1 (2)")
    /// The page's token has expired; with it comes one for an inconsistent rest, as etcd's store sends it.
    package static let expiredContinue: Fault = {
        var body = statusBody(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
        body["metadata"] = ["continue": "an-inconsistent-token"]
        return .answer(Answer(status: 410, json: body))
    }()
    /// The server's cache has not got to the version yet.
    package static let tooLargeResourceVersion: Fault = {
        var body = statusBody(504, "Timeout", "Timeout: Too large resource version: 99999999, current: 1")
        body["details"] = ["causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]], "retryAfterSeconds": 1]
        return .answer(Answer(status: 504, json: body))
    }()
    /// What a company's proxy says while the server is away.
    package static let html = answer(
        Answer(
            status: 200, type: "text/html",
            body: Array("<!DOCTYPE html><html><head><title>Bitte warten</title></head><body>Der Proxy ist \u{FC}berlastet.</body></html>".utf8)))

    /// An ERROR event inside a watch.
    package static func errorEvent(_ code: Int, _ reason: String, _ message: String, after lines: Int = 0) -> Fault {
        .end(line: (["type": "ERROR", "object": statusBody(code, reason, message)] as JSON).text(), after: lines)
    }

    private static func statusBody(_ code: Int, _ reason: String, _ message: String) -> JSON {
        [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message), "reason": .string(reason),
            "code": .int(code),
        ]
    }
}
