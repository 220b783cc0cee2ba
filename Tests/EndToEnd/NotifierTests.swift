import Glibc
import KubeClient
import KubeModel
import PlimsollAPI
import Synchronization
import TestSupport
import Testing
import Values

/// People are told of an SLO's policy: by a real Alertmanager, and by a server of our own that stands for PagerDuty.
@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct NotifierTests {
    /// All requests of the API server count as errors: the budget is gone at once.
    private func burnt(_ world: World, _ step: JSON) -> JSON {
        var spec = world.spec()
        spec["indicator"] = [
            "ratio": ["errors": #"apiserver_request_total{job="apiserver",verb!="x"}"#, "total": #"apiserver_request_total{job="apiserver"}"#]
        ]
        spec["policy"] = [step]
        return spec
    }

    private let notify: JSON = ["name": "warn", "remainingBelow": "0%", "actions": ["Notify"]]

    private func states(_ world: World, _ name: String) async throws -> [String] {
        let slo = try await world.client.get(SLO.self, world.key(name))
        return slo.status.notifications.map { "\($0.notifier)/\($0.policy)=\($0.state.rawValue)" }
    }

    private func alerts(_ world: World, _ url: String) async throws -> [JSON] {
        let answer = try await world.fetch("\(url)/api/v2/alerts?filter=alertname%3D%22PlimsollErrorBudgetPolicy%22")
        let all = try JSON(parsing: answer.text).arrayValue ?? []
        return all.filter { $0["labels"]?["plimsoll_namespace"]?.stringValue == world.namespace }
    }

    @Test(.enabled(if: TestEnvironment.alertmanagerURL != nil, "needs the Alertmanager of Deploy/test.sh"))
    func aTierSilencesSlowerOnesOfItsGroup() async throws {
        let url = try #require(TestEnvironment.alertmanagerURL)
        try await World.with("inhibit") { world in
            func alert(_ slo: String, _ rank: Int, _ group: String = "") -> JSON {
                [
                    "labels": [
                        "alertname": "PlimsollErrorBudgetBurn", "plimsoll_instance": "main", "plimsoll_namespace": .string(world.namespace),
                        "plimsoll_slo": .string(slo), "plimsoll_rank": .string("\(rank)"), "plimsoll_group": .string(group),
                    ]
                ]
            }
            let firing = [alert("a", 2), alert("a", 3), alert("b", 3), alert("c", 1, "eu"), alert("c", 3, "eu"), alert("c", 3, "us")]
            let answer = try await world.post("\(url)/api/v2/alerts", .array(firing))
            #expect(answer.status == 200, "\(answer.text)")
            func inhibited() async throws -> [String] {
                let text = try await world.fetch("\(url)/api/v2/alerts?filter=plimsoll_namespace%3D%22\(world.namespace)%22").text
                return (try JSON(parsing: text).arrayValue ?? []).filter { !($0["status"]?["inhibitedBy"]?.arrayValue ?? []).isEmpty }.map {
                    "\($0["labels"]?["plimsoll_slo"]?.stringValue ?? "") \($0["labels"]?["plimsoll_rank"]?.stringValue ?? "")"
                        + " \($0["labels"]?["plimsoll_group"]?.stringValue ?? "")"
                }.sorted()
            }
            #expect(try await eventually(within: .seconds(30)) { try await inhibited() == ["a 3 ", "c 3 eu"] })
        }
    }

    @Test(.enabled(if: TestEnvironment.alertmanagerURL != nil, "needs the Alertmanager of Deploy/test.sh"))
    func anAlertmanagerHasOneAlertAcrossARestartAndItsEnd() async throws {
        let url = try #require(TestEnvironment.alertmanagerURL)
        try await World.with("notify") { world in
            let settings = "notifiers: [{name: am, alertmanager: {url: \"\(url)\", resendInterval: 5s}}]"
            let first = try Daemon(world, settings: settings)
            try await first.ready(world)
            try await world.apply("burnt", burnt(world, notify))
            #expect(try await eventually(within: .seconds(90)) { try await alerts(world, url).count == 1 }, "\(first.process.output)")
            #expect(try await eventually { try await states(world, "burnt") == ["am/warn=Firing"] })
            #expect(try await eventually { try await world.condition("burnt", "Notified")?.status == .true })
            let alert = try #require(try await alerts(world, url).first)
            #expect(alert["labels"]?["severity"] == "page")
            #expect(alert["labels"]?["plimsoll_slo"] == "burnt")
            #expect(alert["annotations"]?["description"]?.stringValue?.contains("of the error budget for 1d is left") == true)

            first.process.signal(SIGKILL)
            _ = await first.process.wait(timeout: .seconds(10))
            let second = try Daemon(world, output: "second.log", settings: settings)
            try await second.ready(world)
            #expect(
                try await eventually(within: .seconds(60)) {
                    try await alerts(world, url).first?["updatedAt"]?.stringValue != alert["updatedAt"]?.stringValue
                })
            let after = try await alerts(world, url)
            #expect(after.map { $0["startsAt"] } == [alert["startsAt"]], "one, and the same")
            #expect(after.first?["fingerprint"] == alert["fingerprint"])

            // The step is gone: so is the alert, long before it would end by itself.
            var calm = burnt(world, notify)
            calm["policy"] = [["name": "freeze", "remainingBelow": "0%", "actions": ["FreezeRollouts"]]]
            try await world.apply("burnt", calm)
            #expect(try await eventually(within: .seconds(15)) { try await alerts(world, url).isEmpty })
            #expect(try await eventually { try await states(world, "burnt").isEmpty })

            // An SLO that is deleted while it holds takes its alert along.
            try await world.apply("gone", burnt(world, notify))
            #expect(try await eventually(within: .seconds(90)) { try await states(world, "gone") == ["am/warn=Firing"] })
            #expect(try await alerts(world, url).count == 1)
            try await world.delete("gone")
            #expect(try await eventually(within: .seconds(15)) { try await alerts(world, url).isEmpty })
            #expect(try await second.stop() == .code(0))
        }
    }

    /// Of a deleted SLO no status tells: what is still to be told of it goes on with a new configuration.
    @Test func theEndOfADeletedSLOIsToldAfterAReload() async throws {
        let isWell = Mutex(true)
        let server = try ScriptedServer { _, _ in isWell.withLock(\.self) ? .json("{}", status: 202) : .respond(503) }
        defer { server.stop() }
        try await World.with("handed") { world in
            let (secret, config) = (world.scratch.file("routing-key"), world.scratch.file("plimsoll.yaml"))
            try writeFile(secret, "key\n")
            func text(_ pollInterval: String) -> String {
                """
                instance: \(world.namespace)
                namespaces: {include: [\(world.namespace)]}
                serving: {address: "127.0.0.1:0"}
                notifiers: [{name: oncall, webhook: {template: PagerDuty, url: "\(server.url)", secretFile: \(secret)}}]
                prometheus:
                  - name: default
                    url: \(world.prometheusURL)
                    scrapeInterval: 5s
                    pollInterval: \(pollInterval)
                    rules:
                      output: Directory
                      directory: {path: \(world.rulesDirectory), reloadURL: "\(world.prometheusURL)/-/reload"}
                      interval: 5s

                """
            }
            try writeFile(config, text("2s"))
            let daemon = try Daemon(world, config: config)
            try await daemon.ready(world)
            try await world.apply("burnt", burnt(world, notify))
            #expect(try await eventually(within: .seconds(90)) { try await states(world, "burnt") == ["oncall/warn=Firing"] })
            isWell.withLock { $0 = false }
            let begun = server.requests.count
            try await world.delete("burnt")
            #expect(await eventually(within: .seconds(15)) { server.requests.count > begun })
            try writeFile(config, text("3s"))
            #expect(await eventually(within: .seconds(40)) { daemon.process.output.contains("beginning anew with the new configuration") })
            let before = server.requests.count
            isWell.withLock { $0 = true }
            #expect(
                await eventually(within: .seconds(40)) {
                    server.requests.dropFirst(before).contains { $0.body.contains(#""event_action":"resolve""#) }
                })
            #expect(try await daemon.stop() == .code(0))
        }
    }

    @Test func whatWasAboutToBeToldIsToldAfterAKillUnderTheSameKey() async throws {
        let isWell = Mutex(false)
        let server = try ScriptedServer { _, _ in isWell.withLock(\.self) ? .json("{}", status: 202) : .respond(503) }
        defer { server.stop() }
        try await World.with("tell") { world in
            let secret = world.scratch.file("routing-key")
            try writeFile(secret, "r0utingk3y0fthet3st\n")
            let settings = "notifiers: [{name: oncall, webhook: {template: PagerDuty, url: \"\(server.url)\", secretFile: \(secret)}}]"
            let first = try Daemon(world, settings: settings)
            try await first.ready(world)
            var spec = burnt(world, notify)
            spec["policy"] = [["name": "warn", "remainingBelow": "0%", "actions": ["Notify"], "notifiers": ["oncall", "ghost"]]]
            try await world.apply("burnt", spec)
            #expect(await eventually(within: .seconds(90)) { !server.requests.isEmpty }, "\(first.process.output)")
            #expect(try await states(world, "burnt") == ["oncall/warn=Sending"], "noted before it was tried")
            first.process.signal(SIGKILL)
            _ = await first.process.wait(timeout: .seconds(10))
            isWell.withLock { $0 = true }
            let tried = server.requests.count
            let second = try Daemon(world, output: "second.log", settings: settings)
            try await second.ready(world)
            #expect(try await eventually(within: .seconds(60)) { try await states(world, "burnt") == ["oncall/warn=Firing"] })
            let keys = try server.requests.map { try JSON(parsing: $0.body)["dedup_key"]?.stringValue }
            #expect(Set(keys) == ["plimsoll/\(world.namespace)/\(world.namespace)/burnt/warn"])
            #expect(server.requests.count == tried + 1)
            let told = try #require(try await world.condition("burnt", "Notified"))
            #expect(told.status == .false && told.reason == "NotifierUnknown")
            #expect(told.message.contains(#"spec.policy[0].notifiers[1]: "ghost" is no notifier"#))
            #expect(try await world.loadedGroups("burnt") > 0, "and its rules are written all the same")
            let metrics = try await world.fetch("\(second.metricsURL)/metrics").text
            #expect(metrics.contains(#"plimsoll_notifications_total{notifier="oncall",outcome="delivered"} 1"#))
            #expect(metrics.contains(#"plimsoll_notifications_pending{notifier="oncall"} 0"#))
            spec["policy"] = [["name": "freeze", "remainingBelow": "0%", "actions": ["FreezeRollouts"]]]
            try await world.apply("burnt", spec)
            #expect(await eventually(within: .seconds(30)) { server.requests.last?.body.contains(#""event_action":"resolve""#) == true })
            #expect(try await eventually { try await states(world, "burnt").isEmpty })
            #expect(try await world.condition("burnt", "Notified") == nil)
            for daemon in [first, second] { #expect(!daemon.process.output.contains("r0utingk3y")) }
            #expect(try await second.stop() == .code(0))
        }
    }
}
