import Rollouts
import Testing
import Values

@Suite struct JobMeasurementTests {
    private func measurement(_ run: String = "checkout-7f9c-3", gate: String = "smoke", number: Int = 1, uid: String = "u-1") -> JobMeasurement {
        JobMeasurement(
            owner: .init(apiVersion: "plimsoll.dev/v1alpha1", kind: "RolloutRun", name: run, uid: uid), namespace: "shop", gate: gate, number: number)
    }

    @Test func namesAreTheirOwnAndAlwaysTheSame() {
        #expect(measurement().name == "checkout-7f9c-3-smoke-1")
        let long = String(repeating: "a", count: 60)
        // Argo cuts at 63 characters, and takes the second measurement for the first.
        let names = Set(
            (1...12).map { measurement(long, number: $0).name } + [measurement(long, gate: "other").name, measurement(long, uid: "u-2").name])
        #expect(names.count == 14)
        for name in names { #expect(name.utf8.count <= 63 && FieldPattern.dnsLabel.accepts(name), "\(name)") }
        #expect(measurement(long).name == measurement(long).name)
        // A cut in the midst of what separates words leaves no name that Kubernetes refuses.
        for length in 30...60 {
            let name = measurement("\(String(repeating: "a", count: length))---b").name
            #expect(FieldPattern.dnsLabel.accepts(name), "\(name)")
        }
    }

    private static let template: JSON = [
        "metadata": ["labels": ["team": "shop"]],
        "spec": ["template": ["spec": ["containers": [["name": "a", "image": "b"]]]]],
    ]

    @Test func theJobRunsAsTheAccountAndFailsAtOnce() {
        let job = measurement().body(Self.template, account: "guard", instance: "main")
        #expect(job["metadata"]?["name"] == "checkout-7f9c-3-smoke-1")
        #expect(job["metadata"]?["labels"]?["team"] == "shop" && job["metadata"]?["labels"]?["plimsoll.dev/instance"] == "main")
        #expect(job["metadata"]?["ownerReferences"]?[0]?["uid"] == "u-1")
        #expect(job["spec"]?["backoffLimit"] == 0)
        let pod = job["spec"]?["template"]
        #expect(pod?["spec"]?["serviceAccountName"] == "guard" && pod?["spec"]?["restartPolicy"] == "Never")
        #expect(pod?["metadata"]?["labels"]?["plimsoll.dev/gate"] == "smoke")
        var own = Self.template
        own["spec"]?["backoffLimit"] = 3
        own["spec"]?["template"]?["spec"]?["restartPolicy"] = "OnFailure"
        let kept = measurement().body(own, account: "guard", instance: "main")
        #expect(kept["spec"]?["backoffLimit"] == 3 && kept["spec"]?["template"]?["spec"]?["restartPolicy"] == "OnFailure")
    }

    @Test func templatesThatCanNotBeTaken() {
        #expect(JobMeasurement.problems(Self.template, account: "guard").isEmpty)
        var other = Self.template
        other["spec"]?["template"]?["spec"]?["serviceAccountName"] = "admin"
        #expect(JobMeasurement.problems(other, account: "guard").map(\.path) == ["template.spec.template.spec.serviceAccountName"])
        other["spec"]?["template"]?["spec"]?["serviceAccountName"] = "guard"
        #expect(JobMeasurement.problems(other, account: "guard").isEmpty)
        var none = Self.template
        none["spec"]?["completions"] = 0
        none["spec"]?["suspend"] = true
        #expect(JobMeasurement.problems(none, account: "guard").count == 2)
        #expect(!JobMeasurement.problems(["spec": [:]], account: "guard").isEmpty)
        #expect(!JobMeasurement.problems("x", account: "guard").isEmpty)
    }

    private func job(_ conditions: JSON = [], uid: String = "u-1") -> JSON {
        ["metadata": ["ownerReferences": [["uid": .string(uid), "controller": true]]], "status": ["conditions": conditions]]
    }

    @Test func whatBecomesOfIt() {
        let one = measurement()
        func phase(_ finding: JobMeasurement.Finding) -> ClassicPhase? {
            if case .ended(let phase, _) = finding { return phase }
            return nil
        }
        let complete: JSON = [["type": "Complete", "status": "True"]]
        let failed: JSON = [["type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many"]]
        #expect(one.finding(job(), waiting: []) == .running)
        #expect(one.finding(job([["type": "Complete", "status": "False"]]), waiting: ["ContainerCreating"]) == .running)
        #expect(one.finding(job(complete), waiting: []) == .ended(.successful, message: ""))
        #expect(
            one.finding(job(failed), waiting: ["ErrImagePull"])
                == .ended(.failed, message: "the Job checkout-7f9c-3-smoke-1 failed: BackoffLimitExceeded, too many"))
        for reason in ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"] {
            #expect(phase(one.finding(job(), waiting: ["PodInitializing", reason])) == .inconclusive, "\(reason)")
        }
        #expect(phase(one.finding(nil, waiting: [])) == .error)
        // Somebody else's Job says nothing, however well it ended.
        #expect(phase(one.finding(job(complete, uid: "u-2"), waiting: [])) == .error)
    }

    @Test func looksGetRarer() {
        #expect(JobMeasurement.pollDelay(elapsed: .zero) == .seconds(1))
        #expect(JobMeasurement.pollDelay(elapsed: .seconds(50)) == .seconds(10))
        #expect(JobMeasurement.pollDelay(elapsed: .days(3)) == .seconds(60))
    }
}

