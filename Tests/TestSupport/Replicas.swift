import Glibc
import KubeClient
package import KubeModel
package import Values

/// Replicas of one instance that stand for the same Lease, with spans short enough for a test.
package final class Replicas: Sendable {
    package struct Spans: Sendable {
        package var lease: Int
        package var renew: Int
        package var retryMilliseconds: Int

        package static let short = Spans(lease: 3, renew: 2, retryMilliseconds: 500)
        /// What an installation has.
        package static let usual = Spans(lease: 15, renew: 10, retryMilliseconds: 2_000)
    }

    /// The Lease as somebody reads it.
    package struct View: Sendable, Hashable {
        package var holder: String
        package var acquired: Instant
        package var transitions: Int64
    }

    package let world: World
    package let spans: Spans
    package let instance: String
    private let configMaps: Bool
    private let settings: String

    package init(_ world: World, spans: Spans = .short, instance: String? = nil, configMaps: Bool = true, settings: String = "") {
        self.world = world
        self.spans = spans
        self.instance = instance ?? world.namespace
        self.configMaps = configMaps
        self.settings = settings
    }

    package var leaseKey: ObjectKey { world.key("plimsoll-\(instance)") }

    /// Starts a replica; `name` tells its log.
    ///
    /// - Parameter kubeconfig: another than the admin's, such as one that leads through a relay.
    package func start(_ name: String, kubeconfig: String? = nil) async throws -> Daemon {
        let election = """
            leaderElection: {namespace: \(world.namespace), leaseDuration: \(spans.lease)s, renewDeadline: \(spans.renew)s, \
            retryPeriod: \(spans.retryMilliseconds)ms}
            \(settings)
            """
        let daemon = try Daemon(
            world, kubeconfig: kubeconfig, output: "\(instance)-\(name).log", instance: instance, configMaps: configMaps, settings: election,
            arguments: ["--leader-elect"])
        try await daemon.ready(world)
        return daemon
    }

    package func view() async throws -> View? {
        let lease: JSON
        do throws(KubeError) { lease = try await world.client.get(.leases, leaseKey, as: JSON.self) } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
        guard let spec = lease["spec"], let acquired = spec["acquireTime"]?.stringValue.flatMap(Instant.init(rfc3339:)) else { return nil }
        return View(holder: spec["holderIdentity"]?.stringValue ?? "", acquired: acquired, transitions: spec["leaseTransitions"]?.intValue ?? 0)
    }

    /// Waits until this very replica holds the Lease, and gives what it says then.
    @discardableResult
    package func waitUntilLeads(_ daemon: Daemon, within timeout: Swift.Duration = .seconds(30)) async throws -> View {
        var last: View?
        let leads = try await eventually(within: timeout, every: .milliseconds(50)) {
            last = try await self.view()
            return last.map { !$0.holder.isEmpty && $0.holder == daemon.identity } ?? false
        }
        guard leads, let last else {
            throw Missing(
                "\(daemon.identity ?? "a replica") leading within \(timeout); the lease: \(String(describing: last)); its log:\n\(daemon.process.output)"
            )
        }
        return last
    }
}

extension Daemon {
    /// Its holder identity, as its log has it.
    package var identity: String? {
        let log = process.output
        guard let start = log.range(ofFirst: "identity=") else { return nil }
        return String(log[start...].prefix { !$0.isWhitespace })
    }
}

extension String {
    /// Where what follows the first occurrence begins.
    fileprivate func range(ofFirst text: String) -> String.Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
