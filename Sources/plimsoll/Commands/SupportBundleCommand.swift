import ArgumentParser
import Glibc
import HTTPTransport
import KubeClient
import Values

/// `plimsoll support-bundle`
struct SupportBundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "support-bundle", abstract: "Gather what a report about a problem needs into a tar archive, without secrets.",
        discussion: """
            Versions, the configuration, Plimsoll's objects with status and events about them, the custom resource definitions, the daemon's pods, \
            logs, /metrics and /health, and the rights of the account that asks. Secrets are never read; tokens, passwords, private keys and \
            credentials in URLs are taken out of the rest. manifest.json lists what is inside and what could not be had, and why: a part that \
            fails fails alone. Read it before you hand it on.

            In a pod, whose files can't be written, and where the daemon and its configuration are found without being named:

                kubectl -n plimsoll-system exec POD -- plimsoll support-bundle -o - >bundle.tar
            """)

    @Option(name: [.customShort("o"), .customLong("output")], help: "The file to write, or - for stdout; plimsoll-support-TIME.tar by default.")
    var output: String?

    @Option(help: "The daemon's configuration file.")
    var config: String?

    @Option(help: "A kubeconfig file.")
    var kubeconfig: String?

    @Option(help: "A context of the kubeconfig other than the current one.")
    var context: String?

    @Option(help: "Where the daemon runs.")
    var namespace = "plimsoll-system"

    @Option(help: "Which pods and ConfigMaps of that namespace are the daemon's.")
    var selector = "app.kubernetes.io/name=plimsoll"

    @Option(help: "The port of /metrics and /health in the daemon's pods.")
    var port = 8080

    @Option(help: "Base URL of a daemon that can be reached without the API server, such as http://127.0.0.1:8080.")
    var daemon: String?

    /// Where the chart mounts it.
    private static let mountedConfiguration = "/etc/plimsoll/plimsoll.yaml"

    mutating func run() async throws {
        if DaemonPod.reference != nil {
            daemon = daemon ?? "http://127.0.0.1:\(port)"
            config = config ?? Self.mountedConfiguration
        }
        let created = WallClock.now()
        let server = Result { () throws(KubeConfigurationError) in try KubeConfiguration.load(explicitPath: kubeconfig, context: context) }
        var bundle = Bundle(created: created, redaction: Redaction(known: (try? server.get()).map(Self.secrets) ?? []))
        bundle.add("version.txt", "versions of Plimsoll and libcurl", text: "plimsoll \(PlimsollVersion.text)\n\(HTTPLibrary.version)\n")
        addConfiguration(&bundle)
        if let daemon { await addPages(of: daemon, &bundle) }
        switch server {
        case .success(let server):
            bundle.add("cluster/server.txt", "which API server, and how it was asked", text: "\(server)\n")
            do throws(KubeConfigurationError) {
                let client = try KubeClient(configuration: server, options: KubeClientOptions(version: PlimsollVersion.text)).withTimeout(
                    .seconds(20))
                await ClusterCollector(client: client, namespace: namespace, selector: selector, port: port).collect(into: &bundle)
                await client.shutdown()
            } catch { bundle.miss("cluster", error.description) }
        case .failure(let error): bundle.miss("cluster", error.description)
        }
        let path = output ?? "plimsoll-support-\(created.wholeSeconds).tar"
        try Self.write(bundle.finished(), to: path)
        let missing = bundle.isComplete ? "" : "; not to be had (manifest.json says why): \(bundle.missingNames.joined(separator: ", "))"
        StandardError.write("written to \(path == "-" ? "standard output" : path)\(missing)")
    }

    /// What must not appear anywhere: whatever the kubeconfig proves itself with.
    private static func secrets(_ server: KubeConfiguration) -> [String] {
        var secrets: [String] = []
        switch server.credential {
        case .none: break
        case .token(let token): secrets.append(token.reveal())
        case .tokenFile(let path, let initial):
            if let initial { secrets.append(initial.reveal()) }
            if let bytes = try? FileReading.file(path).bytes {
                secrets += String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
            }
        case .basic(_, let password): secrets.append(password.reveal())
        case .exec(let plugin): secrets += plugin.environment.values.map { $0.reveal() }
        }
        return secrets
    }

    private func addConfiguration(_ bundle: inout Bundle) {
        guard let config else { return }
        do throws(FileReading.Failure) {
            let text = String(decoding: try FileReading.file(config).bytes, as: UTF8.self)
            bundle.add("configuration.json", "the configuration file \(config)", json: ConfigurationText.readable(text))
        } catch { bundle.miss("configuration.json", error.message) }
        do throws(CommandFailure) {
            _ = try ConfigurationFile.load(config)
            bundle.add("configuration-problems.txt", "what is wrong with the configuration", text: "nothing\n")
        } catch { bundle.add("configuration-problems.txt", "what is wrong with the configuration", text: error.message + "\n") }
    }

    private func addPages(of daemon: String, _ bundle: inout Bundle) async {
        var base = daemon
        while base.hasSuffix("/") { base.removeLast() }
        let http = HTTPClient(configuration: HTTPClientConfiguration(label: "bundle", userAgent: "plimsoll/\(PlimsollVersion.text)"))
        for (path, file) in [("health", "health.json"), ("readyz?verbose", "readyz.txt"), ("livez?verbose", "livez.txt"), ("metrics", "metrics.txt")]
        {
            do throws(HTTPError) {
                let response = try await http.send(HTTPRequest(url: "\(base)/\(path)", deadlines: HTTPDeadlines(whole: .seconds(20))))
                bundle.add("daemon/\(file)", "/\(path), answered \(response.status)", bytes: response.body)
            } catch { bundle.miss("daemon/\(file)", error.description) }
        }
        await http.shutdown()
    }

    /// A file that only its owner can read.
    private static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
        func failure() -> CommandFailure { .world("cannot write \(path): \(String(cString: strerror(errno)))") }
        let descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { if descriptor != STDOUT_FILENO { close(descriptor) } }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
            if count > 0 {
                offset += count
            } else if errno != EINTR {
                throw failure()
            }
        }
    }
}
