package import KubeClient
import Synchronization

/// What a process knows of its own leadership at any moment, for writers and probes on all threads: not what was decided when something last ran,
/// but what the clocks say now.
package final class LeaseFence: Sendable {
    private struct State: Sendable {
        /// When the write was sent that last proved the lease ours; nil when we don't lead.
        var renewed: LeaseTime?
        /// The same, kept when it is over, for the probe.
        var lastRenewed: LeaseTime?
        var holder = ""
        var isClosed = false
        /// The write that was sent and not answered and that may still come about for the longest.
        var unanswered: (since: LeaseTime, lasts: Swift.Duration)?
    }
    private let settings: LeaseSettings
    private let clock: @Sendable () -> LeaseTime
    private let guardsProcess: Bool
    private let state = Mutex(State())

    /// - Parameter guardsProcess: the process's one fence, which `ContinueGuard` goes by.
    package init(
        _ settings: LeaseSettings, guardsProcess: Bool = false, clock: @escaping @Sendable () -> LeaseTime = LeaseTime.system
    ) {
        self.settings = settings
        self.guardsProcess = guardsProcess
        self.clock = clock
    }

    /// Takes over what the machine knows.
    func update(_ machine: ElectorMachine) {
        state.withLock { state in
            state.renewed = machine.role == .leading && !state.isClosed ? machine.renewed : nil
            switch machine.role {
            case .leading, .lost: state.lastRenewed = machine.renewed
            case .standby, .ended: state.lastRenewed = nil
            }
            state.holder = machine.holder
            guardProcess(state)
        }
    }

    /// No more writes, for good: before the lease is let go.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.renewed = nil
            guardProcess(state)
        }
    }

    /// For good.
    var isClosed: Bool { state.withLock(\.isClosed) }

    private func guardProcess(_ state: State) {
        if guardsProcess { ContinueGuard.set(end: state.renewed.map { $0.boot + settings.renewDeadline }) }
    }

    /// Whether the lease is surely ours now.
    package var isOpen: Bool { allowance != nil }

    /// Whose lease it is, as last seen.
    package var holder: String { state.withLock(\.holder) }

    /// How long a write begun now may take until the server must have done or dropped it; nil: the lease is not surely ours.
    package var allowance: Swift.Duration? {
        guard let renewed = state.withLock(\.renewed) else { return nil }
        let passed = clock().most(since: renewed)
        return passed < settings.renewDeadline ? settings.writesEnd - passed : nil
    }

    /// For KubeClient's writes and others.
    package var writes: WriteFence {
        WriteFence(slack: settings.unsentLifetime, unanswered: { [self] in note(unanswered: $0) }) { [self] in allowance }
    }

    private func note(unanswered lasts: Swift.Duration) {
        let lasts = lasts + settings.unsentLifetime
        let now = clock()
        state.withLock { state in
            if let known = state.unanswered, known.lasts - now.least(since: known.since) >= lasts { return }
            state.unanswered = (now, lasts)
        }
    }

    /// How long a write may still come about that was sent and that nobody answered; zero: none.
    var unansweredFor: Swift.Duration {
        let now = clock()
        return state.withLock { $0.unanswered.map { max(.zero, $0.lasts - now.least(since: $0.since)) } ?? .zero }
    }

    /// Whether this process leads as far as it knows, and by the clocks has not for so long: whoever should have ended it does not run.
    package func isOverdue(by tolerance: Swift.Duration) -> Bool {
        guard let renewed = state.withLock({ $0.isClosed ? nil : $0.lastRenewed }) else { return false }
        return clock().most(since: renewed) > settings.renewDeadline + tolerance
    }

    /// For the liveness probe: a leader whose lease has long run out, and that is still here.
    /// - Parameter tolerance: how long after the lease's end it may take to end.
    package func problem(tolerance: Swift.Duration = .seconds(20)) -> String? {
        guard let renewed = state.withLock(\.lastRenewed) else { return nil }
        let passed = clock().most(since: renewed)
        guard passed > settings.leaseDuration + tolerance else { return nil }
        return "leads, but has not renewed its lease \(settings.key) for \(passed.components.seconds) s"
    }
}
