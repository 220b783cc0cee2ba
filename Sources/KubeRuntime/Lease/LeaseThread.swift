import Glibc
import Synchronization

/// A thread of its own on which the elector's tasks run and sleep: neither a blocked cooperative pool nor a long queue in it may cost the lease, or
/// keep it.
final class LeaseThread: TaskExecutor {
    struct StartError: Error, CustomStringConvertible {
        let description: String
    }

    private struct State: Sendable {
        var jobs: [UnownedJob] = []
        var sleeper: (since: LeaseTime, delay: Swift.Duration, continuation: CheckedContinuation<Void, Never>)?
        var isInterrupted = false
        var isOver = false
    }

    /// The longest sleep without a look at the clocks: the poll's own clock stands still while the machine is suspended.
    private static let longestPoll = Swift.Duration.milliseconds(500)

    private let state = Mutex(State())
    private let clock: @Sendable () -> LeaseTime
    private let readEnd: Int32
    private let writeEnd: Int32

    /// Starts the thread; `finish` ends it.
    init(clock: @escaping @Sendable () -> LeaseTime = LeaseTime.system) throws(StartError) {
        self.clock = clock
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw StartError(description: "no descriptors for the lease's thread: \(String(cString: strerror(errno)))")
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let thread = Unmanaged<LeaseThread>.fromOpaque(context).takeRetainedValue()
                // Signals go to whoever expects them.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                thread.loop()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw StartError(description: "no thread for the lease: \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake()
    }

    /// Sleeps on this thread until so much has passed by either clock, or until `interrupt`. One task at a time.
    func sleep(for delay: Swift.Duration) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = state.withLock { state in
                if state.isInterrupted || state.isOver || state.sleeper != nil {
                    state.isInterrupted = false
                    return true
                }
                state.sleeper = (clock(), delay, continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// Ends the sleep there is, or else the next one before it begins.
    func interrupt() {
        let sleeper = state.withLock { state in
            guard let sleeper = state.sleeper else {
                state.isInterrupted = true
                return CheckedContinuation<Void, Never>?.none
            }
            state.sleeper = nil
            return sleeper.continuation
        }
        sleeper?.resume()
    }

    /// The thread ends once it has nothing left to run.
    func finish() {
        state.withLock { $0.isOver = true }
        interrupt()
        wake()
    }

    private func wake() {
        var byte: UInt8 = 0
        // A full buffer wakes as well.
        _ = write(writeEnd, &byte, 1)
    }

    private func loop() {
        let executor = asUnownedTaskExecutor()
        while true {
            let (jobs, isOver) = state.withLock { state in
                let jobs = state.jobs
                state.jobs = []
                return (jobs, state.isOver)
            }
            for job in jobs { job.runSynchronously(on: executor) }
            if !jobs.isEmpty { continue }
            if isOver { return }
            let left = wakeSleeper()
            guard left > .zero else { continue }
            let milliseconds = min(left, Self.longestPoll).components.attoseconds / 1_000_000_000_000_000
            var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            _ = poll(&descriptor, 1, Int32(milliseconds) + 1)
            var bytes = [UInt8](repeating: 0, count: 64)
            while read(readEnd, &bytes, bytes.count) > 0 {}
        }
    }

    /// Wakes the sleeper if it is time; else how much longer to sleep.
    private func wakeSleeper() -> Swift.Duration {
        let (continuation, left) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Swift.Duration) in
            guard let sleeper = state.sleeper else { return (nil, Self.longestPoll) }
            let left = sleeper.delay - clock().most(since: sleeper.since)
            guard left <= .zero else { return (nil, left) }
            state.sleeper = nil
            return (sleeper.continuation, .zero)
        }
        continuation?.resume()
        return left
    }
}
