import CCurl
import Glibc
import Synchronization

extension Transfer {
    /// Sets all options of the easy handle. False: libcurl refused one.
    func configure() -> Bool {
        var isFine = true
        func long(_ option: CURLoption, _ value: Int) { isFine = plimsoll_set_long(easy, option, value) == CURLE_OK && isFine }
        func string(_ option: CURLoption, _ value: String?) { isFine = plimsoll_set_string(easy, option, value) == CURLE_OK && isFine }
        func list(_ option: CURLoption, _ items: [String]) {
            var head: UnsafeMutablePointer<curl_slist>?
            for item in items {
                guard let longer = curl_slist_append(head, item) else {
                    isFine = false
                    break
                }
                head = longer
            }
            guard let head else { return }
            lists.append(head)
            isFine = plimsoll_set_list(easy, option, head) == CURLE_OK && isFine
        }
        func blob(_ option: CURLoption, _ bytes: [UInt8]?) {
            guard let bytes else { return }
            let code = bytes.withUnsafeBytes { plimsoll_set_blob(easy, option, $0.baseAddress, $0.count) }
            isFine = code == CURLE_OK && isFine
        }

        let configuration = loop.core.configuration
        let tls = loop.lane.tls
        string(CURLOPT_URL, plan.url)
        string(CURLOPT_PROTOCOLS_STR, "http,https")
        long(CURLOPT_PATH_AS_IS, 1)
        long(CURLOPT_FOLLOWLOCATION, 0)
        long(CURLOPT_NOSIGNAL, 1)
        // A cancelled name resolution is left to end by itself; waiting for it would hold up this thread.
        long(CURLOPT_QUICK_EXIT, 1)
        string(CURLOPT_USERAGENT, configuration.userAgent)
        list(CURLOPT_HTTPHEADER, plan.headerLines)
        if plan.acceptGzip { string(CURLOPT_ACCEPT_ENCODING, "gzip") }
        if let connectTo = plan.connectTo { list(CURLOPT_CONNECT_TO, [connectTo]) }
        long(CURLOPT_HTTP_VERSION, configuration.http2 && plan.isTLS ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1))
        long(CURLOPT_PIPEWAIT, loop.lane.kind == .multiplexed ? 1 : 0)

        // The empty string keeps libcurl from looking into the environment; ProxyRules did that.
        string(CURLOPT_PROXY, plan.proxy ?? "")
        string(CURLOPT_NOPROXY, "")
        long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)

        long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        long(CURLOPT_SSL_VERIFYPEER, tls.insecureSkipVerify ? 0 : 1)
        long(CURLOPT_SSL_VERIFYHOST, tls.insecureSkipVerify ? 0 : 2)
        if let ca = tls.caPEM {
            blob(CURLOPT_CAINFO_BLOB, ca)
            // Debian's libcurl would go on trusting /etc/ssl/certs besides.
            string(CURLOPT_CAPATH, nil)
        }
        blob(CURLOPT_SSLCERT_BLOB, tls.clientCertificatePEM)
        blob(CURLOPT_SSLKEY_BLOB, tls.clientKeyPEM)

        long(CURLOPT_TCP_KEEPALIVE, 1)
        long(CURLOPT_TCP_KEEPIDLE, 20)
        long(CURLOPT_TCP_KEEPINTVL, 10)

        setMethod { isFine = $0 == CURLE_OK && isFine }
        setCallbacks { isFine = $0 == CURLE_OK && isFine }
        return isFine
    }

    private func setMethod(_ check: (CURLcode) -> Void) {
        if plan.method == "HEAD" {
            check(plimsoll_set_long(easy, CURLOPT_NOBODY, 1))
        } else if let body = plan.body ?? (plan.method == "POST" ? [] : nil) {
            // A pointer that isn't null even for no bytes, which libcurl would read as "no body".
            check((body + [0]).withUnsafeBytes { plimsoll_set_body(easy, $0.baseAddress, curl_off_t(body.count)) })
            check(plimsoll_set_string(easy, CURLOPT_CUSTOMREQUEST, plan.method))
        } else if plan.method != "GET" {
            check(plimsoll_set_string(easy, CURLOPT_CUSTOMREQUEST, plan.method))
        }
    }

    private func setCallbacks(_ check: (CURLcode) -> Void) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        check(plimsoll_set_pointer(easy, CURLOPT_PRIVATE, context))
        check(plimsoll_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        check(plimsoll_set_receiver(easy, CURLOPT_HEADERFUNCTION, headerArrived))
        check(plimsoll_set_pointer(easy, CURLOPT_HEADERDATA, context))
        check(plimsoll_set_receiver(easy, CURLOPT_WRITEFUNCTION, bodyArrived))
        check(plimsoll_set_pointer(easy, CURLOPT_WRITEDATA, context))
        check(plimsoll_set_resolver_start(easy, resolvingBegins))
        check(plimsoll_set_pointer(easy, CURLOPT_RESOLVER_START_DATA, context))
        check(plimsoll_set_prereq(easy, sendingBegins))
        check(plimsoll_set_pointer(easy, CURLOPT_PREREQDATA, context))
        check(plimsoll_set_opensocket(easy, socketWanted))
        check(plimsoll_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context))
        // A connection outlives the transfer that opened it, so its end is told to the loop.
        check(plimsoll_set_closesocket(easy, socketDone))
        check(plimsoll_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(loop).toOpaque()))
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private func headerArrived(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer(context)?.takeHeader(line) == true ? line.count : endOfTransfer
}

