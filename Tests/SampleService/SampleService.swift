import Glibc

/// The whole service: one thread, one `poll`.
struct SampleService {
    private struct Delayed {
        var at: Int64
        var descriptor: Int32
        var connection: Int
        var request: SampleConnection.Request
    }

    private let settings: SampleSettings
    private let listener: Int32
    private let startedAt = SampleClock.now
    private let name: String
    private var metrics = SampleMetrics()
    private var connections: [Int32: SampleConnection] = [:]
    private var accepted = 0
    /// In the order of their times, for the latency is the same for all.
    private var delayed: [Delayed] = []
    /// After SIGTERM: when it ends.
    private var endsAt: Int64?

    init(_ settings: SampleSettings) throws(SampleFailure) {
        self.settings = settings
        name = Self.hostName()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = settings.port.bigEndian
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard bound, listen(listener, 1024) == 0 else {
            throw SampleFailure(description: "port \(settings.port): \(String(cString: strerror(errno)))")
        }
    }

    private static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Until SIGTERM or its crash; returns the exit code.
    mutating func run() -> Int32 {
        let ending = SampleSignals.ending
        // Without a handler it would be ignored, as this is process 1 of its container.
        signal(SIGTERM) { _ in SampleSignals.note() }
        signal(SIGINT) { _ in SampleSignals.note() }
        signal(SIGPIPE, SIG_IGN)
        log("started")
        while true {
            let now = SampleClock.now
            if let after = settings.crashAfter, now - startedAt >= after {
                log("crashed")
                return 1
            }
            if let endsAt, now >= endsAt {
                log("ended")
                return 0
            }
            answerDelayed(now)
            if wait(now, ending), endsAt == nil { endsAt = SampleClock.now + settings.drain }
        }
    }

    /// - Returns: whether a signal came.
    private mutating func wait(_ now: Int64, _ ending: Int32) -> Bool {
        var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        if endsAt == nil { polled.append(pollfd(fd: ending, events: Int16(POLLIN), revents: 0)) }
        for (descriptor, connection) in connections {
            // While an answer is to come, what else a client says can wait.
            let events = connection.isWaiting ? 0 : connection.output.isEmpty ? POLLIN : POLLOUT
            polled.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        }
        let next = [delayed.first?.at, settings.crashAfter.map { startedAt + $0 }, endsAt].compactMap(\.self).min()
        // Rounded up, or it would turn and turn within the last millisecond.
        let timeout = next.map { Int32(clamping: max(0, $0 - now + 999) / 1000) } ?? -1
        guard poll(&polled, nfds_t(polled.count), timeout) > 0 else { return false }
        for entry in polled where entry.revents != 0 && entry.fd != ending {
            if entry.fd == listener { acceptAll() } else { serve(entry.fd) }
        }
        return polled.contains { $0.fd == ending && $0.revents != 0 }
    }

    private mutating func acceptAll() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            accepted += 1
            connections[descriptor] = SampleConnection(number: accepted)
        }
    }

    private mutating func serve(_ descriptor: Int32) {
        guard var connection = connections[descriptor] else { return }
        if connection.isWaiting { return end(descriptor) }
        if connection.output.isEmpty {
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { return end(descriptor) }
            connection.input += buffer[..<count]
        }
        proceed(&connection, descriptor)
    }

    /// Sends what is to be sent and takes the requests that are there.
    private mutating func proceed(_ connection: inout SampleConnection, _ descriptor: Int32) {
        while true {
            while !connection.output.isEmpty {
                let sent = connection.output.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
                guard sent > 0 else {
                    if errno != EAGAIN { return end(descriptor) }
                    connections[descriptor] = connection
                    return
                }
                connection.output = connection.output.dropFirst(sent)
            }
            if connection.closes { return end(descriptor) }
            guard !connection.isWaiting else { break }
            do throws(SampleFailure) {
                guard let request = try connection.nextRequest(at: SampleClock.now) else { break }
                take(request, &connection, descriptor)
            } catch {
                return end(descriptor)
            }
        }
        connections[descriptor] = connection
    }

    private mutating func end(_ descriptor: Int32) {
        connections[descriptor] = nil
        close(descriptor)
    }

    private mutating func take(_ request: SampleConnection.Request, _ connection: inout SampleConnection, _ descriptor: Int32) {
        let keepsAlive = request.keepsAlive && endsAt == nil
        switch request.path {
        case "/":
            guard settings.latency > 0 else { return work(request, &connection) }
            connection.isWaiting = true
            delayed.append(
                Delayed(at: request.receivedAt + settings.latency, descriptor: descriptor, connection: connection.number, request: request))
        case "/ready":
            let isReady = !settings.isNeverReady && endsAt == nil && SampleClock.now - startedAt >= settings.startUp
            connection.answer(isReady ? 200 : 503, isReady ? "ready\n" : "not ready\n", keepsAlive: keepsAlive)
        case "/metrics": connection.answer(200, metrics.text, keepsAlive: keepsAlive)
        default: connection.answer(404, "not found\n", keepsAlive: keepsAlive)
        }
    }

    private mutating func answerDelayed(_ now: Int64) {
        let due = delayed.prefix { $0.at <= now }
        delayed.removeFirst(due.count)
        for one in due {
            guard var connection = connections[one.descriptor], connection.number == one.connection else { continue }
            connection.isWaiting = false
            work(one.request, &connection)
            proceed(&connection, one.descriptor)
        }
    }

    private mutating func work(_ request: SampleConnection.Request, _ connection: inout SampleConnection) {
        let code = settings.errors > 0 && Double.random(in: 0..<1) < settings.errors ? 500 : 200
        metrics.count(code: code, seconds: Double(SampleClock.now - request.receivedAt) / 1e6)
        if code == 500 { log("failed", #","code":500"#) }
        connection.answer(code, "\(name)\n", keepsAlive: request.keepsAlive && endsAt == nil)
    }

    private func log(_ event: String, _ more: String = "") {
        let line = Array(#"{"time":"\#(SampleClock.text)","event":"\#(event)","pod":"\#(name)"\#(more)}"#.utf8) + [10]
        _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }
}
