import Glibc
import Synchronization

/// A server over plain TCP that does to each connection what a closure says. Shape-tested: it stands for peers that no real server can be
/// told to be.
final class ScriptedPeer: Sendable {
    /// One accepted connection. Blocking; used on its own thread.
    struct Connection: Sendable {
        let descriptor: Int32
        /// From 1, in the order they came.
        let number: Int
        let peer: ScriptedPeer

        /// The next request's head and body; nil at the end.
        func request() -> String? {
            var bytes: [UInt8] = []
            while true {
                let text = String(decoding: bytes, as: UTF8.self)
                if let end = text.range(ofHeadEnd: "\r\n\r\n") {
                    let length = text.lowercased().value(after: "content-length: ").flatMap { Int($0) } ?? 0
                    if bytes.count >= end + length {
                        peer.seen.withLock { $0.append(text) }
                        return text
                    }
                }
                var buffer = [UInt8](repeating: 0, count: 65536)
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count <= 0 { return nil }
                bytes += buffer[..<count]
            }
        }

        func write(_ text: String) {
            write(Array(text.utf8))
        }

        func write(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if count <= 0 { return }
                rest = rest.dropFirst(count)
            }
        }

        func respond(_ body: String = "ok", headers: String = "") {
            write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        }

        /// Returns when the client closed, or the peer is let go.
        func hang() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }
    }

    let port: UInt16
    var url: String { "http://127.0.0.1:\(port)" }
    private let listener: Int32
    private let open = Mutex<Set<Int32>>([])
    private let accepted = Atomic<Int>(0)
    fileprivate let seen = Mutex<[String]>([])

    init(_ serve: @escaping @Sendable (Connection) -> Void) throws {
        (listener, port) = try Sockets.listen()
        Sockets.thread { [listener, weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0, let self else {
                    close(listener)
                    return
                }
                let number = accepted.add(1, ordering: .relaxed).newValue
                _ = open.withLock { $0.insert(descriptor) }
                Sockets.thread { [self] in
                    serve(Connection(descriptor: descriptor, number: number, peer: self))
                    open.withLock { open in
                        open.remove(descriptor)
                        close(descriptor)
                    }
                }
            }
        }
    }

    /// Ends the listener and all connections.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { open in
            for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    var connections: Int { accepted.load(ordering: .relaxed) }
    var requests: [String] { seen.withLock { $0 } }
}

extension String {
    /// The byte offset behind the first `mark`.
    fileprivate func range(ofHeadEnd mark: String) -> Int? {
        let bytes = Array(utf8)
        let wanted = Array(mark.utf8)
        guard bytes.count >= wanted.count else { return nil }
        return (0...(bytes.count - wanted.count)).first { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }.map { $0 + wanted.count }
    }

    fileprivate func value(after mark: String) -> String? {
        for line in split(separator: "\r\n") where line.hasPrefix(mark) { return String(line.dropFirst(mark.count)) }
        return nil
    }
}
