import Glibc
import KubeRuntime
import Logging
import Metrics
import Serving
import Synchronization
import UnixSignals
import Values

/// What outlives a configuration: the metrics, the signals, and whether the end was asked for.
final class DaemonHost: Sendable {
    private struct State: Sendable {
        var isStopping = false
        var manager: Manager?
    }

    let registry: PrometheusRegistry
    let reloads = ReloadStatus()
    let started = WallClock.now()
    let timeline = Timeline()
    private let state = Mutex(State())

    init(registry: PrometheusRegistry) {
        self.registry = registry
        MetricsSystem.bootstrap(registry)
        registry.registerCollector { ProcessMetrics.families() }
        registry.registerCollector { [reloads] in reloads.families }
    }

    var isStopping: Bool { state.withLock(\.isStopping) }

    /// From now on a signal ends this manager; at once, if one has come already.
    func adopt(_ manager: Manager) {
        let isStopping = state.withLock { state in
            state.manager = manager
            return state.isStopping
        }
        if isStopping { manager.requestStop() }
    }

    /// Serves SIGTERM and SIGINT, the second of which ends the process at once, and SIGUSR1, until the task is cancelled.
    func listen(to signals: UnixSignalsSequence, _ control: LogControl) async {
        let logger = Logger(label: "plimsoll")
        for await signal in signals {
            if signal == .sigusr1 {
                let isDebugging = control.toggleDebug()
                logger.notice("SIGUSR1: debug messages are \(isDebugging ? "on" : "off")", metadata: ["level": "\(control.level)"])
                continue
            }
            let (isSecond, manager) = state.withLock { state in
                defer { state.isStopping = true }
                return (state.isStopping, state.manager)
            }
            if isSecond {
                logger.warning("second signal: ending at once", metadata: ["signal": "\(signal)"])
                exit(ExitCode.world.rawValue)
            }
            logger.info("ending", metadata: ["signal": "\(signal)"])
            manager?.requestStop()
        }
    }
}