private func bodyArrived(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
    switch transfer(context)?.takeBody(chunk) {
    case .taken: return chunk.count
    case .pause: return Int(CURL_WRITEFUNC_PAUSE)
    case .end, nil: return endOfTransfer
    }
}

/// Any count other than the one given ends the transfer.
private let endOfTransfer = -1

private func resolvingBegins(_ resolver: UnsafeMutableRawPointer?, _ reserved: UnsafeMutableRawPointer?, _ context: UnsafeMutableRawPointer?) -> Int32
{
    transfer(context)?.willResolve()
    return 0
}

private func sendingBegins(
    _ context: UnsafeMutableRawPointer?, _ remote: UnsafeMutablePointer<CChar>?, _ local: UnsafeMutablePointer<CChar>?, _ remotePort: Int32,
    _ localPort: Int32
) -> Int32 {
    transfer(context)?.willSend() == true ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private func socketWanted(_ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ target: UnsafeMutablePointer<curl_sockaddr>?)
    -> curl_socket_t
{
    guard let transfer = transfer(context), let target, let address = plimsoll_address(target) else { return CURL_SOCKET_BAD }
    guard transfer.mayConnect(to: IPAddress(address, length: Int(target.pointee.addrlen))) else { return CURL_SOCKET_BAD }
    // Child processes (exec plug-ins) must not inherit it.
    let socket = socket(target.pointee.family, target.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), target.pointee.protocol)
    guard socket >= 0 else { return CURL_SOCKET_BAD }
    let configuration = transfer.loop.core.configuration
    // libcurl has no options for these two.
    var timeout = Int32(clamping: max(1, configuration.unacknowledgedTimeout.wholeNanoseconds / 1_000_000))
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &timeout, socklen_t(MemoryLayout.size(ofValue: timeout)))
    if configuration.dropsUnsentAtClose {
        var abortive = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &abortive, socklen_t(MemoryLayout.size(ofValue: abortive)))
    }
    transfer.opened(socket)
    return socket
}

private func socketDone(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
    if let context {
        let loop = Unmanaged<LaneLoop>.fromOpaque(context).takeUnretainedValue()
        if loop.book.closed(socket) { loop.core.tally.connectionsClosed.add(1, ordering: .relaxed) }
    }
    return close(socket)
}
