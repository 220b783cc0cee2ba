import KubeModel
import KubeRuntime
import Values

/// One machine under a hand-moved clock.
struct ElectorBench {
    static let settings = LeaseSettings(key: ObjectKey(namespace: "ns", name: "plimsoll-main"), identity: "me")

    var machine: ElectorMachine
    var now = LeaseTime(monotonic: .seconds(1_000), boot: .seconds(5_000))
    var wall = Instant(seconds: 1_800_000_000)
    var generator = SeededGenerator(seed: 1)
    var action: ElectorMachine.Action
    private var version = 100

    init(_ settings: LeaseSettings = Self.settings) {
        machine = ElectorMachine(settings)
        action = machine.begin()
    }

    mutating func pass(_ time: Swift.Duration, suspended: Bool = false) {
        if !suspended { now.monotonic += time }
        now.boot += time
        wall = wall + time
    }

    mutating func answer(_ answer: ElectorMachine.Answer) {
        action = machine.answered(answer, at: now, wall: wall, using: &generator)
    }

    mutating func waited() { action = machine.waited(at: now, wall: wall, using: &generator) }

    mutating func stop() { if let next = machine.stop(at: now) { action = next } }

    /// The server takes what is asked to be written, and says so.
    mutating func accept() { if let body { answer(.lease(stored(body))) } }

    mutating func stored(_ lease: JSON) -> JSON {
        var lease = lease
        version += 1
        lease["metadata"]?["resourceVersion"] = .string("\(version)")
        return lease
    }

    /// What is asked to be written.
    var body: JSON? {
        switch action {
        case .create(let body, _), .replace(let body, _): body
        case .read, .wait, .finish: nil
        }
    }

    var spec: JSON { body?["spec"] ?? .null }
    var reads: Bool { if case .read = action { true } else { false } }
    var creates: Bool { if case .create = action { true } else { false } }
    var replaces: Bool { if case .replace = action { true } else { false } }
    var wait: Swift.Duration? { if case .wait(let time) = action { time } else { nil } }
    var isLost: Bool { if case .lost = machine.role { true } else { false } }

    /// One that leads, having created the lease.
    static func leader() -> ElectorBench {
        var bench = ElectorBench()
        bench.answer(.absent)
        bench.accept()
        return bench
    }

    static func lease(
        holder: JSON? = "other", duration: JSON? = 15, acquire: JSON? = "2026-01-01T00:00:00.000000Z", renew: JSON? = "2026-01-01T00:00:05.000000Z",
        transitions: JSON? = 3, version: String = "7", extra: JSON? = nil
    ) -> JSON {
        var spec = JSON.object(JSONObject())
        spec["holderIdentity"] = holder
        spec["leaseDurationSeconds"] = duration
        spec["acquireTime"] = acquire
        spec["renewTime"] = renew
        spec["leaseTransitions"] = transitions
        spec["preferredHolder"] = extra
        return [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": ["name": "plimsoll-main", "namespace": "ns", "resourceVersion": .string(version), "annotations": ["theirs": "kept"]],
            "spec": spec,
        ]
    }
}
