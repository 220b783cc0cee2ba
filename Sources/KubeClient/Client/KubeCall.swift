import HTTPTransport
import Values

/// Which of the three pools a request takes.
package enum KubeLane: Sendable, Hashable {
    case unary
    /// The leader's lease: no waiting behind others, no pause, no repeats.
    case lease
    case watch
}

/// One request before it gets credentials.
struct KubeCall: Sendable {
    var method = "GET"
    /// Absolute, percent-encoded.
    var path: String
    var query: [QueryItem] = []
    var body: [UInt8]?
    var contentType = "application/json"
    var accept = "application/json"
    var lane = KubeLane.unary
    var impersonation: Impersonation?
    var deadlines = HTTPDeadlines()
    var maxBodyBytes = 64 << 20
    var acceptGzip = false
    /// Nil takes the method's meaning.
    var isIdempotent: Bool?
    /// Of a write that only a leader may make.
    var fence: WriteFence?

    /// The request, ready to send.
    /// - Throws: `.fenced` when the fence is closed.
    func request(server: String, authorization: String?) throws(KubeError) -> HTTPRequest {
        var query = query
        var deadlines = deadlines
        var permit: (@Sendable (HTTPRequest.Moment) -> Bool)?
        if let fence {
            guard let most = fence.grant else { throw WriteFence.refusal }
            let grant = min(deadlines.whole ?? most, most)
            deadlines.whole = grant
            deadlines.connect = min(deadlines.connect, grant)
            // The server's own deadline, from when it has received the request: a write that hangs there must not come about later.
            let milliseconds = grant.components.seconds * 1000 + grant.components.attoseconds / 1_000_000_000_000_000
            query.append(QueryItem("timeout", "\(max(1, milliseconds))ms"))
            // What waited too long in a queue or for a connection would give the server more time than there is.
            permit = { moment in
                guard let left = fence.allowance else { return false }
                return moment == .waiting || left >= grant
            }
        }
        var headers = [HTTPHeader("Accept", accept)]
        if body != nil { headers.append(HTTPHeader("Content-Type", contentType)) }
        if let authorization { headers.append(HTTPHeader("Authorization", authorization)) }
        headers += impersonation?.headers.map { HTTPHeader($0.name, $0.value) } ?? []
        return HTTPRequest(
            method: method, url: server + path + PercentEncoding.query(query), headers: headers, body: body, deadlines: deadlines,
            maxBodyBytes: maxBodyBytes, acceptGzip: acceptGzip, isIdempotent: isIdempotent, permit: permit)
    }
}
