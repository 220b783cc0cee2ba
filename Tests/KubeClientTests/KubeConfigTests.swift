import Testing
import Values

@testable import KubeClient

/// Files in memory.
struct Files {
    var files: [String: String]
    var environment: [String: String] = [:]

    func load(_ path: String? = nil, context: String? = nil, policy: ConfigurationPolicy = .trusted) throws(KubeConfigurationError)
        -> KubeConfiguration
    {
        let files = files
        let sources = ConfigurationSources(environment: environment, serviceAccountDirectory: "/sa") { path throws(FileReadError) in
            if path == "/unreadable" { throw FileReadError(path: path, reason: "Permission denied") }
            return files[path].map { Array($0.utf8) }
        }
        return try KubeConfiguration.load(explicitPath: path, context: context, sources: sources, policy: policy)
    }

    func error(_ path: String? = nil, context: String? = nil, policy: ConfigurationPolicy = .trusted) -> String {
        do throws(KubeConfigurationError) {
            return "loaded \(try load(path, context: context, policy: policy))"
        } catch { return error.description }
    }
}

@Suite struct KubeConfigTests {
    static let whole = """
        apiVersion: v1
        kind: Config
        current-context: main
        preferences: {colors: true}
        clusters:
        - name: c1
          cluster:
            server: https://one.example:6443/
            certificate-authority: pki/ca.crt
            tls-server-name: kube.internal
            proxy-url: socks5://proxy:1080
            disable-compression: true
        users:
        - name: u1
          user:
            token: t1
            as: jane
            as-uid: "7"
            as-groups: [a, b]
            as-user-extra: {Scopes: [view]}
        contexts:
        - name: main
          context: {cluster: c1, user: u1, namespace: ns}
        """

    @Test func oneFile() throws {
        let configuration = try Files(files: ["/home/x/config": Self.whole]).load("/home/x/config")
        #expect(configuration.server == "https://one.example:6443")
        #expect(configuration.namespace == "ns")
        #expect(configuration.origin == "/home/x/config, context main")
        #expect(configuration.certificateAuthority == .file("/home/x/pki/ca.crt"))
        #expect(configuration.tlsServerName == "kube.internal")
        #expect(configuration.proxyURL == "socks5://proxy:1080")
        #expect(configuration.disableCompression)
        #expect(configuration.credential == .token(Secret("t1")))
        #expect(configuration.impersonation == Impersonation(user: "jane", uid: "7", groups: ["a", "b"], extra: ["scopes": ["view"]]))
    }

    @Test func aListIsMergedFirstFileWinsPerEntry() throws {
        let first = """
            clusters: [{name: c1, cluster: {server: "https://first", certificate-authority: ca.crt}}]
            users: [{name: red, user: {token: from-first}}]
            """
        let second = """
            current-context: x
            clusters:
            - {name: c1, cluster: {server: "https://second", tls-server-name: second}}
            - {name: c2, cluster: {server: "https://third"}}
            users: [{name: red, user: {username: u, password: p}}, {name: blue, user: {tokenFile: tok}}]
            contexts: [{name: x, context: {cluster: c1, user: red}}, {name: w, context: {cluster: c2, user: blue}}]
            """
        let files = Files(
            files: ["/a/one": first, "/b/two": second, "/b/three": "current-context: z\n", "/b/empty": ""],
            environment: ["KUBECONFIG": "/missing:/a/one::/b/empty:/b/two:/a/one:/b/three", "HOME": "/h"])
        let configuration = try files.load()
        #expect(configuration.server == "https://first")
        #expect(configuration.tlsServerName == nil)  // nothing of the second file's entry
        #expect(configuration.certificateAuthority == .file("/a/ca.crt"))
        #expect(configuration.credential == .token(Secret("from-first")))
        #expect(configuration.origin == "/a/one:/b/empty:/b/two:/b/three, context x")
        #expect(try files.load(context: "w").credential == .tokenFile(path: "/b/tok", initial: nil))
    }

    @Test func pathsAreRelativeToTheirOwnFile() throws {
        let text = """
            current-context: m
            clusters: [{name: c, cluster: {server: "https://h"}}]
            users: [{name: u, user: {client-certificate: ../c.pem, client-key: /abs/k.pem, tokenFile: t}}]
            contexts: [{name: m, context: {cluster: c, user: u}}]
            """
        let configuration = try Files(files: ["config/kube": text]).load("config/kube")
        #expect(configuration.clientCertificate == .file("config/../c.pem"))
        #expect(configuration.clientKey == .file("/abs/k.pem"))
        #expect(configuration.credential == .tokenFile(path: "config/t", initial: nil))
        #expect(try Files(files: ["kube": text]).load("kube").credential == .tokenFile(path: "t", initial: nil))
    }

