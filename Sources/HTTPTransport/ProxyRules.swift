/// Which proxy a request goes through. Pure; the environment is handed in.
struct ProxyRules: Sendable, Equatable {
    private var byScheme: [String: String] = [:]
    private var exceptions: [Exception] = []

    enum Exception: Sendable, Equatable {
        case everything
        case network(IPAddress, Int)
        /// A name and all below it, lower case; with a port only that one.
        case name(String, Int?)
    }

    init(_ setting: ProxySetting, environment: (String) -> String?) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap(environment).first { !$0.isEmpty }
        }
        switch setting {
        case .none:
            break
        case .environment:
            let all = value("all_proxy", "ALL_PROXY")
            byScheme["http"] = value("http_proxy") ?? all
            byScheme["https"] = value("https_proxy", "HTTPS_PROXY") ?? all
            exceptions = Self.exceptions(value("no_proxy", "NO_PROXY") ?? "")
        case .url(let url, let noProxy):
            byScheme = ["http": url, "https": url]
            exceptions = Self.exceptions(noProxy)
        }
    }

    /// - Parameter host: without brackets.
    func proxy(scheme: String, host: String, port: Int) -> String? {
        guard let proxy = byScheme[scheme], !exceptions.contains(where: { Self.holds($0, host: host, port: port) }) else { return nil }
        return proxy.contains("://") ? proxy : "http://\(proxy)"
    }

    private static func exceptions(_ text: String) -> [Exception] {
        text.split { $0 == "," || $0 == " " || $0 == "\t" }.compactMap { exception(String($0)) }
    }

    private static func exception(_ text: String) -> Exception? {
        if text == "*" { return .everything }
        let bare = text.hasPrefix("[") ? String(text.dropFirst().prefix { $0 != "]" }) : text
        if let address = IPAddress(bare) { return .network(address, bare.contains(":") ? 128 : 32) }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]) { return .network(address, length) }
        var name = text.lowercased()[...]
        var port: Int?
        if let colon = name.lastIndex(of: ":"), let number = Int(name[name.index(after: colon)...]) {
            port = number
            name = name[..<colon]
        }
        if name.hasPrefix("*.") { name = name.dropFirst() }
        if name.hasPrefix(".") { name = name.dropFirst() }
        return name.isEmpty ? nil : .name(String(name), port)
    }

    private static func holds(_ exception: Exception, host: String, port: Int) -> Bool {
        switch exception {
        case .everything:
            return true
        case .network(let prefix, let length):
            return IPAddress(host)?.matches(prefix: prefix, length: length) ?? false
        case .name(let name, let only):
            let host = host.lowercased()
            return (only == nil || only == port) && (host == name || host.hasSuffix(".\(name)"))
        }
    }
}
