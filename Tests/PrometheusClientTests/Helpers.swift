import Glibc
import Synchronization

/// A value that a test changes under a closure's feet.
final class Box<T: Sendable>: Sendable {
    private let stored: Mutex<T>
    init(_ value: T) { stored = .init(value) }
    var value: T {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}

func unlinkFile(_ path: String) { unlink(path) }
