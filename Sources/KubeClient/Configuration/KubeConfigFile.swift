package import Values

/// The content of one kubeconfig, or of several merged: named clusters, users and contexts. Pure; files it names are not opened.
package struct KubeConfigFile: Sendable, Hashable {
    package struct Cluster: Sendable, Hashable {
        package var server: String
        package var certificateAuthority: PEMSource?
        package var insecureSkipTLSVerify: Bool
        package var tlsServerName: String?
        package var proxyURL: String?
        package var disableCompression: Bool
        /// What `provideClusterInfo` passes to an exec plug-in.
        package var execInfo: JSON
        /// `file:line:column` of the entry.
        package var place: String
    }

    package struct User: Sendable, Hashable {
        package var token: Secret?
        package var tokenFile: String?
        package var clientCertificate: PEMSource?
        package var clientKey: PEMSource?
        package var username: String?
        package var password: Secret?
        package var impersonation: Impersonation?
        package var exec: ExecPluginConfiguration?
        package var providesClusterInfo: Bool
        /// The name of a legacy auth-provider, which nobody supports any more.
        package var authProvider: String?
        package var place: String
    }

    package struct Context: Sendable, Hashable {
        package var cluster: String
        package var user: String
        package var namespace: String?
        package var place: String
    }

    package var clusters: [String: Cluster] = [:]
    package var users: [String: User] = [:]
    package var contexts: [String: Context] = [:]
    package var currentContext: String?

    /// An empty configuration.
    package init() {}

    /// Reads one file's document. `directory` is what its relative paths start from.
    package init(document: YAMLDocument, directory: String) throws(KubeConfigurationError) {
        let root = KubeConfigNode(document)
        if root.json.isNull { return }
        if let kind = try root.string("kind"), kind != "Config" {
            throw root.failure("must be Config, got \"\(kind)\"; is this a kubeconfig?", at: "kind")
        }
        currentContext = try root.string("current-context")
        for (name, entry, place) in try Self.entries(root, "clusters", "cluster") {
            clusters[name] = try Self.cluster(entry, directory, place)
        }
        for (name, entry, place) in try Self.entries(root, "users", "user") {
            users[name] = try Self.user(entry, directory, place)
        }
        for (name, entry, place) in try Self.entries(root, "contexts", "context") {
            contexts[name] = Context(
                cluster: try entry?.string("cluster") ?? "", user: try entry?.string("user") ?? "", namespace: try entry?.string("namespace"),
                place: place)
        }
    }

    /// Merges as kubectl does: for every name the first file that has it gives the whole entry, and the first current-context counts.
    package static func merge(_ files: [KubeConfigFile]) -> KubeConfigFile {
        var merged = KubeConfigFile()
        for file in files {
            merged.clusters.merge(file.clusters) { first, _ in first }
            merged.users.merge(file.users) { first, _ in first }
            merged.contexts.merge(file.contexts) { first, _ in first }
            merged.currentContext = merged.currentContext ?? file.currentContext
        }
        return merged
    }

    private typealias Entry = (name: String, content: KubeConfigNode?, place: String)

    private static func entries(_ root: KubeConfigNode, _ list: String, _ key: String) throws(KubeConfigurationError) -> [Entry] {
        var seen: Set<String> = []
        var entries: [Entry] = []
        for item in try root.list(list) {
            guard let name = try item.string("name") else { throw item.failure("must have a name") }
            guard seen.insert(name).inserted else { throw item.failure("\"\(name)\" stands twice in \(list)", at: "name") }
            entries.append((name, try item.object(key), "\(root.document.position(of: item.path))"))
        }
        return entries
    }

    private static func cluster(_ node: KubeConfigNode?, _ directory: String, _ place: String) throws(KubeConfigurationError) -> Cluster {
        guard let node else {
            return Cluster(server: "", insecureSkipTLSVerify: false, disableCompression: false, execInfo: [:], place: place)
        }
        let authority = try node.pem("certificate-authority", directory: directory)
        let insecure = try node.bool("insecure-skip-tls-verify")
        if insecure, authority != nil {
            throw node.failure("excludes certificate-authority and certificate-authority-data; give one of them", at: "insecure-skip-tls-verify")
        }
        var cluster = Cluster(
            server: try node.string("server") ?? "", certificateAuthority: authority, insecureSkipTLSVerify: insecure,
            tlsServerName: try node.string("tls-server-name"), proxyURL: try node.string("proxy-url"),
            disableCompression: try node.bool("disable-compression"), execInfo: [:], place: place)
        if !cluster.server.isEmpty, !["https://", "http://"].contains(where: cluster.server.lowercasedASCII.hasPrefix) {
            throw node.failure("must begin with https:// (or http://), got \"\(cluster.server)\"", at: "server")
        }
        if let proxy = cluster.proxyURL, !["http://", "https://", "socks5://", "socks5h://"].contains(where: proxy.lowercasedASCII.hasPrefix) {
            throw node.failure("must be an http, https or socks5 URL", at: "proxy-url")
        }
        cluster.execInfo = execInfo(cluster, node)
        return cluster
    }

    /// `spec.cluster` of an ExecCredential, without a CA that stands in a file (added when it has been read).
    private static func execInfo(_ cluster: Cluster, _ node: KubeConfigNode) -> JSON {
        var info: JSON = ["server": .string(cluster.server)]
        if let name = cluster.tlsServerName { info["tls-server-name"] = .string(name) }
        if cluster.insecureSkipTLSVerify { info["insecure-skip-tls-verify"] = true }
        if let proxy = cluster.proxyURL { info["proxy-url"] = .string(proxy) }
        if cluster.disableCompression { info["disable-compression"] = true }
        for item in node.json["extensions"]?.arrayValue ?? [] where item["name"]?.stringValue == "client.authentication.k8s.io/exec" {
            info["config"] = item["extension"]
        }
        return info
    }

    private static func user(_ node: KubeConfigNode?, _ directory: String, _ place: String) throws(KubeConfigurationError) -> User {
        guard let node else { return User(providesClusterInfo: false, place: place) }
        var user = User(
            token: try node.string("token").map { Secret($0) },
            tokenFile: try node.string("tokenFile").map { FilePath.resolve($0, relativeTo: directory) },
            clientCertificate: try node.pem("client-certificate", directory: directory), clientKey: try node.pem("client-key", directory: directory),
            username: try node.string("username"), password: try node.string("password").map { Secret($0) }, impersonation: try impersonation(node),
            providesClusterInfo: false,
            authProvider: try node.object("auth-provider").map { provider throws(KubeConfigurationError) in try provider.string("name") ?? "?" },
            place: place)
        if let exec = try node.object("exec") {
            user.exec = try plugin(exec, directory)
            user.providesClusterInfo = try exec.bool("provideClusterInfo")
        }
        if (user.clientCertificate == nil) != (user.clientKey == nil) {
            throw node.failure("client-certificate and client-key belong together; one of them is missing")
        }
        if user.username != nil, user.token != nil || user.tokenFile != nil {
            throw node.failure("has both a token and a user name; give one of them")
        }
        return user
    }

    private static func impersonation(_ node: KubeConfigNode) throws(KubeConfigurationError) -> Impersonation? {
        let user = try node.string("as")
        var extra: [String: [String]] = [:]
        if let map = try node.object("as-user-extra") {
            for key in map.json.objectValue?.keys.map({ $0 }) ?? [] { extra[key.lowercasedASCII] = try map.strings(key) }
        }
        let result = Impersonation(user: user ?? "", uid: try node.string("as-uid") ?? "", groups: try node.strings("as-groups"), extra: extra)
        guard user != nil else {
            if !result.uid.isEmpty || !result.groups.isEmpty || !extra.isEmpty {
                throw node.failure("as-uid, as-groups and as-user-extra need a user in \"as\"")
            }
            return nil
        }
        return result
    }

    private static func plugin(_ node: KubeConfigNode, _ directory: String) throws(KubeConfigurationError) -> ExecPluginConfiguration {
        guard let command = try node.string("command") else { throw node.failure("is required: the program to run", at: "command") }
        let versions = ExecPluginConfiguration.supportedVersions
        guard let version = try node.string("apiVersion"), versions.contains(version) else {
            let given = try node.string("apiVersion").map { "\"\($0)\"" } ?? "nothing"
            throw node.failure("must be one of \(versions.joined(separator: ", ")), got \(given)", at: "apiVersion")
        }
        var plugin = ExecPluginConfiguration(
            apiVersion: version, command: command.contains("/") ? FilePath.resolve(command, relativeTo: directory) : command,
            arguments: try node.strings("args"), installHint: try node.string("installHint") ?? "")
        for item in try node.list("env") {
            guard let name = try item.string("name"), !name.contains("=") else {
                throw item.failure("must be a variable's name without '='", at: "name")
            }
            plugin.environment[name] = Secret(try item.string("value") ?? "")
        }
        let modes = ExecPluginConfiguration.InteractiveMode.allCases.map(\.rawValue).joined(separator: ", ")
        if let text = try node.string("interactiveMode") {
            guard let mode = ExecPluginConfiguration.InteractiveMode(rawValue: text) else {
                throw node.failure("must be one of \(modes), got \"\(text)\"", at: "interactiveMode")
            }
            plugin.interactiveMode = mode
        } else if version == versions[0] {
            throw node.failure("is required with \(version): one of \(modes)", at: "interactiveMode")
        }
        return plugin
    }
}
