import Glibc
import Testing
import Values

@testable import KubeClient

@Suite struct TokenFileMachineTests {
    @Test func readsEveryMinuteInTheBackground() {
        var machine = TokenFileMachine(initial: Secret("a"))
        #expect(machine.next(now: .zero) == .useAndRead(Secret("a")))
        #expect(machine.next(now: .seconds(1)) == .use(Secret("a")))  // the read is under way
        machine.didRead(Secret("b"), now: .seconds(2))
        #expect(machine.next(now: .seconds(61)) == .use(Secret("b")))
        #expect(machine.next(now: .seconds(62)) == .useAndRead(Secret("b")))
    }

    @Test func keepsTheOldTokenWhenAReadFails() {
        var machine = TokenFileMachine(initial: Secret("a"))
        _ = machine.next(now: .zero)
        machine.didRead(nil, now: .seconds(1))
        #expect(machine.next(now: .seconds(10)) == .use(Secret("a")))
        #expect(machine.next(now: .seconds(11)) == .useAndRead(Secret("a")))
        machine.didRead(Secret(""), now: .seconds(12))
        #expect(machine.token == Secret("a"))
    }

    @Test func readsAtOnceWithoutAToken() {
        var machine = TokenFileMachine(initial: nil)
        #expect(machine.next(now: .zero) == .read)
        #expect(machine.next(now: .zero) == .read)
        machine.didRead(nil, now: .zero)
        #expect(machine.next(now: .seconds(1)) == .read)
        machine.didRead(Secret("a"), now: .seconds(2))
        #expect(machine.next(now: .seconds(3)) == .use(Secret("a")))
    }
}

@Suite struct ExecCredentialMachineTests {
    static let start = Instant(microseconds: 1_700_000_000_000_000)
    static func at(_ seconds: Int) -> Instant { start + .seconds(seconds) }
    static let failure = ExecPluginError(command: "p", message: "broke")

    static func name<W>(_ step: ExecCredentialMachine<W>.Step) -> String {
        switch step {
        case .use(let credential, let generation): "use \(credential.token?.reveal() ?? "-") \(generation)"
        case .fail: "fail"
        case .start: "start"
        case .wait: "wait"
        }
    }

    @Test func runsOnceForAllWhoWait() {
        var machine = ExecCredentialMachine<String>()
        #expect(Self.name(machine.enqueue("a", id: 1, now: Self.at(0))) == "start")
        #expect(Self.name(machine.enqueue("b", id: 2, now: Self.at(0))) == "wait")
        #expect(Self.name(machine.enqueue("c", id: 3, now: Self.at(0))) == "wait")
        #expect(machine.cancel(id: 2) == "b")
        #expect(machine.cancel(id: 2) == nil)
        let (waiters, generation) = machine.didFinish(.success(ExecCredential(token: Secret("t"), expires: Self.at(60))), now: Self.at(1))
        #expect(waiters.sorted() == ["a", "c"])
        #expect(generation == 1)
        #expect(Self.name(machine.enqueue("d", id: 4, now: Self.at(59))) == "use t 1")
        #expect(Self.name(machine.enqueue("e", id: 5, now: Self.at(60))) == "start")
    }

    @Test func aRefusedCredentialIsGotAnewOnce() {
        var machine = ExecCredentialMachine<String>()
        _ = machine.enqueue("a", id: 1, now: Self.at(0))
        _ = machine.didFinish(.success(ExecCredential(token: Secret("old"))), now: Self.at(0))
        machine.reject(generation: 1, now: Self.at(0))
        #expect(Self.name(machine.enqueue("b", id: 2, now: Self.at(0))) == "start")
        _ = machine.didFinish(.success(ExecCredential(token: Secret("new"))), now: Self.at(0))
        machine.reject(generation: 1, now: Self.at(0))  // another request that used the first one
        #expect(Self.name(machine.enqueue("c", id: 3, now: Self.at(0))) == "use new 2")
    }

    /// The program runs well, but the server refuses what it gives, each time.
    @Test func aPlugInWhoseCredentialsAreRefusedIsNotRunPerRequest() {
        var machine = ExecCredentialMachine<String>()
        var (time, generation) = (0, 0)
        // The first refusal is followed up at once; from then on the pause doubles.
        for pause in [0, 2, 4, 8, 16, 32, 60, 60] {
            #expect(Self.name(machine.enqueue("a", id: 1, now: Self.at(time))) == "start")
            _ = machine.didFinish(.success(ExecCredential(token: Secret("bad"))), now: Self.at(time))
            generation += 1
            machine.reject(generation: generation, now: Self.at(time))
            machine.reject(generation: generation, now: Self.at(time))  // a second request with the same
            if pause > 0 {
                // The server remains the judge: requests go out with what there is.
                #expect(Self.name(machine.enqueue("b", id: 2, now: Self.at(time + pause - 1))) == "use bad \(generation)", "pause \(pause)")
            }
            time += pause
        }
        // A credential that was good for a while, then revoked, is got anew at once.
        #expect(Self.name(machine.enqueue("a", id: 1, now: Self.at(time))) == "start")
        _ = machine.didFinish(.success(ExecCredential(token: Secret("good"))), now: Self.at(time))
        machine.reject(generation: generation + 1, now: Self.at(time + 60))
        #expect(Self.name(machine.enqueue("c", id: 3, now: Self.at(time + 60))) == "start")
    }