@Suite struct WebMeasurementTests {
    private static let body =
        #"{"approved": true, "items": [{"name": "a", "n": 1}, {"name": "b", "n": 2.5}], "odd.key": "x", "deep": {"ok": [true, false]}}"#

    static let paths: [(String, [JSON])] = [
        ("{.approved}", [true]), (".approved", [true]), ("{$.approved}", [true]), ("{.items[0].n}", [1]), ("{.items[-1].name}", ["b"]),
        ("{.items[*].name}", ["a", "b"]), ("{.items[0:1].name}", ["a"]), ("{.items[1:].name}", ["b"]), ("{['odd.key']}", ["x"]),
        (#"{.odd\.key}"#, ["x"]), ("{.deep.ok[1]}", [false]), ("{..name}", ["a", "b"]), ("{.missing}", []), ("{.items[5]}", []),
        ("{.approved.more}", []), ("{.deep.*}", [[true, false]]),
    ]

    @Test(arguments: paths) func pathsLeadToValues(_ path: String, _ expected: [JSON]) throws {
        #expect(try JSONPath(path).values(in: JSON(parsing: Self.body)) == expected)
    }

    @Test(arguments: ["{.a", "{.a}{.b}", "{.items[?(@.n>1)]}", "{range .items[*]}{.n}{end}", "{.a b}", "{.items['a}", "{.}", "x"])
    func pathsBeyondAreRefused(_ path: String) {
        #expect(throws: JSONPath.Failure.self) { try JSONPath(path) }
    }

    @Test func answersAsArgoReadsThem() throws {
        func read(_ status: Int, _ body: String, _ path: String = "{$}") throws -> WebMeasurement.Reading {
            WebMeasurement.read(status: status, body: Array(body.utf8), path: try JSONPath(path))
        }
        #expect(try read(200, Self.body, "{.approved}") == .value(.bool(true)))
        #expect(try read(204, "3") == .value(.float(3)))
        #expect(try read(200, "no json") == .value(.string("no json")))
        for status in [199, 301, 404, 500] {
            guard case .error = try read(status, Self.body, "{.approved}") else {
                Issue.record("HTTP \(status) is no measurement")
                return
            }
        }
        #expect(try read(200, Self.body, "{.missing}") == .error("the answer has nothing at {.missing}"))
    }

    @Test func servicesAndPaths() throws {
        func service(_ spec: JSON) -> JSON { ["metadata": ["name": "board"], "spec": spec] }
        let plain = service(["clusterIP": "10.90.0.7", "ports": [["name": "http", "port": 8080], ["name": "dns", "port": 53, "protocol": "UDP"]]])
        #expect(try WebAddress.base(of: plain, port: "http") == "http://10.90.0.7:8080")
        #expect(try WebAddress.base(of: plain, port: "8080") == "http://10.90.0.7:8080")
        #expect(try WebAddress.base(of: service(["clusterIP": "fd00::7", "ports": [["port": 80]]]), port: "80") == "http://[fd00::7]:80")
        for (bad, port) in [
            (plain, "dns"), (plain, "9"), (service(["clusterIP": "None", "ports": [["port": 80]]]), "80"),
            (service(["type": "ExternalName", "externalName": "example.org", "clusterIP": "1.2.3.4", "ports": [["port": 80]]]), "80"),
        ] { #expect(throws: WebAddress.Refusal.self) { try WebAddress.base(of: bad, port: port) } }
        #expect(try WebAddress.url(base: "https://board.example/api/", path: "/approved?id=1") == "https://board.example/api/approved?id=1")
        for path in ["approved", "/a b", "/a/../b", "/a/%2E%2e/b", "/a#b", "/ä", "//..//x/.."] {
            #expect(throws: WebAddress.Refusal.self) { try WebAddress.url(base: "https://board.example", path: path) }
        }
    }
}
