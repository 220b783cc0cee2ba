import CCurl
import Synchronization

/// An exchange within libcurl: its easy handle and all that hangs on it. Used on its lane's thread alone.
final class Transfer {
    let exchange: Exchange
    /// Outlives every transfer.
    unowned let loop: LaneLoop
    let easy: UnsafeMutableRawPointer
    let errorText: UnsafeMutablePointer<CChar>
    var lists: [UnsafeMutablePointer<curl_slist>] = []
    var clock: TransferClock
    /// The request may have reached the server, on this connection or on one before.
    var wasSent = false
    private var parser: ResponseHeadParser
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var socketsOpened = 0
    private var uploaded: curl_off_t = 0
    /// Why a callback ended the transfer.
    private var ownError: HTTPError?

    var plan: RequestPlan { exchange.plan }

    init?(exchange: Exchange, loop: LaneLoop) {
        guard let easy = curl_easy_init() else { return nil }
        self.exchange = exchange
        self.loop = loop
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        clock = TransferClock(deadlines: exchange.plan.deadlines, submitted: exchange.submitted, started: .now)
        parser = ResponseHeadParser(maxBytes: loop.core.configuration.maxResponseHeadBytes)
        guard configure() else {
            free()
            return nil
        }
    }

    /// To be called once, outside of libcurl's callbacks, when no multi handle holds it.
    func free() {
        curl_easy_cleanup(easy)
        lists.forEach { curl_slist_free_all($0) }
        errorText.deallocate()
    }

    // MARK: What libcurl reports

    func willResolve() {
        noteConnecting()
    }

    /// - Returns: whether libcurl may make the socket.
    func mayConnect(to address: IPAddress?) -> Bool {
        guard let address else {
            ownError = error(.forbiddenAddress, "it leads to an address that is neither IPv4 nor IPv6")
            return false
        }
        if let reason = plan.socketGuard.refusal(of: address) {
            ownError = error(.forbiddenAddress, "it leads to \(address), \(reason), where nothing may be sent")
            return false
        }
        noteConnecting()
        return true
    }

    func opened(_ socket: Int32) {
        socketsOpened += 1
        let replaced = loop.book.opened(socket, identity: socketIdentity(socket) ?? 0, origin: plan.origin)
        loop.core.tally.connectionsOpened.add(1, ordering: .relaxed)
        loop.core.tally.connectionsClosed.add(UInt64(replaced), ordering: .relaxed)
    }

    /// It had attempts to connect that came to nothing.
    var mayLeaveStaleSockets: Bool { socketsOpened > (wasSent ? 1 : 0) }

    private func noteConnecting() {
        // After a request was sent this is libcurl's replay on a new connection.
        if clock.connectingSince == nil || clock.sent != nil { clock.connectingSince = .now }
        clock.sent = nil
        loop.deadlinesMoved = true
    }

    /// - Returns: false to end it instead of sending.
    func willSend() -> Bool {
        // libcurl repeats any request when a reused connection ends without a byte of an answer; the server may have done its work.
        if wasSent, !plan.isIdempotent {
            ownError = error(.connectionLost, "the connection ended before the response began")
            return false
        }
        guard isPermitted(.sending) else {
            ownError = withdrawal
            return false
        }
        // An address the guard refused doesn't matter if another of the same name was reached.
        ownError = nil
        wasSent = true
        let now = MonotonicTime.now
        clock.sent = now
        clock.lastActivity = now
        loop.noteSent(to: plan.origin, at: now)
        return true
    }

    func isPermitted(_ moment: HTTPRequest.Moment) -> Bool { plan.permit?(moment) ?? true }

    var withdrawal: HTTPError { error(.withdrawn, wasSent ? "withdrawn while it was under way" : "withdrawn before it was sent") }

