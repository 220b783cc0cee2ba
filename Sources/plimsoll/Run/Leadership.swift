import Glibc
import KubeClient
import KubeModel
import KubeRuntime
import Logging
import ServiceLevels
import Serving
import Values

/// This process's part in its instance's leader election.
struct Leadership: Sendable {
    let settings: LeaseSettings
    let fence: LeaseFence
    private let logger: Logger

    static let descriptions: [MetricDescription] = [
        .init("leader_election_master_status", "Whether this replica leads (1) or stands by (0), by lease."),
        .init("leader_election_slowpath_total", "Renewals of a lease that needed more than one request."),
    ]

    init(_ configuration: DaemonConfiguration, logger: Logger) {
        let election = configuration.leaderElection
        func duration(_ span: PromDuration) -> Swift.Duration { .milliseconds(span.milliseconds) }
        settings = LeaseSettings(
            key: ObjectKey(namespace: election.namespace, name: election.name ?? "plimsoll-\(configuration.instance)"), identity: Self.identity(),
            leaseDuration: duration(election.leaseDuration), renewDeadline: duration(election.renewDeadline),
            retryPeriod: duration(election.retryPeriod), labels: [RuleObjects.instanceLabel: configuration.instance])
        fence = LeaseFence(settings, guardsProcess: true)
        ContinueGuard.install()
        self.logger = logger
    }

    /// What the election needs; only a replica that takes part in one needs it.
    var requiredAccess: [RequiredAccess] {
        let (namespace, name) = (settings.key.namespace, settings.key.name)
        return ["get", "update"].map { RequiredAccess($0, .leases, namespace: namespace, name: name) }
            + [RequiredAccess("create", .leases, namespace: namespace)]
    }

    func elector(_ client: KubeClient) -> Elector {
        do {
            try LeaseWatchdog.start(fence) { _exit(ExitCode.world.rawValue) }
        } catch {
            logger.warning("leading without a watchdog", metadata: ["error": "\(error)"])
        }
        return Elector(
            settings, store: KubeLeaseStore(client, settings), fence: fence, wallClock: WallClock.now,
            lost: { [logger, settings] reason in
                logger.critical(
                    "lost the lease; ending at once",
                    metadata: ["lease": "\(settings.key)", "identity": "\(settings.identity)", "reason": "\(reason)"])
                // No grace, no handlers: somebody else may lead already.
                _exit(ExitCode.world.rawValue)
            })
    }

    /// The host and a number of this process's own.
    private static func identity() -> String {
        let number = [UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max)].map { String($0, radix: 16) }.joined()
        return "\(WallClock.hostName)_\(number)"
    }
}
