import CCurl
import Glibc
import Synchronization

/// One CURLM on one thread of its own, seen from outside: a mailbox.
final class Lane: Sendable {
    enum Kind: Sendable, Hashable {
        /// HTTP/2: few connections a host, many exchanges on each.
        case multiplexed
        /// HTTP/1.x: a connection an exchange.
        case parallel
    }

    enum Command: Sendable {
        case start(Exchange)
        case cancel(UInt64)
        case resume(UInt64)
        /// Finish what there is, then end.
        case drain
        /// Fail what there is and end.
        case stop
        /// Something outside changed that the next sleep depends on.
        case look
    }

    private struct Mailbox {
        var commands: [Command] = []
        /// The CURLM to wake, as an address; nil before it exists and from before its clean-up on, when waking it would be a use after free.
        var multi: UInt?
        /// Nobody takes anything out any more.
        var isOver = false
    }

    let kind: Kind
    let core: ClientCore
    let tls: TLSOptions
    private let mailbox = Mutex(Mailbox())

    init(kind: Kind, core: ClientCore, tls: TLSOptions) {
        self.kind = kind
        self.core = core
        self.tls = tls
    }

    /// Starts the thread. False: the system has none to give, and whatever is posted fails.
    func run() -> Bool {
        Self.prepareProcess
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let lane = Unmanaged<Lane>.fromOpaque(context).takeRetainedValue()
                plimsoll_name_thread(lane.core.configuration.label)
                // Signals go to whoever expects them.
                var all = sigset_t()
                sigfillset(&all)
                if lane.core.configuration.takesContinueSignal { sigdelset(&all, SIGCONT) }
                pthread_sigmask(SIG_SETMASK, &all, nil)
                LaneLoop(lane: lane)?.run()
                lane.close()
                lane.core.ended(lane)
                return nil
            }, context.toOpaque())
        if code == 0 {
            // Its end is told by `ClientCore.ended`, so that nobody has to block in a join.
            pthread_detach(thread)
            return true
        }
        context.release()
        mailbox.withLock { $0.isOver = true }
        return false
    }

    func post(_ command: Command) {
        let isOver = mailbox.withLock { mailbox in
            if mailbox.isOver { return true }
            mailbox.commands.append(command)
            // One wake-up for all that is in the box: the thread takes all of it.
            if mailbox.commands.count == 1, let multi = mailbox.multi { curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: multi)) }
            return false
        }
        if isOver, case .start(let exchange) = command {
            // Elsewhere, as the caller holds the core's lock.
            Task { refuse(exchange) }
        }
    }

    func open(_ multi: UnsafeMutableRawPointer) {
        mailbox.withLock { $0.multi = UInt(bitPattern: multi) }
    }

    func take() -> [Command] {
        mailbox.withLock { mailbox in
            let commands = mailbox.commands
            mailbox.commands = []
            return commands
        }
    }

    /// From now on nobody wakes the CURLM. False, and nothing done: there is mail.
    func closeIfEmpty() -> Bool {
        mailbox.withLock { mailbox in
            guard mailbox.commands.isEmpty else { return false }
            mailbox.multi = nil
            return true
        }
    }

    /// Ends the mailbox whatever is in it; what came too late fails.
    private func close() {
        let late = mailbox.withLock { mailbox in
            mailbox.multi = nil
            mailbox.isOver = true
            let late = mailbox.commands
            mailbox.commands = []
            return late
        }
        for case .start(let exchange) in late { refuse(exchange) }
    }

    private func refuse(_ exchange: Exchange) {
        core.finished(exchange, failed: true)
        exchange.fail(exchange.unsent(.connect, "the thread that would have sent it could not be started, or is gone"))
    }

    /// Once a process: libcurl's global state, and writes to a closed socket that return an error instead of ending the process.
    private static let prepareProcess: Void = {
        curl_global_init(Int(CURL_GLOBAL_ALL))
        signal(SIGPIPE, SIG_IGN)
    }()
}
