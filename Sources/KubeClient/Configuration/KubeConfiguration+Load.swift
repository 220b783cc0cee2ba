import Values

extension KubeConfiguration {
    /// Finds the configuration, in this order: `explicitPath`, `KUBECONFIG` (a list, merged), the pod's service account, `~/.kube/config`.
    /// Blocking reads of small files. A context makes sense with a kubeconfig only.
    package static func load(
        explicitPath: String?, context: String?, sources: ConfigurationSources = .system, policy: ConfigurationPolicy = .trusted
    ) throws(KubeConfigurationError) -> KubeConfiguration {
        if let explicitPath { return try load(paths: [explicitPath], mustExist: true, context, sources, policy) }
        let listed = (sources.environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if !listed.isEmpty {
            var unique: [String] = []
            for path in listed where !unique.contains(path) { unique.append(path) }
            return try load(paths: unique, mustExist: false, context, sources, policy)
        }
        if context == nil, let inCluster = try inCluster(sources) { return inCluster }
        guard let home = sources.environment["HOME"], !home.isEmpty else { throw none("no home directory") }
        let path = "\(home)/.kube/config"
        guard try read(path, sources) != nil else { throw none("no \(path)") }
        return try load(paths: [path], mustExist: true, context, sources, policy)
    }

    /// A kubeconfig's text, of another cluster for instance. `name` is told in messages; relative paths have nothing to be relative to.
    package static func parse(
        _ text: String, name: String, context: String? = nil, policy: ConfigurationPolicy
    ) throws(KubeConfigurationError) -> KubeConfiguration {
        let configuration = try KubeConfigFile.merge([parse(text, file: name, directory: "")]).resolve(context: context, origin: name)
        try policy.check(configuration)
        return configuration
    }

    private static func none(_ missing: String) -> KubeConfigurationError {
        KubeConfigurationError(
            .noConfiguration,
            "no API server is known: no --kubeconfig, no KUBECONFIG, not in a pod (KUBERNETES_SERVICE_HOST is not set), \(missing)")
    }

    private static func load(
        paths: [String], mustExist: Bool, _ context: String?, _ sources: ConfigurationSources, _ policy: ConfigurationPolicy
    ) throws(KubeConfigurationError) -> KubeConfiguration {
        var files: [KubeConfigFile] = []
        var found: [String] = []
        for path in paths {
            guard let bytes = try read(path, sources) else {
                if mustExist { throw KubeConfigurationError(.unreadableFile, "\(path): no such file (the kubeconfig)") }
                continue
            }
            found.append(path)
            files.append(try parse(TextEncoding.decode(bytes), file: path, directory: FilePath.directory(of: path)))
        }
        guard !found.isEmpty else {
            throw KubeConfigurationError(.unreadableFile, "none of KUBECONFIG's files exists: \(paths.joined(separator: ", "))")
        }
        var configuration = try KubeConfigFile.merge(files).resolve(context: context, origin: found.joined(separator: ":"))
        try policy.check(configuration)
        if case .exec(var plugin) = configuration.credential, plugin.cluster != nil, case .file(let path) = configuration.certificateAuthority {
            guard let bytes = try read(path, sources) else {
                throw KubeConfigurationError(.unreadableFile, "\(path): no such file (certificate-authority of \(configuration.origin))")
            }
            plugin.cluster?["certificate-authority-data"] = .string(Base64.encode(bytes))
            configuration.credential = .exec(plugin)
        }
        return configuration
    }

    private static func parse(_ text: String, file: String, directory: String) throws(KubeConfigurationError) -> KubeConfigFile {
        let documents: [YAMLDocument]
        do { documents = try YAML.parse(text, file: file) } catch { throw KubeConfigurationError(.invalid, "\(error)") }
        let filled = documents.filter { !$0.json.isNull }
        guard filled.count <= 1 else { throw KubeConfigurationError(.invalid, "\(file): holds \(filled.count) YAML documents; a kubeconfig is one") }
        guard let document = filled.first else { return KubeConfigFile() }
        return try KubeConfigFile(document: document, directory: directory)
    }

    /// The service account of the pod this runs in; nil when it runs in none.
    private static func inCluster(_ sources: ConfigurationSources) throws(KubeConfigurationError) -> KubeConfiguration? {
        guard let host = sources.environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = sources.environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else { return nil }
        let directory = sources.serviceAccountDirectory
        let tokenPath = "\(directory)/token"
        guard let token = try read(tokenPath, sources) else {
            throw KubeConfigurationError(
                .unreadableFile, "\(tokenPath): no such file; the pod needs a service account (automountServiceAccountToken may be false)")
        }
        guard try read("\(directory)/ca.crt", sources) != nil else {
            throw KubeConfigurationError(.unreadableFile, "\(directory)/ca.crt: no such file; the API server's certificate can't be verified")
        }
        let mounted = try read("\(directory)/namespace", sources).map { String(decoding: $0, as: UTF8.self).trimmed }
        let namespace = [sources.environment["POD_NAMESPACE"], mounted].compactMap { $0 }.first { !$0.isEmpty } ?? "default"
        return KubeConfiguration(
            server: "https://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):\(port)", namespace: namespace,
            origin: "the pod's service account", certificateAuthority: .file("\(directory)/ca.crt"),
            credential: .tokenFile(path: tokenPath, initial: Secret(String(decoding: token, as: UTF8.self).trimmed)))
    }

    private static func read(_ path: String, _ sources: ConfigurationSources) throws(KubeConfigurationError) -> [UInt8]? {
        do { return try sources.read(path) } catch { throw KubeConfigurationError(.unreadableFile, "\(error)") }
    }
}

/// Text files as people's editors leave them.
enum TextEncoding {
    /// UTF-8, or UTF-16 with its byte order mark, as Windows' editors write it.
    static func decode(_ bytes: [UInt8]) -> String {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return String(decoding: bytes.dropFirst(3), as: UTF8.self) }
        let little = bytes.starts(with: [0xFF, 0xFE])
        guard little || bytes.starts(with: [0xFE, 0xFF]) else { return String(decoding: bytes, as: UTF8.self) }
        let units = stride(from: 2, to: bytes.count - 1, by: 2).map { index in
            let pair = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return little ? pair.1 << 8 | pair.0 : pair.0 << 8 | pair.1
        }
        return String(decoding: units, as: UTF16.self)
    }
}
