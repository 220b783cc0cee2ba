import Glibc

/// A client of a few lines over a plain socket, so that what goes over the wire is what the test says. It blocks, so it runs on a thread
/// of its own.
struct RawClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    let port: Int

    /// Sends `request` as it stands and reads until the server closes, or for ten seconds.
    func exchange(_ request: String) async -> String {
        await onThread { Self.blocking(port, request) }
    }

    func get(_ target: String, method: String = "GET") async -> Answer {
        let raw = await exchange("\(method) \(target) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        return Self.parse(raw)
    }

    /// The same on the calling thread, which it blocks.
    func blockingGet(_ target: String) -> Answer {
        Self.parse(Self.blocking(port, "GET \(target) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"))
    }

    /// True when nothing listens there.
    static func connectRefused(_ port: Int) -> Bool {
        let descriptor = connect(port)
        if descriptor >= 0 { close(descriptor) }
        return descriptor < 0
    }

    static func parse(_ raw: String) -> Answer {
        let bytes = Array(raw.utf8)
        let end = bytes.indices.first { bytes[$0...].starts(with: "\r\n\r\n".utf8) } ?? bytes.count
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return .init(status: status, headers: headers, body: String(decoding: bytes[min(end + 4, bytes.count)...], as: UTF8.self))
    }

    /// A connected socket, or -1.
    static func connect(_ port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let done = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if done == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    private static func blocking(_ port: Int, _ request: String) -> String {
        let descriptor = connect(port)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return "" }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            answer.append(contentsOf: buffer[..<count])
        }
        return String(decoding: answer, as: UTF8.self)
    }
}

/// Runs what blocks on a thread of its own.
func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
    await withCheckedContinuation { continuation in
        var thread = pthread_t()
        let work = Unmanaged.passRetained(ThreadWork { continuation.resume(returning: body()) })
        pthread_create(
            &thread, nil,
            { pointer in
                if let pointer { Unmanaged<ThreadWork>.fromOpaque(pointer).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        pthread_detach(thread)
    }
}

private final class ThreadWork: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
