package import Logging
import Synchronization

/// The level of all loggers of the process, which can change while it runs.
package final class LogControl: Sendable {
    private struct State: Sendable {
        var configured: Logger.Level
        var isDebugging = false
    }

    private let state: Mutex<State>

    package init(level: Logger.Level = .info) { state = Mutex(State(configured: level)) }

    /// The level that holds now.
    package var level: Logger.Level { state.withLock { $0.isDebugging ? min($0.configured, .debug) : $0.configured } }

    /// Takes a level from the configuration; while debugging is on it holds from its end.
    package func configure(_ level: Logger.Level) { state.withLock { $0.configured = level } }

    /// Logs from debug up, or as configured again; returns whether debugging is on now.
    @discardableResult
    package func toggleDebug() -> Bool {
        state.withLock { state in
            state.isDebugging.toggle()
            return state.isDebugging
        }
    }
}
