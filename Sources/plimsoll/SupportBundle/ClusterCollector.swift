import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import Values

/// Reads from the cluster what a support bundle needs. Each part stands for itself: what fails is noted, and the rest goes on.
struct ClusterCollector {
    /// Of one container's log.
    private static let logLines = 5000
    private static let logBytes = 4 << 20
    private static let mostPods = 10

    let client: KubeClient
    /// Where the daemon runs.
    let namespace: String
    /// Which pods and ConfigMaps are the daemon's.
    let selector: String
    let port: Int

    func collect(into bundle: inout Bundle) async {
        await part("cluster/version.json", "the API server's version", &bundle) { () throws(KubeError) in
            try JSON.parsed(try await client.raw("GET", "/version"))
        }
        await definitions(&bundle)
        await objects(&bundle)
        await part("cluster/events.json", "events about Plimsoll's objects", &bundle) { () throws(KubeError) in
            try await list("/api/v1/events", fieldSelector: "involvedObject.kind=\(SLO.resource.kind)")
        }
        await part("cluster/leases.json", "leases in \(namespace)", &bundle) { () throws(KubeError) in
            try await list("/apis/coordination.k8s.io/v1/namespaces/\(namespace)/leases")
        }
        await part("cluster/access.json", "the rights a daemon needs, and whether the account that made this bundle has them", &bundle) {
            () throws(KubeError) in try await access()
        }
        await configurations(&bundle)
        await pods(&bundle)
    }

    /// Adds what `body` returns, or notes why it is missing.
    private func part(_ name: String, _ what: String, _ bundle: inout Bundle, _ body: () async throws(KubeError) -> JSON) async {
        do throws(KubeError) { bundle.add(name, what, json: try await body()) } catch { bundle.miss(name, error.description) }
    }

    // MARK: Objects

    private func definitions(_ bundle: inout Bundle) async {
        await part("cluster/crds.json", "versions and conditions of Plimsoll's custom resource definitions", &bundle) { () throws(KubeError) in
            let name = "\(SLO.resource.plural).\(SLO.resource.group)"
            let crd = try await client.get(.customResourceDefinitions, ObjectKey(name: name), as: JSON.self)
            let versions = (crd["spec"]?["versions"]?.arrayValue ?? []).map { version -> JSON in
                ["name": version["name"] ?? .null, "served": version["served"] ?? .null, "storage": version["storage"] ?? .null]
            }
            return [
                [
                    "name": .string(name), "resourceVersion": crd["metadata"]?["resourceVersion"] ?? .null,
                    "generation": crd["metadata"]?["generation"] ?? .null, "labels": crd["metadata"]?["labels"] ?? .null,
                    "versions": .array(versions), "status": crd["status"] ?? .null,
                ]
            ]
        }
    }

    private func objects(_ bundle: inout Bundle) async {
        await part("cluster/slos.json", "all SLOs with their status", &bundle) { () throws(KubeError) in
            try await list("/apis/\(SLO.resource.apiVersion)/\(SLO.resource.plural)")
        }
    }

