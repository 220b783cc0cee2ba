import Glibc
import Synchronization

/// What a real Prometheus can't be made to do, and what it doesn't tell of the requests it got. *Shape-tested*: it stands for proxies, broken
/// middleboxes and compatible servers.
final class NonsenseServer: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        /// Lower-case names.
        var headers: [String: String]
        var body: String
    }

    enum Reply: Sendable {
        case answer(status: Int, contentType: String = "application/json", body: String)
        /// The length says more than comes.
        case cutShort(body: String)
        /// Accepts, reads, and never answers.
        case hang
        /// The head, then nothing.
        case stall
        case close
        case raw(String)
    }

    let port: Int
    private let listener: Int32
    private let log = Mutex<[Request]>([])
    private let open = Mutex<[Int32]>([])

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { log.withLock { $0 } }

    init(_ reply: @escaping @Sendable (Request) -> Reply) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length)
                listen(descriptor, 16)
                getsockname(descriptor, generic, &length)
            }
            return Int(in_port_t(bigEndian: pointer.pointee.sin_port))
        }
        listener = descriptor
        Self.thread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0, let self else { break }
                open.withLock { $0.append(connection) }
                Self.thread { [self] in serve(connection, reply) }
            }
            close(descriptor)
        }
    }

    /// Always the same answer.
    convenience init(_ reply: Reply) { self.init { _ in reply } }

    deinit {
        Glibc.shutdown(listener, Int32(SHUT_RDWR))
        stop()
    }

    /// Ends all connections.
    func stop() { for connection in open.withLock({ $0 }) { Glibc.shutdown(connection, Int32(SHUT_RDWR)) } }

    private func serve(_ connection: Int32, _ reply: @Sendable (Request) -> Reply) {
        defer {
            open.withLock { $0.removeAll { $0 == connection } }
            close(connection)
        }
        while let request = Self.read(connection) {
            log.withLock { $0.append(request) }
            switch reply(request) {
            case .answer(let status, let type, let body):
                Self.write(connection, "HTTP/1.1 \(status) X\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
            case .cutShort(let body):
                Self.write(connection, "HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count + 100)\r\n\r\n\(body)")
                return
            case .hang: _ = Self.read(connection)
            case .stall:
                Self.write(connection, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"stat")
                _ = Self.read(connection)
            case .close: return
            case .raw(let text):
                Self.write(connection, text)
                return
            }
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let request = parse(bytes) { return request }
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Request? {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: "\r\n\r\n".utf8) }) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let first = (lines.first ?? "").split(separator: " ")
        guard first.count >= 2 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        let body = bytes[(end + 4)...]
        guard body.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 else { return nil }
        return .init(method: String(first[0]), target: String(first[1]), headers: headers, body: String(decoding: body, as: UTF8.self))
    }

    private static func write(_ connection: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        pthread_create(
            &thread, nil,
            { pointer in
                if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
