/// Monotonic time and sleep from one clock, as time since the timeline was made: the machines' `now`.
package struct Timeline: Sendable {
    private let read: @Sendable () -> Swift.Duration
    private let pause: @Sendable (Swift.Duration) async throws -> Void

    package init(_ clock: any Clock<Swift.Duration> = ContinuousClock()) {
        self.init(opening: clock)
    }

    private init<C: Clock>(opening clock: C) where C.Duration == Swift.Duration {
        let start = clock.now
        read = { start.duration(to: clock.now) }
        pause = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
    }

    package var now: Swift.Duration { read() }

    /// Throws only when the task is cancelled.
    package func sleep(for delay: Swift.Duration) async throws { try await pause(now + delay) }

    package func sleep(until deadline: Swift.Duration) async throws { try await pause(deadline) }

    /// Runs `operation`, and cancels it when it takes longer; nil then. Returns only when the operation has returned.
    package func within<Value: Sendable>(_ limit: Swift.Duration, _ operation: @escaping @Sendable () async -> Value) async -> Value? {
        let deadline = now + limit
        return await withTaskGroup(of: Value??.self) { group in
            group.addTask { .some(await operation()) }
            group.addTask {
                do { try await sleep(until: deadline) } catch { return .none }
                return .some(nil)
            }
            defer { group.cancelAll() }
            // The sleeper alone ends with .none, when the whole is cancelled: then wait for the operation.
            while let result = await group.next() {
                if let result { return result }
            }
            return nil
        }
    }
}