    /// A list without what only the API server needs.
    private func list(_ path: String, fieldSelector: String? = nil, labelSelector: String? = nil) async throws(KubeError) -> JSON {
        var items: [JSON] = []
        var token: String?
        repeat {
            var query = [QueryItem("limit", "500")]
            if let fieldSelector { query.append(QueryItem("fieldSelector", fieldSelector)) }
            if let labelSelector { query.append(QueryItem("labelSelector", labelSelector)) }
            if let token { query.append(QueryItem("continue", token)) }
            let page = try JSON.parsed(try await client.raw("GET", path, query: query))
            items += (page["items"]?.arrayValue ?? []).map(Self.trimmed)
            token = page["metadata"]?["continue"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        } while token != nil && items.count < 20_000
        return .array(items)
    }

    private static func trimmed(_ object: JSON) -> JSON {
        var object = object
        guard var metadata = object["metadata"] else { return object }
        metadata["managedFields"] = nil
        if var annotations = metadata["annotations"] {
            annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
            metadata["annotations"] = annotations
        }
        object["metadata"] = metadata
        return object
    }

    private func access() async throws(KubeError) -> JSON {
        let needed =
            RequiredAccess.all(["get", "list", "watch"], SLO.resource) + RequiredAccess.all(["patch"], SLO.resource, subresource: "status")
            + EventRecorder.requiredAccess(namespace: nil)
            + RequiredAccess.all(["get", "list", "watch", "create", "patch", "delete"], .prometheusRules)
            + RequiredAccess.all(["get", "list", "watch", "create", "patch", "delete"], .configMaps)
        let missing = Set(try await AccessCheck.missing(needed, client: client))
        return .array(needed.map { ["right": .string($0.description), "allowed": .bool(!missing.contains($0))] })
    }

    // MARK: The daemon

    private func configurations(_ bundle: inout Bundle) async {
        let name = "daemon/configmaps.json"
        do throws(KubeError) {
            let maps = try await list("/api/v1/namespaces/\(namespace)/configmaps", labelSelector: selector)
            bundle.add(
                name, "the daemon's configuration in the cluster",
                json: .array(
                    (maps.arrayValue ?? []).map { map in
                        var data = JSONObject()
                        for (key, value) in map["data"]?.objectValue ?? JSONObject() {
                            data[key] = ConfigurationText.readable(value.stringValue ?? "")
                        }
                        return ["name": map["metadata"]?["name"] ?? .null, "data": .object(data)]
                    }))
        } catch { bundle.miss(name, error.description) }
    }

    private func pods(_ bundle: inout Bundle) async {
        let list: [JSON]
        do throws(KubeError) {
            list = try await self.list("/api/v1/namespaces/\(namespace)/pods", labelSelector: selector).arrayValue ?? []
        } catch { return bundle.miss("daemon/pods.json", error.description) }
        bundle.add("daemon/pods.json", "the daemon's pods in \(namespace)", json: .array(list.map(Self.withoutEnvironment)))
        if list.isEmpty { bundle.miss("daemon/POD", "no pod in the namespace \(namespace) has the labels \(selector) (--namespace, --selector)") }
        for pod in list.prefix(Self.mostPods) {
            guard let name = pod["metadata"]?["name"]?.stringValue else { continue }
            for path in ["health", "readyz?verbose", "metrics"] { await page(path, of: name, &bundle) }
            for container in pod["spec"]?["containers"]?.arrayValue ?? [] {
                guard let container = container["name"]?.stringValue else { continue }
                await log(name, container, isPrevious: false, &bundle)
                await log(name, container, isPrevious: true, &bundle)
            }
        }
    }

    /// Values of environment variables are nobody's business.
    private static func withoutEnvironment(_ pod: JSON) -> JSON {
        var pod = pod
        guard var spec = pod["spec"] else { return pod }
        for kind in ["containers", "initContainers", "ephemeralContainers"] {
            guard let containers = spec[kind]?.arrayValue else { continue }
            spec[kind] = .array(
                containers.map { container in
                    var container = container
                    container["env"] = container["env"]?.arrayValue.map { variables in
                        .array(
                            variables.map { variable in
                                var variable = variable
                                if variable["value"] != nil { variable["value"] = .string(Redaction.mark) }
                                return variable
                            })
                    }
                    return container
                })
        }
        pod["spec"] = spec
        return pod
    }

    /// A page that the daemon serves, through the API server.
    private func page(_ path: String, of pod: String, _ bundle: inout Bundle) async {
        let parts = path.split(separator: "?")
        let name = "daemon/\(pod)/\(parts[0])\(parts[0] == "health" ? ".json" : ".txt")"
        do throws(KubeError) {
            let body = try await client.raw(
                "GET", "/api/v1/namespaces/\(namespace)/pods/\(pod):\(port)/proxy/\(parts[0])",
                query: parts.count > 1 ? [QueryItem("verbose", "")] : [])
            bundle.add(name, "/\(path) of \(pod)", bytes: body)
        } catch { bundle.miss(name, error.description) }
    }

    private func log(_ pod: String, _ container: String, isPrevious: Bool, _ bundle: inout Bundle) async {
        let name = "daemon/\(pod)/\(container)\(isPrevious ? ".previous" : "").log"
        var query = [
            QueryItem("container", container), QueryItem("tailLines", "\(Self.logLines)"), QueryItem("limitBytes", "\(Self.logBytes)"),
            QueryItem("timestamps", "true"),
        ]
        if isPrevious { query.append(QueryItem("previous", "true")) }
        do throws(KubeError) {
            let body = try await client.raw("GET", "/api/v1/namespaces/\(namespace)/pods/\(pod)/log", query: query)
            bundle.add(name, "the last \(Self.logLines) lines of \(isPrevious ? "the container before" : "the container")", bytes: body)
        } catch {
            // A container that never ended has no log before this one.
            if !isPrevious || error.status?.code != 400 { bundle.miss(name, error.description) }
        }
    }
}

extension JSON {
    fileprivate static func parsed(_ bytes: [UInt8]) throws(KubeError) -> JSON {
        do { return try JSON(parsing: bytes) } catch { throw .decoding("the answer is no JSON: \(error)") }
    }
}