    static func config(cluster: String = "server: https://h", user: String = "{}") -> String {
        """
        current-context: m
        clusters:
        - name: c
          cluster:
            \(cluster)
        users:
        - name: u
          user:
            \(user)
        contexts: [{name: m, context: {cluster: c, user: u}}]
        """
    }

    @Test(arguments: [
        ("a: [b", "/k:2:1: did not find expected"),
        ("a: b\n\tc: d", "/k:2:"),
        ("5", "/k:1:1: must be a mapping, got a number"),
        ("kind: Pod", "/k:1:1: kind: must be Config, got \"Pod\""),
        ("clusters: 5", "/k:1:1: clusters: must be a list, got a number"),
        ("clusters:\n- cluster: {}", "/k:2:3: clusters[0]: must have a name"),
        ("clusters:\n- name: a\n- name: a", "clusters[1].name: \"a\" stands twice in clusters"),
        ("users: [{name: a, user: {token: 12345}}]", "users[0].user.token: must be a string, got a number (put it in quotes)"),
        ("a: 1\n---\nb: 2", "/k: holds 2 YAML documents"),
        ("current-context: nope", "/k: current-context \"nope\" is not there; there are none"),
        ("contexts: [{name: b}, {name: a}]", "/k: no current-context is set; name one of \"a\", \"b\""),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: x}}]",
            "/k:2:12: context \"a\" names cluster \"x\", which is not there; there are none"
        ),
        (
            "current-context: a\nclusters: [{name: x, cluster: {server: 'https://h'}}]\ncontexts: [{name: a, context: {cluster: x, user: w}}]",
            "names user \"w\", which is not there"
        ),
        (config(cluster: "tls-server-name: x"), "cluster \"c\" has no server"),
        (config(cluster: "server: h:6443"), "clusters[0].cluster.server: must begin with https://"),
        (config(cluster: "{server: 'https://h', proxy-url: 'ftp://p'}"), "proxy-url: must be an http, https or socks5 URL"),
        (config(cluster: "{server: 'https://h', insecure-skip-tls-verify: true, certificate-authority: x}"), "excludes certificate-authority"),
        (config(cluster: "{server: 'https://h', insecure-skip-tls-verify: 'yes'}"), "must be true or false, got a string"),
        (config(cluster: "{server: 'https://h', certificate-authority-data: '*'}"), "certificate-authority-data: is not base64"),
        (config(user: "{client-certificate: x}"), "belong together"),
        (config(user: "{token: t, username: u}"), "both a token and a user name"),
        (config(user: "{as-groups: [a]}"), "need a user in \"as\""),
        (config(user: "{auth-provider: {name: gcp}}"), "auth-provider \"gcp\", which Kubernetes removed in 1.26"),
        (config(user: "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}"), "command: is required"),
        (config(user: "{exec: {command: x}}"), "must be one of client.authentication.k8s.io/v1, client.authentication.k8s.io/v1beta1, got nothing"),
        (config(user: "{exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}}"), "got \"client.authentication.k8s.io/v1alpha1\""),
        (config(user: "{exec: {command: x, apiVersion: client.authentication.k8s.io/v1}}"), "interactiveMode: is required"),
        (
            config(user: "{exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Sometimes}}"),
            "must be one of Never, IfAvailable, Always, got \"Sometimes\""
        ),
        (config(user: "{exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1, env: [{value: x}]}}"), "env[0].name"),
    ])
    func whatIsWrongIsToldWithItsPlace(text: String, expected: String) {
        let error = Files(files: ["/k": text]).error("/k")
        #expect(error.contains(expected))
        #expect(error.hasPrefix("/k"))
    }

    @Test func missingFiles() {
        #expect(Files(files: [:]).error("/k") == "/k: no such file (the kubeconfig)")
        #expect(Files(files: [:]).error("/unreadable") == "/unreadable: Permission denied")
        #expect(Files(files: [:], environment: ["KUBECONFIG": "/a:/b"]).error() == "none of KUBECONFIG's files exists: /a, /b")
        #expect(Files(files: [:], environment: ["HOME": "/h"]).error().hasSuffix("no /h/.kube/config"))
        #expect(Files(files: ["/e": ""]).error("/e").contains("no current-context is set"))
        #expect(Files(files: ["/k": Self.whole]).error("/k", context: "other") == "/k: context \"other\" is not there; there are \"main\"")
    }

    @Test func utf16AsWindowsWritesIt() throws {
        for little in [true, false] {
            var bytes: [UInt8] = little ? [0xFF, 0xFE] : [0xFE, 0xFF]
            for unit in "a: ü🚢".utf16 {
                let pair = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
                bytes += little ? pair.reversed() : pair
            }
            #expect(TextEncoding.decode(bytes) == "a: ü🚢")
        }
        #expect(TextEncoding.decode([0xEF, 0xBB, 0xBF, 0x61]) == "a")
    }

    @Test func credentialsByPrecedence() throws {
        func credential(_ user: String) throws -> KubeConfiguration.Credential {
            try Files(files: ["/d/k": Self.config(user: user)]).load("/d/k").credential
        }
        #expect(try credential("{}") == .none)
        #expect(try credential("{token: t, tokenFile: f}") == .tokenFile(path: "/d/f", initial: Secret("t")))
        #expect(try credential("{username: u, password: p}") == .basic(user: "u", password: Secret("p")))
        let exec =
            "exec: {command: ./mint, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, args: [a], env: [{name: A, value: b}]}"
        #expect(try credential("{token: t, \(exec)}") == .token(Secret("t")))
        #expect(
            try credential("{\(exec)}")
                == .exec(
                    ExecPluginConfiguration(
                        apiVersion: "client.authentication.k8s.io/v1", command: "/d/./mint", arguments: ["a"], environment: ["A": Secret("b")],
                        interactiveMode: .never)))
    }

    @Test func anExecPlugInIsToldAboutItsCluster() throws {
        let text = """
            current-context: m
            clusters:
            - name: c
              cluster:
                server: https://h
                certificate-authority: ca.crt
                tls-server-name: name
                extensions:
                - {name: other, extension: {x: 1}}
                - {name: client.authentication.k8s.io/exec, extension: {audience: a}}
            users:
            - name: u
              user:
                exec: {command: mint, apiVersion: client.authentication.k8s.io/v1beta1, provideClusterInfo: true}
            contexts: [{name: m, context: {cluster: c, user: u}}]
            """
        let configuration = try Files(files: ["/d/k": text, "/d/ca.crt": "CA"]).load("/d/k")
        guard case .exec(let plugin) = configuration.credential else {
            Issue.record("no plug-in")
            return
        }
        #expect(plugin.command == "mint")  // looked up in PATH
        #expect(plugin.interactiveMode == .ifAvailable)
        #expect(
            plugin.cluster?.text()
                == #"{"server":"https://h","tls-server-name":"name","config":{"audience":"a"},"certificate-authority-data":"Q0E="}"#)
    }

    @Test func inCluster() throws {
        var files = Files(
            files: ["/sa/token": "tok\n", "/sa/ca.crt": "CA", "/sa/namespace": "home\n"],
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"])
        let configuration = try files.load()
        #expect(configuration.server == "https://[fd00::1]:443")
        #expect(configuration.namespace == "home")
        #expect(configuration.certificateAuthority == .file("/sa/ca.crt"))
        #expect(configuration.credential == .tokenFile(path: "/sa/token", initial: Secret("tok")))
        files.environment["POD_NAMESPACE"] = "elsewhere"
        files.environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
        #expect(try files.load().namespace == "elsewhere")
        #expect(try files.load().server == "https://10.0.0.1:443")
        files.environment["KUBECONFIG"] = "/k"
        files.files["/k"] = Self.whole
        #expect(try files.load().server == "https://one.example:6443")
        files.environment["KUBECONFIG"] = nil
        files.files["/sa/token"] = nil
        #expect(files.error().hasPrefix("/sa/token: no such file; the pod needs a service account"))
    }

    @Test func anUntrustedKubeconfigRunsNothingAndReadsNothing() throws {
        #expect(
            Files(files: ["/k": Self.whole]).error("/k", policy: .untrusted)
                == "/k, context main: not allowed in this kubeconfig: certificate-authority names a file (give certificate-authority-data); proxy-url is set"
        )
        let exec = Self.config(user: "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}")
        #expect(throws: KubeConfigurationError.self) { try KubeConfiguration.parse(exec, name: "secret a/b", policy: .untrusted) }
        for cluster in ["server: http://h", "{server: 'https://h', insecure-skip-tls-verify: true}"] {
            #expect(throws: KubeConfigurationError.self) { try KubeConfiguration.parse(Self.config(cluster: cluster), name: "x", policy: .untrusted) }
        }
        let good = try KubeConfiguration.parse(Self.config(user: "{token: t}"), name: "secret a/b", policy: .untrusted)
        #expect(good.credential == .token(Secret("t")))
    }
}
