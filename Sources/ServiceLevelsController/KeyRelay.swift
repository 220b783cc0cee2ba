import KubeModel
import Synchronization

/// Hands keys to a controller that is made after those who send them.
final class KeyRelay: Sendable {
    private let target = Mutex<(@Sendable (ObjectKey) -> Void)?>(nil)

    func connect(_ enqueue: @escaping @Sendable (ObjectKey) -> Void) { target.withLock { $0 = enqueue } }

    func send(_ key: ObjectKey) { target.withLock { $0 }?(key) }
}
