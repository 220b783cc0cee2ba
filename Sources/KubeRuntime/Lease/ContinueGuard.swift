import Glibc
import Synchronization

/// Ends a process that was stopped (SIGSTOP) for longer than it leads, before the thread that sends its writes runs one more instruction: what it
/// had been allowed to send a microsecond before the stop is not sent after it.
///
/// The kernel gives SIGCONT to a thread that does not block it, before that thread goes on. So all threads block it but the one of the connection
/// that writes (`HTTPClientConfiguration.takesContinueSignal`), and the handler runs there first. A machine that is suspended as a whole, or a
/// frozen control group, knows no such signal: there the fence's own look at the clocks, right before each sending, is all there is. And while two
/// connections write (a server that speaks HTTP/1.1, or an old one that drains after credentials changed), the signal may reach the wrong thread.
package enum ContinueGuard {
    /// CLOCK_BOOTTIME in nanoseconds from which on a continued process ends; 0: none.
    private static let end = Atomic<Int64>(0)

    /// To be called before the process has a second thread, as threads inherit what is blocked.
    package static func block() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGCONT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    package static func install() {
        // Made here, not in the handler.
        end.store(0, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in ContinueGuard.check() }
        action.sa_flags = SA_RESTART
        sigaction(SIGCONT, &action, nil)
    }

    /// - Parameter time: CLOCK_BOOTTIME; nil: a stop harms nobody.
    static func set(end time: Swift.Duration?) {
        end.store(time.map { max(1, $0.components.seconds * 1_000_000_000 + $0.components.attoseconds / 1_000_000_000) } ?? 0, ordering: .relaxed)
    }

    /// In a signal handler: nothing but what POSIX allows there.
    private static func check() {
        let end = end.load(ordering: .relaxed)
        guard end != 0 else { return }
        let before = errno
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        if Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) >= end { _exit(ExitCode.world.rawValue) }
        errno = before
    }
}
