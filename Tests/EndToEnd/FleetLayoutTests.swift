import Glibc
import KubeModel
import TestSupport
import Testing
import Values

/// Rules that SLOs share, in a real Prometheus.
@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct FleetLayoutTests {
    static let layouts = ["layout: PerSLO", "layout: Fleet\n      fleet: {places: 2}"]

    /// All that comes fails.
    private static func burning(_ world: World) -> JSON {
        var spec = world.spec()
        spec["indicator"]?["ratio"]?["errors"] = #"prometheus_http_requests_total{job="prometheus",code=~".+"}"#
        return spec
    }

    private static func firing(_ world: World, _ name: String) async throws -> Int {
        let query = #"count(ALERTS{alertstate="firing",namespace="\#(world.namespace)",plimsoll_slo="\#(name)",plimsoll_tier="fast"}) or vector(0)"#
        let answer = try await world.fetch("\(world.prometheusURL)/api/v1/query?query=\(percentEncoded(query))")
        return Int(try JSON(parsing: answer.text)["data"]?["result"]?.arrayValue?.first?["value"]?.arrayValue?.last?.stringValue ?? "") ?? -1
    }

    /// The labels of what a query gives.
    private static func series(_ world: World, _ query: String) async throws -> [[String: String]] {
        let answer = try await world.fetch("\(world.prometheusURL)/api/v1/query?query=\(percentEncoded(query))")
        return (try JSON(parsing: answer.text)["data"]?["result"]?.arrayValue ?? []).compactMap { $0["metric"]?.objectValue }.map { metric in
            Dictionary(uniqueKeysWithValues: metric.map { ($0.key, $0.value.stringValue ?? "") })
        }
    }

    /// How many rules hold the alert for firing. The series ALERTS would not do: where a series moves to another group, the former group's end marks it
    /// stale until the other's next evaluation.
    private static func active(_ world: World, _ name: String) async throws -> Int {
        let alerts = try JSON(parsing: try await world.fetch("\(world.prometheusURL)/api/v1/alerts").text)["data"]?["alerts"]?.arrayValue ?? []
        return alerts.count { alert in
            let labels = alert["labels"]
            return alert["state"] == "firing" && labels?["namespace"]?.stringValue == world.namespace && labels?["plimsoll_slo"]?.stringValue == name
                && labels?["plimsoll_tier"] == "fast"
        }
    }

    /// An SLO burns all the while, and another's spec is invalid by then, so that it can't change over.
    @Test func anotherLayoutSilencesNobody() async throws {
        try await World.with("layouts") { world in
            var daemon = try Daemon(world, layout: Self.layouts[0])
            try await daemon.ready(world)
            try await world.apply("burning", Self.burning(world))
            try await world.apply("stuck", Self.burning(world))
            for name in ["burning", "stuck"] { try await world.wait(name, "RulesLoaded", .true) }
            for name in ["burning", "stuck"] { #expect(try await eventually { try await Self.firing(world, name) == 1 }) }
            try await daemon.stop()
            var broken = Self.burning(world)
            broken["indicator"]?["ratio"]?["errors"] = "up == 0"
            try await world.apply("stuck", broken)
            for (number, layout) in [Self.layouts[1], "layout: Fleet\n      fleet: {places: 4}", Self.layouts[0]].enumerated() {
                daemon = try Daemon(world, output: "\(number).log", layout: layout)
                try await daemon.ready(world)
                // For the time of a few evaluations: the new rules come, and the old ones go.
                for _ in 0..<24 {
                    #expect(try await Self.active(world, "stuck") >= 1, "\(layout)")
                    // Its own alert begins with the evaluation after the reload, by which the shared one may be gone.
                    if number < 2 { #expect(try await Self.active(world, "burning") >= 1, "\(layout)") }
                    try await Task.sleep(for: .milliseconds(500))
                }
                let own = number == 2 ? 3 : 1
                #expect(try await eventually { try await world.loadedGroups("burning") == own })
                try await world.wait("burning", "RulesLoaded", .true)
                #expect(try await world.loadedGroups("stuck") == 3, "what was asked for last stays")
                for name in ["burning", "stuck"] { #expect(try await eventually { try await Self.firing(world, name) == 1 }) }
                try await daemon.stop()
            }
            try await world.delete("stuck")
            try await world.delete("burning")
        }
    }

    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(UInt32(byte) + 256, radix: 16).dropFirst().uppercased()
        }.joined()
    }

    @Test func sharedRulesLiveAsTheSLOsDo() async throws {
        try await World.with("fleet") { world in
            let daemon = try Daemon(world, layout: Self.layouts[1])
            try await daemon.ready(world)
            try await world.apply("burning", Self.burning(world))
            try await world.apply("calm", world.spec())
            for name in ["burning", "calm"] {
                try await world.wait(name, "Ready", .true)
                #expect(try await world.condition(name, "RulesLoaded")?.status == .true)
                #expect(try await world.loadedGroups(name) == 1, "the rest is shared")
            }
            #expect(try await eventually { try await Self.firing(world, "burning") == 1 })
            #expect(try await Self.firing(world, "calm") == 0)
            try await world.wait("burning", "BudgetHealthy", .false)
            // An edit is seen through the shared rules.
            try await world.apply("calm", world.spec(objective: "98%"))
            #expect(
                try await eventually {
                    let loaded = try await world.condition("calm", "RulesLoaded")
                    return loaded?.status == .true && loaded?.observedGeneration == 2
                })
            // While the daemon is down one becomes invalid: its alert must not go out when the shared rules are made anew.
            try await daemon.stop()
            var broken = Self.burning(world)
            broken["indicator"]?["ratio"]?["errors"] = "up == 0"
            try await world.apply("burning", broken)
            let second = try Daemon(world, output: "second.log", layout: Self.layouts[1])
            try await second.ready(world)
            try await world.wait("burning", "Stalled", .true)
            try await world.apply("calm", world.spec(objective: "97%"))
            #expect(try await eventually { try await world.condition("calm", "RulesLoaded")?.observedGeneration == 3 })
            try await world.wait("calm", "RulesLoaded", .true)
            #expect(try await Self.firing(world, "burning") == 1)
            try await world.delete("burning")
            #expect(try await eventually { try await Self.firing(world, "burning") == 0 })
            try await world.delete("calm")
            #expect(try await eventually { try await world.loadedFiles().isEmpty }, "nothing is left of either")
            try await second.stop()
        }
    }

    @Test(arguments: layouts) func aPoisonedSLOSilencesNoOther(layout: String) async throws {
        try await World.with("poison") { world in
            let daemon = try Daemon(world, layout: layout)
            try await daemon.ready(world)
            // PromQL that no server parses, and such that fails at each evaluation once a series is there twice.
            var unparsed = world.spec()
            unparsed["indicator"] = ["ratio": ["errors": "sum(rate(up[$window])", "total": "sum(rate(up[$window]))"]]
            let poison = "poison_\(world.namespace.replacing("-", with: "_"))"
            func poisoned(_ selector: String) -> JSON {
                .string(#"rate(\#(selector)[$window]) * on (job) group_left () {__name__=~"up|\#(poison)",job="prometheus"}"#)
            }
            var failing = world.spec()
            failing["indicator"] = [
                "ratio": [
                    "errors": poisoned(#"prometheus_http_requests_total{job="prometheus",code=~"5.."}"#),
                    "total": poisoned(#"prometheus_http_requests_total{job="prometheus"}"#),
                ]
            ]
            try await world.apply("unparsed", unparsed)
            try await world.apply("failing", failing)
            try await world.apply("burning", Self.burning(world))
            for name in ["failing", "burning"] { try await world.wait(name, "RulesLoaded", .true) }
            #expect(try await eventually { try await Self.firing(world, "burning") == 1 })
            #expect(try await world.condition("unparsed", "RulesLoaded")?.status != .true)
            // Somebody's rules that record it, and the budget of the healthy one twice more.
            var doubled: [String] = []
            for record in ["plimsoll:error_budget:ratio", "plimsoll:alerting:ratio"] {
                let query = "\(record){plimsoll_namespace=\"\(world.namespace)\",plimsoll_slo=\"burning\"}"
                if !record.contains("alerting") { #expect(try await eventually { try await !Self.series(world, query).isEmpty }) }
                for series in try await Self.series(world, query) {
                    let labels = series.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }.map { "\($0.key): '\($0.value)', " }.joined()
                    doubled += ["1", "2"].map { "  - {record: '\(record)', expr: vector(0.5), labels: {\(labels)copy: '\($0)'}}" }
                }
            }
            #expect(doubled.count >= 2)
            let record = "  - {record: '\(poison)', expr: vector(1), labels: {job: prometheus}}"
            let file = "\(world.rulesDirectory)/foreign_\(world.namespace).yaml"
            defer { unlink(file) }
            try writeFile(file, "groups:\n- name: foreign-\(world.namespace)\n  rules:\n\((doubled + [record]).joined(separator: "\n"))\n")
            try await world.apply("late", Self.burning(world))
            try await world.wait("late", "RulesLoaded", .true)
            #expect(try await eventually { try await Self.firing(world, "late") == 1 })
            #expect(try await Self.firing(world, "burning") == 1)
            try await world.wait("failing", "RulesLoaded", .false)
            #expect(try await world.condition("failing", "RulesLoaded")?.reason == "EvaluationFailed")
            for name in ["burning", "late"] {
                #expect(try await world.condition(name, "RulesLoaded")?.status == .true)
                #expect(try await Self.firing(world, name) == 1)
            }
            try await daemon.stop()
        }
    }
}
