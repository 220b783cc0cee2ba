import Glibc
import Synchronization

/// A server on loopback that answers as a script says, for what no real API server can be made to do. One request a connection, plain HTTP/1.1.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        package var method = ""
        package var target = ""
        /// Names in lower case.
        package var headers: [String: String] = [:]
        package var body = ""
    }

    package enum Answer: Sendable {
        /// The body's pieces go out one by one, as separate chunks.
        case respond(Int, headers: [(String, String)] = [], pieces: [String] = [])
        /// As many bytes are promised, but only these come.
        case cutOff(promised: Int, sent: String)
        case hangUp

        package static func json(_ text: String, status: Int = 200, headers: [(String, String)] = []) -> Answer {
            .respond(status, headers: [("Content-Type", "application/json")] + headers, pieces: [text])
        }
    }

    package typealias Script = @Sendable (_ request: Request, _ number: Int) -> Answer

    package let port: UInt16
    private let listener: Int32
    private let seen = Mutex<[Request]>([])

    package init(_ script: @escaping Script) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard bound else { throw Failure() }
        port = UInt16(bigEndian: address.sin_port)
        listener = descriptor
        Threads.start { [weak self] in
            // Here and nowhere else: a number that is free again is soon another server's, whose connections this thread would take.
            defer { close(descriptor) }
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                guard let self else {
                    close(connection)
                    return
                }
                Threads.start { self.serve(connection, script) }
            }
        }
    }

    package struct Failure: Error {}

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { seen.withLock(\.self) }

    package func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32, _ script: Script) {
        defer { close(connection) }
        guard let request = Self.read(connection) else { return }
        let number = seen.withLock { seen in
            seen.append(request)
            return seen.count
        }
        switch script(request, number) {
        case .hangUp: return
        case .cutOff(let promised, let sent):
            Self.send(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(promised)\r\n\r\n\(sent)")
        case .respond(let status, let headers, let pieces):
            let fields = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
            Self.send(connection, "HTTP/1.1 \(status) Because\r\n\(fields)Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            for piece in pieces where !piece.isEmpty {
                Self.send(connection, "\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n")
                usleep(5000)
            }
            Self.send(connection, "0\r\n\r\n")
        }
        // Until the client has read everything, lest a reset overtake it.
        shutdown(connection, Int32(SHUT_WR))
        var buffer = [UInt8](repeating: 0, count: 1024)
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }

    private static func read(_ connection: Int32) -> Request? {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            text += String(decoding: buffer[..<count], as: UTF8.self)
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let lines = parts[0].split(separator: "\r\n").map(String.init)
            let words = (lines.first ?? "").split(separator: " ").map(String.init)
            guard words.count == 3 else { return nil }
            var request = Request(method: words[0], target: words[1])
            for line in lines.dropFirst() {
                let pair = line.split(separator: ":", maxSplits: 1)
                if pair.count == 2 { request.headers[pair[0].lowercased()] = String(pair[1].drop { $0 == " " }) }
            }
            request.body = String(parts[1])
            if request.body.utf8.count >= Int(request.headers["content-length"] ?? "0") ?? 0 { return request }
        }
    }

    private static func send(_ connection: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }
}

/// Threads for blocking work in tests.
private enum Threads {
    static func start(_ body: @escaping @Sendable () -> Void) {
        final class Work: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if failed == 0 { pthread_detach(thread) } else { work.release() }
    }
}
