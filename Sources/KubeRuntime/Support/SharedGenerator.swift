import Synchronization
package import Values

/// A random generator that several tasks use.
package final class SharedGenerator: Sendable {
    private let generator: Mutex<SeededGenerator>

    package init(seed: UInt64) {
        generator = Mutex(SeededGenerator(seed: seed))
    }

    package func use<Value>(_ body: (inout SeededGenerator) -> sending Value) -> sending Value {
        generator.withLock { body(&$0) }
    }
}
