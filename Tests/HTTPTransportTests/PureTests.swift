import CCurl
import Testing

@testable import HTTPTransport

private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

struct AddressGuardTests {
    @Test(
        arguments: [
            // address, refused by noLinkLocal, refused by publicOnly
            ("8.8.8.8", false, false), ("2606:4700::1111", false, false), ("172.15.255.255", false, false), ("172.32.0.0", false, false),
            ("100.128.0.0", false, false), ("169.253.255.255", false, false), ("169.255.0.0", false, false), ("223.255.255.255", false, false),
            ("127.0.0.1", false, true), ("127.255.255.254", false, true), ("10.1.2.3", false, true), ("172.16.0.1", false, true),
            ("172.31.255.255", false, true), ("192.168.0.1", false, true), ("100.64.0.1", false, true), ("192.0.2.7", false, true),
            ("198.19.0.1", false, true), ("203.0.113.1", false, true), ("240.0.0.1", false, true), ("::1", false, true), ("fc00::1", false, true),
            ("fd12:3456::1", false, true), ("fec0::1", false, true), ("2001:db8::1", false, true), ("::ffff:10.0.0.1", false, true),
            ("::ffff:8.8.8.8", false, false), ("64:ff9b::a00:1", false, true), ("2002:a00:1::", false, true), ("::ffff:0:10.0.0.1", false, true),
            ("169.254.0.1", true, true), ("169.254.169.254", true, true), ("::ffff:169.254.169.254", true, true), ("::169.254.169.254", true, true),
            ("64:ff9b::a9fe:a9fe", true, true), ("64:ff9b:1::a9fe:a9fe", true, true), ("64:ff9b:1:a9fe:a9:fe00::", true, true),
            ("64:ff9b:1:a9:fe:a9fe::", true, true), ("64:ff9b:1:0:a9:fea9:fe00:0", true, true), ("64:ff9b:1::a00:1", false, true),
            ("64:ff9b:1::808:808", false, true), ("2001:0:a9fe:a9fe::", true, true), ("2001:0:808:808:0:0:5601:5601", true, true),
            ("2001:0:808:808:0:0:f5ff:fffe", false, true), ("2001:0:808:808:0:0:f7f7:f7f7", false, false), ("2a00::5efe:a9fe:a9fe", true, true),
            ("2a00::200:5efe:a9fe:a9fe", true, true), ("2a00::200:5efe:a00:1", false, true), ("2a00::200:5efe:808:808", false, false),
            ("2002:a9fe:a9fe::1", true, true), ("fe80::1", true, true), ("febf::1", true, true),
            ("fd00:ec2::254", true, true), ("fd20:ce::254", true, true), ("100.100.100.200", true, true), ("168.63.129.16", true, true),
            ("192.0.0.192", true, true), ("0.0.0.0", true, true), ("0.1.2.3", true, true), ("::", true, true), ("::ffff:0.0.0.0", true, true),
            ("224.0.0.1", true, true), ("239.255.255.255", true, true), ("255.255.255.255", true, true), ("ff02::1", true, true),
        ])
    func policies(literal: String, noLinkLocal: Bool, publicOnly: Bool) throws {
        let address = try #require(IPAddress(literal))
        #expect(AddressGuard.any.refusal(of: address) == nil)
        #expect((AddressGuard.noLinkLocal.refusal(of: address) != nil) == noLinkLocal)
        #expect((AddressGuard.publicOnly.refusal(of: address) != nil) == publicOnly)
    }

