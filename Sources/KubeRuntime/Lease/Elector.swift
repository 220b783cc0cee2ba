import CoreMetrics
import KubeModel
package import Logging
import Synchronization
package import Values

/// What decides whether this process works or stands by.
package protocol Election: Sendable {
    /// Runs until it has let go, until it has lost (of which it tells elsewhere, at once), or until the task is cancelled.
    func run() async throws
    /// Returns when this process leads, or when the task is cancelled.
    func waitUntilLeading() async
    /// Lets go of the lease, or of the candidacy, once all work has ended. From its beginning on nothing more is written.
    /// - Returns: whether the lease was ours and is free now.
    @discardableResult
    func release() async -> Bool
}

/// Performs what an `ElectorMachine` decides, on a thread of its own.
package final class Elector: Election {
    private struct Control: Sendable {
        var thread: LeaseThread?
        var isStopping = false
        var isReleased = false
    }

    package let settings: LeaseSettings
    package let fence: LeaseFence
    private let store: any LeaseStore
    private let clock: @Sendable () -> LeaseTime
    private let wallClock: @Sendable () -> Instant
    private let lost: @Sendable (String) -> Void
    private let generator: Mutex<SeededGenerator>
    private let logger: Logger
    private let status: Gauge
    private let slowPaths: Counter
    private let control = Mutex(Control())
    private let leading = Latch()
    private let ended = Latch()

    /// - Parameters:
    ///   - clock: the two clocks; the fence must go by the same.
    ///   - seed: of the jitter.
    ///   - lost: called on the lease's thread the moment the lease is no longer surely ours: ends the process.
    package init(
        _ settings: LeaseSettings, store: any LeaseStore, fence: LeaseFence, clock: @escaping @Sendable () -> LeaseTime = LeaseTime.system,
        wallClock: @escaping @Sendable () -> Instant, seed: UInt64 = .random(in: 0 ... .max), logger: Logger = Logger(label: "plimsoll.lease"),
        lost: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.store = store
        self.fence = fence
        self.clock = clock
        self.wallClock = wallClock
        self.lost = lost
        generator = Mutex(SeededGenerator(seed: seed))
        var logger = logger
        logger[metadataKey: "lease"] = "\(settings.key)"
        logger[metadataKey: "identity"] = "\(settings.identity)"
        self.logger = logger
        let labels = [("name", settings.key.name)]
        status = Gauge(label: "leader_election_master_status", dimensions: labels)
        slowPaths = Counter(label: "leader_election_slowpath_total", dimensions: labels)
        status.record(0)
        slowPaths.increment(by: 0)
    }

    package var isLeading: Bool { fence.isOpen }

    package func waitUntilLeading() async { await leading.wait() }

    package func run() async throws {
        defer { ended.open() }
        let thread = try LeaseThread(clock: clock)
        defer { thread.finish() }
        control.withLock { $0.thread = thread }
        let role = await withTaskCancellationHandler {
            await withTaskExecutorPreference(thread) { await loop(thread) }
        } onCancel: {
            thread.interrupt()
        }
        if case .lost(let reason) = role { throw ManagerFailure("the lease \(settings.key) was lost: \(reason)") }
    }

    @discardableResult
    package func release() async -> Bool {
        fence.close()
        // A write that nobody answered may still come about; a successor must not begin before that. Where there is no time to wait, the lease runs out.
        let wait = fence.unansweredFor
        if wait > .zero {
            logger.info("waiting for writes without an answer", metadata: ["time": "\(wait)"])
            do { try await Task.sleep(for: wait) } catch { return false }
        }
        let thread = control.withLock { control in
            control.isStopping = true
            return control.thread
        }
        thread?.interrupt()
        // Never begun: nothing to let go of.
        guard thread != nil else { return false }
        await ended.wait()
        return control.withLock(\.isReleased)
    }

    /// The role at the end.
    private func loop(_ thread: LeaseThread) async -> ElectorMachine.Role {
        var machine = ElectorMachine(settings)
        var known = (role: machine.role, holder: machine.holder, slowPaths: 0, failure: "")
        var action = machine.begin()
        while !Task.isCancelled {
            fence.update(machine)
            tell(machine, &known)
            let answer: ElectorMachine.Answer?
            switch action {
            case .read(let timeout): answer = await store.read(timeout: timeout)
            case .create(let lease, let timeout): answer = await store.create(lease, timeout: timeout)
            case .replace(let lease, let timeout): answer = await store.replace(lease, timeout: timeout)
            case .wait(let time):
                await thread.sleep(for: time)
                answer = nil
            case .finish: return machine.role
            }
            let now = clock()
            if control.withLock(\.isStopping), let next = machine.stop(at: now) {
                action = next
            } else if let answer {
                note(answer, &known.failure)
                action = generator.withLock { machine.answered(answer, at: now, wall: wallClock(), using: &$0) }
            } else {
                action = generator.withLock { machine.waited(at: now, wall: wallClock(), using: &$0) }
            }
        }
        fence.close()
        return machine.role
    }

    private func note(_ answer: ElectorMachine.Answer, _ failure: inout String) {
        guard case .failed(let why) = answer else {
            if answer != .conflict { failure = "" }
            return
        }
        // Once, not at every try.
        if why != failure { logger.warning("the lease can't be reached", metadata: ["error": "\(why)"]) }
        failure = why
    }

    private func tell(_ machine: ElectorMachine, _ known: inout (role: ElectorMachine.Role, holder: String, slowPaths: Int, failure: String)) {
        if machine.slowPaths > known.slowPaths { slowPaths.increment(by: Int64(machine.slowPaths - known.slowPaths)) }
        if machine.role == .standby, machine.holder != known.holder, !machine.holder.isEmpty {
            logger.info("standing by", metadata: ["leader": "\(machine.holder)"])
        }
        if machine.role != known.role {
            switch machine.role {
            case .standby: break
            case .leading:
                logger.info("leading")
                status.record(1)
                leading.open()
            case .lost(let reason):
                status.record(0)
                lost(reason)
            case .ended(let released):
                status.record(0)
                control.withLock { $0.isReleased = released }
                logger.info(released ? "lease released" : "no longer a candidate")
            }
        }
        known.role = machine.role
        known.holder = machine.holder
        known.slowPaths = machine.slowPaths
    }
}
