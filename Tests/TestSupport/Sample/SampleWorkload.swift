import KubeClient
package import KubeModel
package import Values

/// The sample service as a user would run it: a Deployment or StatefulSet, and a Service in front of it.
package struct SampleWorkload: Sendable {
    package enum Kind: String, Sendable {
        case deployment = "Deployment"
        case statefulSet = "StatefulSet"

        package var resource: ResourceKind {
            ResourceKind(group: "apps", version: "v1", kind: rawValue, plural: "\(rawValue.lowercased())s")
        }
    }

    package let world: World
    package let name: String
    package let kind: Kind
    package var replicas: Int
    /// Of the rolling update, and what else a test wants in the workload's spec.
    package var spec: JSON = [:]
    /// Every pod's, before what makes it bad: so long it serves on after SIGTERM, while kube-proxy still sends requests there.
    package static let always = ["--drain=2s"]

    package init(_ world: World, _ name: String, kind: Kind = .deployment, replicas: Int = 2) {
        self.world = world
        self.name = name
        self.kind = kind
        self.replicas = replicas
    }

    /// The template of pods that behave as told: see Tests/SampleService/SampleSettings.swift.
    package func template(_ arguments: [String]) -> JSON {
        [
            "metadata": ["labels": ["app": .string(name)], "annotations": ["prometheus.io/scrape": "true"]],
            "spec": [
                "terminationGracePeriodSeconds": 10,
                "containers": [
                    [
                        "name": "service", "image": .string(SampleImage.name), "imagePullPolicy": "Never",
                        "args": .array((Self.always + arguments).map { .string($0) }), "ports": [["containerPort": 8080, "protocol": "TCP"]],
                        "readinessProbe": ["httpGet": ["path": "/ready", "port": 8080], "periodSeconds": 1, "failureThreshold": 1],
                    ]
                ],
            ],
        ]
    }

    /// The whole workload, as a manifest in Git would have it.
    package func manifest(_ arguments: [String]) -> JSON {
        var manifest: JSON = [
            "apiVersion": "apps/v1", "kind": .string(kind.rawValue), "metadata": ["name": .string(name), "namespace": .string(world.namespace)],
            "spec": [
                "replicas": .int(replicas), "selector": ["matchLabels": ["app": .string(name)]], "template": template(arguments),
            ],
        ]
        if kind == .statefulSet { manifest["spec"]?["serviceName"] = .string(name) }
        for (key, value) in spec.objectValue ?? [:] { manifest["spec"]?[key] = value }
        return manifest
    }

    /// Makes the Service and the workload, or rolls the workload out anew.
    package func apply(_ arguments: [String] = []) async throws {
        try await world.client.patch(
            .services, world.key(name),
            .apply(
                [
                    "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name), "namespace": .string(world.namespace)],
                    "spec": ["selector": ["app": .string(name)], "ports": [["port": 80, "protocol": "TCP", "targetPort": 8080]]],
                ], fieldManager: "e2e", force: true))
        try await world.client.patch(kind.resource, world.key(name), .apply(manifest(arguments), fieldManager: "e2e", force: true))
    }

    package func get() async throws -> JSON { try await world.client.get(kind.resource, world.key(name), as: JSON.self) }

    /// Where kube-proxy takes requests for any of its Ready pods; reachable from this machine.
    package func url() async throws -> String {
        let service = try await world.client.get(.services, world.key(name), as: JSON.self)
        guard let address = service["spec"]?["clusterIP"]?.stringValue else { throw Missing("the address of service \(name)") }
        return "http://\(address)/"
    }

    package func pods() async throws -> [SamplePod] {
        try await world.client.listAll(.pods, namespace: world.namespace, as: JSON.self, labelSelector: "app=\(name)").items
            .compactMap(SamplePod.init(json:)).sorted { $0.name < $1.name }
    }

    /// Waits until every pod runs the template of last and is Ready, and no other is there.
    package func waitUntilRolledOut(within timeout: Swift.Duration = .seconds(60)) async throws {
        let isDone = try await eventually(within: timeout) {
            let object = try await get()
            let status = object["status"]
            return status?["observedGeneration"]?.intValue == object["metadata"]?["generation"]?.intValue
                && status?["replicas"]?.intValue == Int64(replicas) && status?["updatedReplicas"]?.intValue == Int64(replicas)
                && status?["readyReplicas"]?.intValue == Int64(replicas)
        }
        if !isDone { throw Missing("\(kind.rawValue) \(name) rolled out within \(timeout): \(try await get()["status"]?.text() ?? "")") }
    }

    /// What a pod's container has said; `previous` is the one before its last restart. Empty where there is none, or no more.
    package func log(_ pod: String, previous: Bool = false) async throws -> [SampleLogLine] {
        let path = "\(ResourceKind.pods.path(world.key(pod)))/log"
        let query = previous ? [QueryItem("previous", "true")] : []
        do throws(KubeError) {
            let text = String(decoding: try await world.client.raw("GET", path, query: query), as: UTF8.self)
            return text.split(separator: "\n").compactMap { SampleLogLine($0) }
        } catch {
            guard error.isNotFound || error.status?.code == 400 else { throw error }
            return []
        }
    }
}

/// What a test looks at of a pod.
package struct SamplePod: Sendable, Hashable {
    package var name: String
    package var address: String?
    /// Of the pod template: the Deployment's or the StatefulSet's revision.
    package var hash: String
    package var isReady: Bool
    package var isDeleting: Bool
    package var restarts: Int
    package var waitingReason: String?

    init?(json: JSON) {
        guard let name = json["metadata"]?["name"]?.stringValue else { return nil }
        self.name = name
        address = json["status"]?["podIP"]?.stringValue
        let labels = json["metadata"]?["labels"]
        hash = (labels?["pod-template-hash"] ?? labels?["controller-revision-hash"])?.stringValue ?? ""
        let container = json["status"]?["containerStatuses"]?[0]
        isReady = container?["ready"]?.boolValue ?? false
        isDeleting = json["metadata"]?["deletionTimestamp"] != nil
        restarts = container?["restartCount"]?.intValue.map(Int.init) ?? 0
        waitingReason = container?["state"]?["waiting"]?["reason"]?.stringValue
    }
}

/// A line of the sample service's log.
package struct SampleLogLine: Sendable, Hashable {
    package enum Event: String, Sendable { case started, failed, crashed, ended }
    package var at: Instant
    package var event: Event
    package var pod: String

    init?(_ text: Substring) {
        guard let json = try? JSON(parsing: String(text)), let at = json["time"]?.stringValue.flatMap(Instant.init(rfc3339:)),
            let event = json["event"]?.stringValue.flatMap(Event.init(rawValue:)), let pod = json["pod"]?.stringValue
        else { return nil }
        self.at = at
        self.event = event
        self.pod = pod
    }
}
