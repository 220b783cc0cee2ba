import KubeModel
import Synchronization

/// Hands keys to a controller that is made after those who send them.
final class EnqueueRelay: Sendable {
    private let target = Mutex<(@Sendable (ObjectKey) -> Void)?>(nil)

    func connect(_ enqueue: @escaping @Sendable (ObjectKey) -> Void) { target.withLock { $0 = enqueue } }

    /// What comes later goes nowhere. Senders and controller hold each other through the relay, so one must let go at the end.
    func disconnect() { target.withLock { $0 = nil } }

    func send(_ key: ObjectKey) { target.withLock { $0 }?(key) }
}
