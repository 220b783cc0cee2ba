import KubeClient
import KubeModel
package import KubeRuntime
package import Rollouts
package import Values

/// Carries out measurements by Jobs, as the account that the object names.
package struct JobGateShell: Sendable {
    /// Why containers of a Job's pods wait, by the Job's name: from whoever watches pods.
    package typealias Waiting = @Sendable (_ job: String) async -> [String]

    private let instance: String
    private let waiting: Waiting

    package init(instance: String, waiting: @escaping Waiting) {
        self.instance = instance
        self.waiting = waiting
    }

    private static let jobs = ResourceKind(group: "batch", version: "v1", kind: "Job", plural: "jobs")

    /// Begins the measurement, or finds it begun: told twice, or by a daemon that was killed in between, it is still one Job.
    ///
    /// Throws what says nothing of the release: a refusal, an API server that is away. It is to be tried again.
    package func begin(_ measurement: JobMeasurement, template: JSON, as client: ActingClient) async throws -> JobMeasurement.Finding {
        let body = measurement.body(template, account: client.identity.account.name, instance: instance)
        do {
            return await finding(measurement, try await client.create(Self.jobs, body: body))
        } catch let error as KubeError where error.isAlreadyExists {
            return try await look(measurement, as: client)
        } catch let error as KubeError where error.isInvalid {
            return .ended(.error, message: "the API server refuses the Job: \(error.status?.message ?? "it is invalid")")
        }
    }

    package func look(_ measurement: JobMeasurement, as client: ActingClient) async throws -> JobMeasurement.Finding {
        do {
            return await finding(measurement, try await client.get(Self.jobs, measurement.name, as: JSON.self))
        } catch let error as KubeError where error.isNotFound {
            return measurement.finding(nil, waiting: [])
        }
    }

    /// Ends a measurement under way: its Job goes with its pods. What is not ours is left.
    package func cancel(_ measurement: JobMeasurement, as client: ActingClient) async throws {
        do {
            let job = try await client.get(Self.jobs, measurement.name, as: JSON.self)
            guard measurement.stranger(job) == nil, let uid = job["metadata"]?["uid"]?.stringValue else { return }
            try await client.delete(Self.jobs, measurement.name, uid: uid)
        } catch let error as KubeError where error.isNotFound {
            return
        }
    }

    private func finding(_ measurement: JobMeasurement, _ job: JSON) async -> JobMeasurement.Finding {
        measurement.finding(job, waiting: await waiting(measurement.name))
    }
}
