import HTTPTransport
package import KubeModel
package import Values

/// A group of the API and the versions it is served in.
package struct APIGroup: Sendable, Hashable {
    package var name: String
    package var versions: [String]
    package var preferredVersion: String
}

/// A resource (or subresource, `deployments/scale`) that the server has.
package struct APIResource: Sendable, Hashable {
    package var name: String
    package var kind: ResourceKind
    package var verbs: [String]
    package var shortNames: [String]
}

/// `/version` of an API server.
package struct ServerVersion: Sendable, Hashable, CustomStringConvertible {
    package var major: Int
    package var minor: Int
    package var gitVersion: String
    package var platform: String

    package init(major: Int, minor: Int, gitVersion: String, platform: String = "") {
        self.major = major
        self.minor = minor
        self.gitVersion = gitVersion
        self.platform = platform
    }

    /// Managed servers write minors like `21+`.
    init?(json: JSON) {
        func number(_ key: String) -> Int? { Int(json[key]?.stringValue?.prefix { $0.isASCII && $0.isNumber } ?? "") }
        guard let major = number("major"), let minor = number("minor") else { return nil }
        self.init(
            major: major, minor: minor, gitVersion: json["gitVersion"]?.stringValue ?? "\(major).\(minor)",
            platform: json["platform"]?.stringValue ?? "")
    }

    package func isAtLeast(_ major: Int, _ minor: Int) -> Bool { (self.major, self.minor) >= (major, minor) }

    package var description: String { gitVersion }
}

extension KubeClient {
    package func serverVersion() async throws(KubeError) -> ServerVersion {
        let json = try await tree(call("GET", "/version"), "version")
        guard let version = ServerVersion(json: json) else { throw .decoding("/version: no major and minor in \(json.text().prefix(200))") }
        return version
    }

    /// All groups, the core group (named "") first.
    package func groups() async throws(KubeError) -> [APIGroup] {
        let core = try await tree(call("GET", "/api"), "/api")
        let versions = (core["versions"]?.arrayValue ?? []).compactMap(\.stringValue)
        var groups = [APIGroup(name: "", versions: versions, preferredVersion: versions.first ?? "v1")]
        for group in try await tree(call("GET", "/apis"), "/apis")["groups"]?.arrayValue ?? [] {
            let versions = (group["versions"]?.arrayValue ?? []).compactMap { $0["version"]?.stringValue }
            groups.append(
                APIGroup(
                    name: group["name"]?.stringValue ?? "", versions: versions,
                    preferredVersion: group["preferredVersion"]?["version"]?.stringValue ?? versions.first ?? ""))
        }
        return groups
    }

    /// The resources of one version of a group; a version that isn't served is `isNotFound`.
    package func resources(group: String, version: String) async throws(KubeError) -> [APIResource] {
        let path =
            group.isEmpty ? "/api/\(PercentEncoding.encode(version))" : "/apis/\(PercentEncoding.encode(group))/\(PercentEncoding.encode(version))"
        return (try await tree(call("GET", path), path)["resources"]?.arrayValue ?? []).compactMap { resource in
            guard let name = resource["name"]?.stringValue, let kind = resource["kind"]?.stringValue else { return nil }
            func texts(_ key: String) -> [String] { (resource[key]?.arrayValue ?? []).compactMap(\.stringValue) }
            return APIResource(
                name: name,
                kind: ResourceKind(
                    group: resource["group"]?.stringValue ?? group, version: resource["version"]?.stringValue ?? version, kind: kind,
                    plural: String(name.prefix { $0 != "/" }), namespaced: resource["namespaced"]?.boolValue ?? false),
                verbs: texts("verbs"), shortNames: texts("shortNames"))
        }
    }

    /// Whether the server serves this very kind and version.
    package func serves(_ resource: ResourceKind) async throws(KubeError) -> Bool {
        do throws(KubeError) {
            return try await resources(group: resource.group, version: resource.version).contains { $0.name == resource.plural }
        } catch  where error.isNotFound {
            return false
        }
    }

    /// Whether discovery says beyond doubt that the server doesn't have this kind and version. A 404 alone doesn't: any proxy can answer so.
    package func lacks(_ resource: ResourceKind) async throws(KubeError) -> Bool {
        let path = (resource.group.isEmpty ? "/api/" : "/apis/\(PercentEncoding.encode(resource.group))/") + PercentEncoding.encode(resource.version)
        do throws(KubeError) {
            return AbsenceReading.lacks(resource, inResources: try await tree(call("GET", path), path))
        } catch  where error.isNotFound {
            guard AbsenceReading.lacks(resource, inGroups: try await tree(call("GET", "/apis"), "/apis")) else { return false }
            // One that starts lists its own groups before it knows the others.
            return try await isReady()
        }
    }

    /// Where `/readyz` is closed to us, nothing speaks against it.
    private func isReady() async throws(KubeError) -> Bool {
        do throws(KubeError) {
            _ = try await connection.send(call("GET", "/readyz"))
            return true
        } catch {
            guard let code = error.status?.code else { throw error }
            return code < 500 && code != 429
        }
    }

    /// Asks for version and groups once, to know what can be relied on.
    package func capabilities() async throws(KubeError) -> ServerCapabilities {
        ServerCapabilities(version: try await serverVersion(), groups: try await groups())
    }

    /// Any request. A relative path is absolute on the server; it must be percent-encoded. Returns the body of a success.
    package func raw(
        _ method: String, _ path: String, query: [QueryItem] = [], body: JSON? = nil, contentType: String = "application/json", accept: String = "*/*"
    ) async throws(KubeError) -> [UInt8] {
        var call = call(method, path.hasPrefix("/") ? path : "/\(path)", query: query, body: body)
        call.contentType = contentType
        call.accept = accept
        return try await connection.send(call).body
    }
}

/// What this server can do; what it can't has a fallback.
package struct ServerCapabilities: Sendable, Hashable {
    package var version: ServerVersion
    package var groups: [APIGroup]

    package init(version: ServerVersion, groups: [APIGroup]) {
        self.version = version
        self.groups = groups
    }

    package func serves(group: String, version: String) -> Bool { groups.contains { $0.name == group && $0.versions.contains(version) } }

    /// The API server may send a list through a watch (`sendInitialEvents`); on by default in 1.32 and from 1.34 on, so it is tried, not trusted.
    package var mayStreamLists: Bool { version.isAtLeast(1, 32) }
    /// CRDs' `x-kubernetes-validations` are enforced by default.
    package var validatesCEL: Bool { version.isAtLeast(1, 25) }
    package var hasPrometheusRules: Bool { serves(group: "monitoring.coreos.com", version: "v1") }
}