    @Test(arguments: ["1.2.3.4", "255.0.0.1", "::1", "2001:db8::1:0:0:1", "fe80::", "::ffff:1.2.3.4"])
    func addressesPrintAsTheyAreRead(literal: String) {
        #expect(IPAddress(literal)?.description == literal)
    }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "[::1]", "fe80::1%eth0", "localhost", "0x7f000001"])
    func otherNotationsAreNotLiterals(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func prefixes() throws {
        let ten = try #require(IPAddress("10.0.0.0"))
        let v6 = try #require(IPAddress("2001:db8:0:1::"))
        for length in [-1, 33, 129] { #expect(!ten.matches(prefix: ten, length: length)) }
        #expect(try #require(IPAddress("99.1.1.1")).matches(prefix: ten, length: 0))
        #expect(!v6.matches(prefix: ten, length: 0))
        for (literal, length, expected) in [
            ("2001:db8:0:1::5", 64, true), ("2001:db8:0:1::5", 128, false), ("2001:db8:0:1::5", 125, true), ("2001:db8:0:1::5", 126, false),
            ("2001:db8:0:2::", 63, false), ("2001:db8:0:2::", 62, true), ("::", 0, true),
        ] {
            #expect(try #require(IPAddress(literal)).matches(prefix: v6, length: length) == expected, "\(literal)/\(length)")
        }
    }
}

struct InFlightLimiterTests {
    @Test func firstComeFirstServed() {
        var limiter = InFlightLimiter<String>(limit: 2)
        #expect(limiter.admit(id: 1, "a") && limiter.admit(id: 2, "b"))
        #expect(!limiter.admit(id: 3, "c") && !limiter.admit(id: 4, "d") && !limiter.admit(id: 5, "e"))
        #expect(limiter.inFlight == 2 && limiter.waiting == 3)
        #expect(limiter.withdraw(id: 4) == "d")
        #expect(limiter.withdraw(id: 4) == nil && limiter.withdraw(id: 1) == nil)
        #expect(limiter.release() == "c" && limiter.release() == "e")
        #expect(limiter.release() == nil && limiter.release() == nil)
        #expect(limiter.inFlight == 0 && limiter.waiting == 0)
    }

    @Test func withdrawingManyKeepsTheOrderOfTheRest() {
        var limiter = InFlightLimiter<Int>(limit: 0)
        for number in 0..<10 { _ = limiter.admit(id: UInt64(number), number) }
        #expect(limiter.limit == 1 && limiter.inFlight == 1)
        let even = limiter.withdraw { $0.isMultiple(of: 2) }
        let none = limiter.withdraw { $0 > 100 }
        let rest = (0..<5).map { _ in limiter.release() }
        #expect(even == [2, 4, 6, 8] && none.isEmpty && rest == [1, 3, 5, 7, 9])
    }
}

struct ProbeMachineTests {
    @Test func aQuietHostIsAskedAndTwoFailuresEndIt() {
        var machine = ProbeMachine(interval: .seconds(15))
        #expect(machine.due(now: at(0), busy: false, hostLife: nil) == nil)
        #expect(machine.due(now: at(1000), busy: true, hostLife: nil) == at(16_000))
        #expect(machine.due(now: at(2000), busy: true, hostLife: at(1500)) == at(16_500))
        machine.started(now: at(16_500))
        #expect(machine.due(now: at(17_000), busy: true, hostLife: at(1500)) == nil)
        #expect(machine.finished(now: at(21_500), hostLife: at(1500)) == .unsure)
        #expect(machine.due(now: at(21_500), busy: true, hostLife: at(1500)) == at(21_500))
        machine.started(now: at(21_500))
        #expect(machine.finished(now: at(26_500), hostLife: at(1500)) == .dead)
        #expect(machine.due(now: at(26_500), busy: true, hostLife: at(1500)) == at(41_500))
    }

    @Test func anySignOfLifeCounts() {
        var machine = ProbeMachine(interval: .seconds(15))
        _ = machine.due(now: at(0), busy: true, hostLife: nil)
        machine.started(now: at(15_000))
        #expect(machine.finished(now: at(20_000), hostLife: nil) == .unsure)
        machine.started(now: at(20_000))
        // The probe itself failed, but another stream of the host received something meanwhile.
        #expect(machine.finished(now: at(25_000), hostLife: at(20_000)) == .alive)
        #expect(machine.failures == 0)
        #expect(machine.due(now: at(25_000), busy: true, hostLife: at(20_000)) == at(40_000))
    }

    @Test func anExpiredDeadlineAsksAtOnceEvenWhenNothingIsLeftUnderWay() {
        var machine = ProbeMachine(interval: .seconds(15))
        _ = machine.due(now: at(0), busy: true, hostLife: nil)
        machine.suspect()
        #expect(machine.due(now: at(500), busy: false, hostLife: nil) == at(500))
        machine.started(now: at(500))
        #expect(machine.finished(now: at(5500), hostLife: nil) == .unsure)
        #expect(machine.finished(now: at(5600), hostLife: nil) == .unsure)
    }
}

extension ProbeMachineTests {
    @Test func aFailureIsFollowedUpInIdleTimes() {
        var machine = ProbeMachine(interval: .seconds(15))
        _ = machine.due(now: at(0), busy: true, hostLife: nil)
        machine.started(now: at(15_000))
        #expect(machine.finished(now: at(20_000), hostLife: nil) == .unsure)
        // The request that was under way is over; the connection is as dead as before.
        #expect(machine.due(now: at(20_000), busy: false, hostLife: nil) == at(20_000))
        machine.started(now: at(20_000))
        #expect(machine.finished(now: at(25_000), hostLife: nil) == .dead)
        #expect(machine.due(now: at(25_000), busy: false, hostLife: nil) == nil)
    }

    @Test func aProbeThatWasNotSentProvesNothing() {
        var machine = ProbeMachine(interval: .seconds(15))
        _ = machine.due(now: at(0), busy: true, hostLife: nil)
        for start: Int64 in [15_000, 35_000, 55_000] {
            #expect(machine.due(now: at(start), busy: true, hostLife: nil) == at(start))
            machine.started(now: at(start))
            machine.unsent(now: at(start + 5_000))
            #expect(machine.failures == 0)
            // Not at once again, even where a deadline passed.
            machine.suspect()
            #expect(machine.due(now: at(start + 5_000), busy: true, hostLife: nil) == at(start + 20_000))
        }
        // Nor does it take back a failure.
        machine.started(now: at(75_000))
        #expect(machine.finished(now: at(80_000), hostLife: nil) == .unsure)
        machine.started(now: at(80_000))
        machine.unsent(now: at(85_000))
        #expect(machine.due(now: at(85_000), busy: false, hostLife: nil) == at(100_000))
        machine.started(now: at(100_000))
        #expect(machine.finished(now: at(105_000), hostLife: nil) == .dead)
    }
}

struct TransferClockTests {
    @Test func deadlinesInTheirOrder() {
        let deadlines = HTTPDeadlines(connect: .seconds(10), whole: .seconds(30), idle: .seconds(5))
        var clock = TransferClock(deadlines: deadlines, submitted: at(0), started: at(1000))
        #expect(clock.next(hostLife: nil)?.kind == .connect)
        #expect(clock.next(hostLife: nil)?.at == at(11_000))
        // It waits for a stream of a connection that lives.
        #expect(clock.next(hostLife: at(8000))?.at == at(18_000))
        #expect(clock.next(hostLife: at(29_000))?.kind == .whole)
        clock.connectingSince = at(2000)
        #expect(clock.next(hostLife: at(8000))?.at == at(12_000))
        clock.sent = at(3000)
        clock.lastActivity = at(3000)
        #expect(clock.next(hostLife: nil)?.kind == .idle)
        #expect(clock.next(hostLife: nil)?.at == at(8000))
        clock.isPaused = true
        #expect(clock.next(hostLife: nil)?.kind == .whole)
        #expect(clock.next(hostLife: nil)?.at == at(30_000))
    }

    @Test func withoutAWholeDeadlineTheWaitForAConnectionIsBounded() {
        var clock = TransferClock(deadlines: HTTPDeadlines(connect: .seconds(10), whole: nil), submitted: at(0), started: at(0))
        #expect(clock.next(hostLife: at(8000))?.at == at(10_000))
        clock.sent = at(1)
        #expect(clock.next(hostLife: nil) == nil)
    }

    @Test func forEverIsNoOverflow() {
        let clock = TransferClock(
            deadlines: HTTPDeadlines(connect: .seconds(Int64.max), whole: .seconds(Int64.max)), submitted: at(5), started: at(5))
        #expect(clock.next(hostLife: nil)?.at == .max)
        #expect(Swift.Duration.seconds(-1).wholeNanoseconds == 0)
        #expect(Swift.Duration.milliseconds(1500).forPeople == "1.5 s" && Swift.Duration.milliseconds(20).forPeople == "20 ms")
        #expect(Swift.Duration.seconds(30).forPeople == "30 s" && Swift.Duration.milliseconds(1020).forPeople == "1.0 s")
    }
}

struct CrowdingDetectorTests {
    @Test func onlyAWaitWithoutAnyProgressIsCrowding() {
        var detector = CrowdingDetector(patience: .seconds(1))
        func pending(_ origin: String, _ since: Int64, _ isConnecting: Bool = false) -> CrowdingDetector.Pending {
            .init(origin: origin, since: at(since), isConnecting: isConnecting)
        }
        #expect(detector.look(at: [], now: at(0)).next == nil)
        #expect(detector.look(at: [pending("a", 0)], now: at(999)).crowded == [])
        #expect(detector.look(at: [pending("a", 0)], now: at(999)).next == at(1000))
        #expect(detector.look(at: [pending("a", 0), pending("b", 500)], now: at(1000)).crowded == ["a"])
        #expect(detector.look(at: [pending("a", 0), pending("a", 900, true)], now: at(1000)).crowded == [])
        #expect(detector.look(at: [pending("a", 0), pending("a", 900, true)], now: at(1000)).next == at(2000))
        detector.sent(to: "a", at: at(600))
        #expect(detector.look(at: [pending("a", 0)], now: at(1000)).next == at(1600))
        detector.forget()
        #expect(detector.look(at: [pending("a", 0)], now: at(1000)).crowded == ["a"])
    }
}

struct ConnectionBookTests {
    @Test func aNumberThatIsSomeoneElsesNowIsNeverTouched() {
        var book = ConnectionBook()
        #expect(book.opened(5, identity: 100, origin: "a") == 0)
        #expect(book.opened(6, identity: 101, origin: "a") == 0)
        #expect(book.opened(7, identity: 102, origin: "b") == 0)
        #expect(book.sockets(of: "a") == [5, 6])
        #expect(book.opened(6, identity: 103, origin: "b") == 1)
        let now: [Int32: UInt64] = [5: 999, 6: 103]
        let pruned = book.prune { now[$0] }
        #expect(pruned == 2)
        #expect(book.sockets(of: "a") == [] && book.sockets(of: "b") == [6])
        #expect(book.closed(6) && !book.closed(6))
    }

    @Test func aHostsLifeEndsWithItsLastConnection() {
        var book = ConnectionBook()
        _ = book.opened(5, identity: 1, origin: "a")
        _ = book.opened(6, identity: 2, origin: "a")
        book.heard(from: "a", at: at(10))
        #expect(book.lives("a", since: at(10)) && !book.lives("a", since: at(11)) && !book.lives("b", since: at(0)))
        _ = book.closed(5)
        #expect(book.life(of: "a") == at(10))
        _ = book.closed(6)
        #expect(book.life(of: "a") == nil)
    }
}

struct TransferFailureTests {
    struct Case: Sendable {
        let code: CURLcode
        var detail = ""
        var verify = 0
        var sent = true
        let kind: HTTPError.Kind
        /// Of a request that is not idempotent.
        let safe: Bool
    }

    @Test(
        arguments: [
            Case(code: CURLE_COULDNT_RESOLVE_HOST, sent: false, kind: .resolve, safe: true),
            Case(code: CURLE_COULDNT_RESOLVE_PROXY, sent: false, kind: .resolve, safe: true),
            Case(code: CURLE_COULDNT_CONNECT, sent: false, kind: .connect, safe: true),
            Case(code: CURLE_OPERATION_TIMEDOUT, sent: false, kind: .timeout(.connect), safe: true),
            Case(code: CURLE_OPERATION_TIMEDOUT, kind: .connectionLost, safe: false),
            Case(code: CURLE_PEER_FAILED_VERIFICATION, verify: 10, sent: false, kind: .tls(.certificateExpired), safe: true),
            Case(code: CURLE_PEER_FAILED_VERIFICATION, verify: 9, sent: false, kind: .tls(.certificateNotYetValid), safe: true),
            Case(code: CURLE_PEER_FAILED_VERIFICATION, verify: 18, sent: false, kind: .tls(.untrustedIssuer), safe: true),
            Case(code: CURLE_PEER_FAILED_VERIFICATION, verify: 20, sent: false, kind: .tls(.untrustedIssuer), safe: true),
            Case(code: CURLE_PEER_FAILED_VERIFICATION, verify: 23, sent: false, kind: .tls(.revoked), safe: true),
            Case(
                code: CURLE_PEER_FAILED_VERIFICATION, detail: "SSL: no alternative certificate subject name matches target host name 'x'", verify: 1,
                sent: false, kind: .tls(.hostnameMismatch), safe: true),
            Case(code: CURLE_SSL_CERTPROBLEM, sent: false, kind: .tls(.ownMaterial), safe: true),
            Case(code: CURLE_SSL_CACERT_BADFILE, sent: false, kind: .tls(.ownMaterial), safe: true),
            Case(code: CURLE_SSL_CONNECT_ERROR, detail: "wrong version number", sent: false, kind: .tls(.handshake), safe: true),
            Case(code: CURLE_SSL_CONNECT_ERROR, detail: "OpenSSL SSL_connect: Connection reset by peer", sent: false, kind: .connect, safe: true),
            Case(code: CURLE_SSL_CONNECT_ERROR, detail: "tlsv1 alert unknown ca", sent: false, kind: .tls(.clientCertificate), safe: true),
            Case(code: CURLE_RECV_ERROR, detail: "tlsv13 alert certificate required", kind: .tls(.clientCertificate), safe: false),
            Case(code: CURLE_RECV_ERROR, detail: "CONNECT tunnel failed, response 407", sent: false, kind: .connect, safe: true),
            Case(code: CURLE_HTTP2, kind: .connectionLost, safe: false), Case(code: CURLE_HTTP2_STREAM, kind: .connectionLost, safe: false),
            Case(
                code: CURLE_HTTP2_STREAM, detail: "HTTP/2 stream 3 was not closed cleanly: REFUSED_STREAM (err 7)", kind: .connectionLost, safe: true),
            Case(code: CURLE_PARTIAL_FILE, kind: .connectionLost, safe: false), Case(code: CURLE_GOT_NOTHING, kind: .connectionLost, safe: false),
            Case(code: CURLE_SEND_ERROR, kind: .connectionLost, safe: false), Case(code: CURLE_RECV_ERROR, kind: .connectionLost, safe: false),
            Case(code: CURLE_WEIRD_SERVER_REPLY, kind: .protocolViolation, safe: false),
            Case(code: CURLE_BAD_CONTENT_ENCODING, kind: .protocolViolation, safe: false),
            Case(code: CURLE_OUT_OF_MEMORY, sent: false, kind: .connect, safe: true),
            Case(code: CURLE_OUT_OF_MEMORY, kind: .connectionLost, safe: false),
        ])
    func codes(_ row: Case) {
        let failure = TransferFailure(
            code: row.code, detail: row.detail, verifyResult: row.verify, origin: "https://h:1", wasSent: row.sent, isIdempotent: false)
        let error = failure.error
        #expect(error.kind == row.kind)
        #expect(error.isRetrySafe == row.safe)
        #expect(error.curlCode == Int32(row.code.rawValue))
        #expect(error.message.hasPrefix("https://h:1: "))
        var repeatable = failure
        repeatable.isIdempotent = true
        #expect(repeatable.error.isRetrySafe)
    }
}

struct ResponseHeadParserTests {
    private func feed(_ lines: [String], maxBytes: Int = 1000) -> [ResponseHeadParser.Event] {
        var parser = ResponseHeadParser(maxBytes: maxBytes)
        return lines.map { parser.take(Array($0.utf8)) }
    }

    @Test func heads() {
        let head = HTTPResponseHead(status: 204, headers: HTTPHeaders([HTTPHeader("A", "b: c"), HTTPHeader("E", "")]), httpVersion: .http2)
        #expect(feed(["HTTP/2 204 \r\n", "A:  b: c \r\n", "E:\r\n", "\r\n", "T: x\r\n"]).suffix(2) == [.complete(head), .more])
        #expect(
            feed(["HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.0 200\r\n", "\r\n"]).last
                == .complete(HTTPResponseHead(status: 200, httpVersion: .http1_0)))
        let odd = HTTPResponseHead(status: 200, headers: HTTPHeaders([HTTPHeader("A", "b")]))
        #expect(feed(["HTTP/1.1 200 OK\r\n", "A: b\r\n", " folded: x\r\n", "no colon\r\n", "\r\n"]).last == .complete(odd))
    }

    @Test(arguments: ["HTTP/1.1\r\n", "HTTP/1.1 20\r\n", "HTTP/1.1 abc\r\n", "HTTP/3 200\r\n", "ICY 200 OK\r\n", "\r\n"])
    func nonsense(line: String) {
        #expect(feed([line]) == [.malformed])
    }

    @Test func bounded() {
        #expect(feed(["HTTP/1.1 200 OK\r\n", "A: \(String(repeating: "x", count: 990))\r\n"]).last == .tooLarge)
    }

    @Test func namesMatchWithoutRegardToCase() {
        let headers = HTTPHeaders([HTTPHeader("Warning", "1"), HTTPHeader("warning", "2"), HTTPHeader("Ä", "3")])
        #expect(headers["WARNING"] == "1" && headers.values(for: "Warning") == ["1", "2"] && headers["ä"] == nil && headers.count == 3)
    }
}

struct ChunkBufferTests {
    @Test func fullMeansLaterAndTakingResumes() {
        var buffer = ChunkBuffer(limit: 4)
        #expect(buffer.take() == nil)
        // Never stuck on a chunk beyond the limit.
        let whole = buffer.offer([1, 2, 3, 4, 5, 6])
        #expect(whole)
        #expect(!buffer.offer([7]) && buffer.isPaused)
        let first = buffer.take()
        #expect(first?.bytes == [1, 2, 3, 4, 5, 6] && first?.resume == true)
        #expect(buffer.offer([7, 8]) && buffer.offer([9]) && !buffer.offer([10, 11]))
        let second = buffer.take()
        #expect(second?.bytes == [7, 8, 9] && second?.resume == true)
        let fourth = buffer.offer([1])
        let third = buffer.take()
        #expect(fourth && third?.resume == false)
    }
}
