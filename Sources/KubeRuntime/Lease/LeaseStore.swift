package import KubeClient
import KubeModel
package import Values

/// Where the elector's Lease is kept.
package protocol LeaseStore: Sendable {
    func read(timeout: Swift.Duration) async -> ElectorMachine.Answer
    func create(_ lease: JSON, timeout: Swift.Duration) async -> ElectorMachine.Answer
    /// Only if its resourceVersion is still the Lease's.
    func replace(_ lease: JSON, timeout: Swift.Duration) async -> ElectorMachine.Answer
}

/// The API server's Lease, over a connection that nothing else uses.
package struct KubeLeaseStore: LeaseStore {
    private let client: KubeClient
    private let settings: LeaseSettings

    package init(_ client: KubeClient, _ settings: LeaseSettings) {
        self.client = client
        self.settings = settings
    }

    package func read(timeout: Swift.Duration) async -> ElectorMachine.Answer {
        await answer(timeout) { client throws(KubeError) in try await client.get(.leases, settings.key, as: JSON.self) }
    }

    package func create(_ lease: JSON, timeout: Swift.Duration) async -> ElectorMachine.Answer {
        let answer = await answer(timeout) { client throws(KubeError) in
            try await client.create(.leases, namespace: settings.key.namespace, body: lease)
        }
        return answer == .absent ? .failed("the namespace \(settings.key.namespace) does not exist") : answer
    }

    package func replace(_ lease: JSON, timeout: Swift.Duration) async -> ElectorMachine.Answer {
        await answer(timeout) { client throws(KubeError) in try await client.replace(.leases, settings.key, body: lease) }
    }

    private func answer(
        _ timeout: Swift.Duration, _ request: (KubeClient) async throws(KubeError) -> JSON
    ) async -> ElectorMachine.Answer {
        do throws(KubeError) {
            return .lease(try await request(client.forLease(timeout: timeout)))
        } catch {
            if error.isConflict || error.isAlreadyExists { return .conflict }
            if error.isNotFound, !error.isUnknownResource { return .absent }
            return .failed("\(error)")
        }
    }
}
