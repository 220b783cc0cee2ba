/// Something that runs until its task is cancelled.
package struct ManagedPart: Sendable {
    package var name: String
    package var run: @Sendable () async throws -> Void

    package init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// A part with a handle to stop it alone, while its siblings in the task group run on.
final class Supervised: Sendable {
    let part: ManagedPart
    private let stopping = Latch()
    private let ended = Latch()

    init(_ part: ManagedPart) { self.part = part }

    /// Runs the part; returns why it ended, or nil when it was told to.
    func run() async -> String? {
        let reason = await withTaskGroup(of: String?.self) { group in
            group.addTask { [part] in
                do {
                    try await part.run()
                    return "ended"
                } catch {
                    return "failed: \(error)"
                }
            }
            group.addTask { [stopping] in
                await stopping.wait()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        ended.open()
        return stopping.isOpen || Task.isCancelled ? nil : reason
    }

    /// Cancels the part and waits for its end; false when it has not ended within `limit`.
    func stop(within limit: Swift.Duration, _ timeline: Timeline) async -> Bool {
        stopping.open()
        _ = await timeline.within(limit) { [ended] in await ended.wait() }
        return ended.isOpen
    }
}
