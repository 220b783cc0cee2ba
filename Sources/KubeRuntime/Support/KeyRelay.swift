package import KubeModel
import Synchronization

/// Hands keys to a controller that is made after those who send them.
package final class KeyRelay: Sendable {
    /// Not a bare function: one that a lock hands out comes back in another wrapping each time, and calls it through ever more of them.
    private struct Target {
        var enqueue: @Sendable (ObjectKey) -> Void
    }

    private let target = Mutex<Target?>(nil)

    package init() {}

    package func connect(_ enqueue: @escaping @Sendable (ObjectKey) -> Void) { target.withLock { $0 = Target(enqueue: enqueue) } }

    /// What comes later goes nowhere. Senders and controller hold each other through the relay, so one must let go at the end.
    package func disconnect() { target.withLock { $0 = nil } }

    package func send(_ key: ObjectKey) { target.withLock(\.self)?.enqueue(key) }
}
