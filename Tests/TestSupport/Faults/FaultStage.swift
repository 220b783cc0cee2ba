import KubeClient
import KubeModel
import PlimsollAPI
import Synchronization
import Values

/// A daemon at work on SLOs that somebody edits all the time, for faults to happen to.
package final class FaultStage: Sendable {
    /// What a fault came to.
    package struct Outcome: Sendable {
        package var edits: Int
        /// From the fault's end until all was as the objects asked then, with no further edit to help.
        package var settled: Swift.Duration
        /// And after one more edit of each.
        package var resettled: Swift.Duration
        /// Megabytes of the daemon at the end.
        package var resident: Int
    }

    package let world: World
    package let daemon: Daemon
    private let names: [String]
    private let dice: Mutex<SeededGenerator>

    /// Makes the objects, and waits until all is as they ask.
    package init(_ world: World, _ daemon: Daemon, objects: Int = 10, seed: UInt64) async throws {
        self.world = world
        self.daemon = daemon
        names = (0..<objects).map { "slo-\($0)" }
        dice = Mutex(SeededGenerator(seed: seed))
        try await daemon.ready(world)
        for name in names { try await world.apply(name, dice.withLock { world.randomSpec(&$0) }) }
        _ = try await settle(within: .seconds(60), "before any fault")
    }

    /// Edits while `disturb` runs, then sees that everything comes to rest.
    package func run(_ name: String, within limit: Swift.Duration = .seconds(90), _ disturb: @Sendable (FaultStage) async throws -> Void)
        async throws -> Outcome
    {
        let edits = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { await self.editUntilCancelled() }
            let result: Result<Void, any Error>
            do { result = .success(try await disturb(self)) } catch { result = .failure(error) }
            group.cancelAll()
            try result.get()
            return try await group.next() ?? 0
        }
        // As the editor left it: a change that was lost shows, as none follows that would make up for it.
        let settled = try await settle(within: limit, name)
        // One more change of each: an object that is no longer followed shows.
        for name in names { try await applyAtLast(name) }
        let resettled = try await settle(within: limit, "\(name), and one more edit of each")
        return Outcome(
            edits: edits + names.count, settled: settled, resettled: resettled, resident: try await residentMegabytes())
    }

    /// Applies as soon as the API server takes it: it may still be recovering.
    private func applyAtLast(_ name: String) async throws {
        let spec = dice.withLock { world.randomSpec(&$0) }
        var failure: (any Error)?
        let isApplied = await eventually {
            do { try await world.apply(name, spec) } catch {
                failure = error
                return false
            }
            return true
        }
        if !isApplied { throw Missing("an API server that takes an edit: \(failure.map { "\($0)" } ?? "")") }
    }

    /// Waits until all is as the objects ask; gives how long that took.
    private func settle(within limit: Swift.Duration, _ what: String) async throws -> Swift.Duration {
        let start = ContinuousClock.now
        let difference = Mutex<String?>(nil)
        let isSettled = await eventually(within: limit, every: .milliseconds(500)) {
            let found: String?
            do { found = try await world.difference(of: daemon) } catch { found = "\(error)" }
            difference.withLock { $0 = found }
            return found == nil || !daemon.process.isRunning
        }
        if let doubled = try await world.doubledEvent() { throw Missing("each event once after \(what): \(doubled)") }
        guard isSettled else {
            throw Missing(
                "rest \(limit) after \(what): \(difference.withLock { $0 } ?? ""); the daemon's log:\n\(daemon.process.output.suffix(6_000))")
        }
        guard daemon.process.isRunning else { throw Missing("a living daemon after \(what); its log:\n\(daemon.process.output.suffix(6_000))") }
        return ContinuousClock.now - start
    }

    /// Gives how many edits the API server took.
    private func editUntilCancelled() async -> Int {
        var edits = 0
        while !Task.isCancelled {
            if (try? await edit()) != nil { edits += 1 }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return edits
    }

    private func edit() async throws {
        let (name, deletes, spec) = dice.withLock { dice in
            (names.randomElement(using: &dice) ?? "slo-0", Int.random(in: 0..<3, using: &dice) == 0, world.randomSpec(&dice))
        }
        if deletes { try await world.delete(name) } else { try await world.apply(name, spec) }
    }

    private func residentMegabytes() async throws -> Int { try await Int(metric("process_resident_memory_bytes")) >> 20 }

    /// The sum of a metric of the daemon over its labels.
    package func metric(_ name: String) async throws -> Double {
        try await world.fetch("\(daemon.metricsURL)/metrics").text.split(separator: "\n")
            .filter { $0.hasPrefix("\(name) ") || $0.hasPrefix("\(name){") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