    func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        noteLife()
        switch parser.take(line) {
        case .more: return true
        case .complete(let head): return takeHead(head)
        case .tooLarge:
            ownError = error(.tooLarge, "the response's head is longer than \(parser.maxBytes) bytes")
            return false
        case .malformed:
            ownError = error(.protocolViolation, "the response's head is not proper HTTP")
            return false
        }
    }

    private func takeHead(_ head: HTTPResponseHead) -> Bool {
        self.head = head
        let isHTTP1 = head.httpVersion != .http2
        if plan.isTLS, loop.core.configuration.http2, isHTTP1 == (loop.lane.kind == .multiplexed) {
            loop.core.learned(origin: plan.origin, isHTTP1: isHTTP1)
            if isHTTP1 { loop.http1Origins.insert(plan.origin) }
        }
        switch exchange.receiver {
        case .stream(let buffer):
            buffer.head.resume(.success(head))
        case .unary, .probe:
            guard plan.method != "HEAD", head.headers["content-encoding"] == nil,
                let length = head.headers["content-length"].flatMap({ Int($0) }), length >= 0
            else { return true }
            if length > plan.maxBodyBytes { return tooLarge() }
            // What the server announces is not yet sent: no more than this on its word alone.
            body.reserveCapacity(min(length, 1 << 20))
        }
        return true
    }

    enum BodyVerdict { case taken, pause, end }

    func takeBody(_ bytes: UnsafeRawBufferPointer) -> BodyVerdict {
        noteLife()
        switch exchange.receiver {
        case .unary, .probe:
            guard body.count + bytes.count <= plan.maxBodyBytes else {
                _ = tooLarge()
                return .end
            }
            body.append(contentsOf: bytes)
        case .stream(let buffer):
            guard buffer.offer(bytes) else {
                clock.isPaused = true
                return .pause
            }
        }
        loop.core.tally.bytesReceived.add(UInt64(bytes.count), ordering: .relaxed)
        return .taken
    }

    private func tooLarge() -> Bool {
        ownError = error(.tooLarge, "the body is longer than \(plan.maxBodyBytes) bytes")
        return false
    }

    private func noteLife() {
        let now = MonotonicTime.now
        clock.lastActivity = now
        loop.book.heard(from: plan.origin, at: now)
    }

    /// Whether more of the request's body left since the last call; that counts as activity.
    func noteUpload(_ now: MonotonicTime) -> Bool {
        var total: curl_off_t = 0
        plimsoll_get_size(easy, CURLINFO_SIZE_UPLOAD_T, &total)
        guard total > uploaded else { return false }
        uploaded = total
        clock.lastActivity = now
        return true
    }

    // MARK: How it ends

    func outcome(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
        if code == CURLE_OK, let head {
            return .success(HTTPResponse(status: head.status, headers: head.headers, body: body, httpVersion: head.httpVersion))
        }
        if var ownError {
            ownError.curlCode = Int32(bitPattern: code.rawValue)
            return .failure(ownError)
        }
        var verified = 0
        plimsoll_get_long(easy, CURLINFO_SSL_VERIFYRESULT, &verified)
        let failure = TransferFailure(
            code: code == CURLE_OK ? CURLE_GOT_NOTHING : code, detail: String(cString: errorText), verifyResult: verified,
            origin: plan.origin, wasSent: wasSent, isIdempotent: plan.isIdempotent)
        return .failure(failure.error)
    }

    func error(_ kind: HTTPError.Kind, _ what: String) -> HTTPError {
        HTTPError(kind: kind, isRetrySafe: !wasSent || plan.isIdempotent, wasSent: wasSent, message: "\(plan.origin): \(what)")
    }

    func timeoutError(_ kind: HTTPTimeout) -> HTTPError {
        switch kind {
        case .connect:
            let what =
                clock.connectingSince == nil
                ? "no connection was free within \(plan.deadlines.connect.forPeople) (HTTP/2 servers carry about 100 streams a connection)"
                : "not connected within \(plan.deadlines.connect.forPeople)"
            return error(.timeout(kind), what)
        case .whole:
            return error(.timeout(kind), "not done within \(plan.deadlines.whole?.forPeople ?? "")")
        case .idle:
            return error(.timeout(kind), "the server sent nothing for \(plan.deadlines.idle?.forPeople ?? "")")
        }
    }
}
