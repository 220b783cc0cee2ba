import Glibc
import Synchronization
package import Values

/// What a leader is hit with.
package enum Blow: String, Sendable, CaseIterable {
    case kill, term, stop
    /// The network between the leader and the API server loses everything, and heals when the leader has ended.
    case partition
}

/// What came of it.
package struct Failover: Sendable {
    package var blow: Blow
    /// From the blow to the successor's `acquireTime`.
    package var took: Swift.Duration
    package var exit: ChildProcess.Exit
    /// Accepted writes of the old leader before the blow: without any, nothing was shown.
    package var writes: Int
    /// And after its successor's `acquireTime`.
    package var late: [AuditLog.Write]
    package var transitions: Int64
}

extension Replicas {
    /// Hits the leader and waits for its successor; of a stopped one, that it goes on after `pause` and finds out.
    ///
    /// - Parameter relay: what a leader that is to be cut off reaches the API server through.
    package func failover(
        _ blow: Blow, of leader: Daemon, to standby: Daemon, relay: TCPRelay? = nil, pause: Swift.Duration = .seconds(8)
    ) async throws -> Failover {
        let before = try await waitUntilLeads(leader)
        guard let identity = leader.identity else { throw Missing("the leader's identity") }
        let audit = try AuditLog()
        // In full swing, by what the server saw of it.
        _ = try await eventually(within: .seconds(10)) { try audit.writes(of: identity).count { $0.resource != "leases" } >= 20 }
        let writes = try audit.writes(of: identity).count { $0.resource != "leases" }
        let start = wallNow()
        switch blow {
        case .kill: leader.process.signal(SIGKILL)
        case .term: leader.process.signal(SIGTERM)
        case .stop: leader.process.signal(SIGSTOP)
        case .partition:
            guard let relay, relay.connections > 0 else { throw Missing("a leader behind a relay, to cut it off") }
            relay.mode = .partition
        }
        defer { relay?.mode = .open }
        let began = ContinuousClock.now
        let after = try await waitUntilLeads(standby, within: .seconds(spans.lease + 20))
        if blow == .stop {
            // A moment of the successor's own work lies between.
            try await Task.sleep(until: began + max(pause, (ContinuousClock.now - began) + .seconds(1)))
            leader.process.signal(SIGCONT)
        }
        guard let exit = await leader.process.wait(timeout: .seconds(40)) else {
            throw Missing("the old leader's end; its log:\n\(leader.process.output)")
        }
        relay?.mode = .open
        // What is still on its way arrives and is logged.
        try await Task.sleep(for: .milliseconds(500))
        return Failover(
            blow: blow, took: .microseconds(after.acquired.microseconds - start.microseconds), exit: exit, writes: writes,
            late: try audit.writes(of: identity, after: after.acquired), transitions: after.transitions - before.transitions)
    }

    /// Waits until each SLO has its status, and one ConfigMap with its rules.
    package func converge(within timeout: Swift.Duration = .seconds(60)) async throws {
        var difference: String?
        let isFine = try await eventually(within: timeout, every: .milliseconds(300)) {
            difference = try await world.difference(configMapsOf: instance)
            return difference == nil
        }
        if !isFine { throw Missing("convergence: \(difference ?? "")") }
    }
}

/// Somebody who edits SLOs all the time, so that the leader has something to write.
package final class Editor: Sendable {
    private let world: World
    private let count: Int
    private let edits = Mutex(0)

    package init(_ world: World, slos count: Int = 6) {
        self.world = world
        self.count = count
    }

    /// Edits until the task is cancelled.
    package func run(every interval: Swift.Duration = .milliseconds(60)) async {
        while !Task.isCancelled {
            let number = edits.withLock { edits in
                edits += 1
                return edits
            }
            // A server that is busy is asked again soon.
            try? await edit(number)
            try? await Task.sleep(for: interval)
        }
    }

    package func edit(_ number: Int) async throws {
        var spec = world.spec()
        spec["description"] = .string("edit \(number)")
        try await world.apply("edited-\(number % count)", spec)
    }

    /// Edits while `body` runs.
    package func during<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        let task = Task { await run() }
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        task.cancel()
        await task.value
        return try result.get()
    }
}

/// What the wall clock says, as the Lease's times do.
package func wallNow() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
}