    @Test func aFailingPlugInIsNotHammered() {
        var machine = ExecCredentialMachine<String>()
        var time = 0
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            #expect(Self.name(machine.enqueue("a", id: 1, now: Self.at(time))) == "start")
            _ = machine.didFinish(.failure(Self.failure), now: Self.at(time))
            #expect(Self.name(machine.enqueue("b", id: 2, now: Self.at(time + pause - 1))) == (pause == 1 ? "fail" : "fail"))
            time += pause
        }
        #expect(Self.name(machine.enqueue("a", id: 1, now: Self.at(time))) == "start")
        _ = machine.didFinish(.success(ExecCredential(token: Secret("t"))), now: Self.at(time))
        machine.reject(generation: 1, now: Self.at(time))
        _ = machine.enqueue("a", id: 1, now: Self.at(time))
        _ = machine.didFinish(.failure(Self.failure), now: Self.at(time))
        #expect(Self.name(machine.enqueue("a", id: 1, now: Self.at(time + 1))) == "start")  // success began the pauses anew
    }
}

@Suite struct ExecCredentialCodecTests {
    static let plugin = ExecPluginConfiguration(apiVersion: "client.authentication.k8s.io/v1", command: "mint", cluster: ["server": "https://h"])

    static func answer(_ text: String) -> Result<ExecCredential, ExecPluginError> {
        Result { () throws(ExecPluginError) in try ExecCredentialCodec.response(Array(text.utf8), plugin: plugin) }
    }

    @Test func request() {
        #expect(
            ExecCredentialCodec.request(Self.plugin, interactive: false)
                == #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"https://h"}}}"#
        )
    }

    @Test func goodAnswers() throws {
        let token = try Self.answer(
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z"}}"#
        ).get()
        #expect(token == ExecCredential(token: Secret("t"), expires: Instant(rfc3339: "2026-01-02T03:04:05Z")))
        let certificate = try Self.answer(
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"C","clientKeyData":"K"}}"#
        ).get()
        #expect(certificate.clientCertificatePEM == Array("C".utf8) && certificate.clientKeyPEM == Secret("K") && certificate.token == nil)
    }

    @Test(arguments: [
        ("", "printed nothing"),
        (" \n", "printed nothing"),
        ("token=secret", "printed no JSON"),
        (#"{"kind":"Secret"}"#, #"kind "Secret""#),
        (#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}"#, "v1beta1"),
        (#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}"#, "no status"),
        (#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}"#, "neither token nor"),
        (
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"secret","clientKeyData":"k"}}"#,
            "belong together"
        ),
        (
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"secret","expirationTimestamp":"soon"}}"#,
            "RFC 3339"
        ),
    ])
    func badAnswers(text: String, expected: String) {
        guard case .failure(let error) = Self.answer(text) else {
            Issue.record("accepted \(text)")
            return
        }
        #expect(error.description.contains(expected))
        #expect(error.description.hasPrefix("credential plug-in mint "))
        #expect(!error.description.contains("secret"))
    }
}

@Suite struct ExecProcessTests {
    static func shell(_ script: String, environment: [String: Secret] = [:], mode: ExecPluginConfiguration.InteractiveMode = .never)
        -> ExecPluginConfiguration
    {
        ExecPluginConfiguration(
            apiVersion: "client.authentication.k8s.io/v1", command: "sh", arguments: ["-c", script], environment: environment, interactiveMode: mode,
            installHint: "get it from the shop")
    }

    static func run(_ plugin: ExecPluginConfiguration, timeout: Swift.Duration = .seconds(20)) -> Result<String, ExecPluginError> {
        Result { () throws(ExecPluginError) in
            String(
                decoding: try ExecProcess.run(plugin, environment: ["PATH": "/usr/bin:/bin", "INHERITED": "yes"], timeout: timeout), as: UTF8.self)
        }
    }

    @Test func environmentAndOutput() throws {
        let output = try Self.run(Self.shell("echo $INHERITED $OWN; echo $KUBERNETES_EXEC_INFO; cat", environment: ["OWN": Secret("mine")])).get()
        #expect(
            output == "yes mine\n" + #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"# + "\n")
    }

    @Test func longOutputInPieces() throws {
        let output = try Self.run(Self.shell("i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done")).get()
        #expect(output.utf8.count == 82000)
        #expect(Self.failure(Self.shell("head -c 2000000 /dev/zero")).contains("more than 1 MiB"))
    }

    static func failure(_ plugin: ExecPluginConfiguration, timeout: Swift.Duration = .seconds(20)) -> String {
        if case .failure(let error) = run(plugin, timeout: timeout) { return error.description }
        return "succeeded"
    }

    @Test func failuresAreToldApart() {
        #expect(Self.failure(Self.shell("exit 3")).contains("exited with 3"))
        #expect(Self.failure(Self.shell("kill -9 $$")).contains("signal 9"))
        #expect(Self.failure(Self.shell("sleep 60 & sleep 60"), timeout: .milliseconds(300)).contains("didn't finish"))
        var missing = Self.shell("")
        missing.command = "/nonexistent/plugin"
        let text = Self.failure(missing)
        #expect(text.contains("No such file") && text.contains("get it from the shop"))
    }

    @Test func aGrandchildThatKeepsThePipeOpenDoesNotHoldUsUp() throws {
        #expect(try Self.run(Self.shell("echo done; sleep 20 2>/dev/null & exit 0")).get() == "done\n")
    }

    @Test func noDescriptorIsInherited() throws {
        // One that the plug-in would inherit; others of this process come and go with the tests beside this one.
        let ours = open("/dev/null", O_RDONLY)
        defer { close(ours) }
        let output = try Self.run(Self.shell("ls /proc/self/fd | tr '\\n' ' '")).get()
        let inherited = Set(output.split(separator: " ").compactMap { Int32($0) })
        #expect(inherited.isSuperset(of: [0, 1, 2]))
        #expect(ours > 2 && (ours == 3 || !inherited.contains(ours)), "\(ours) of \(output)")
    }
}
