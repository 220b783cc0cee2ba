import Glibc
import KubeClient
import KubeModel
import PlimsollAPI
import ServiceLevels
import TestSupport
import Values

/// Many SLOs at once: time to the first sync, until all rules are written and all statuses have figures; memory and writes.
struct Scale {
    let count: Int
    /// Of the layout Fleet; 0: PerSLO.
    let places: Int
    /// Between polls, in seconds, give or take a tenth.
    private static let poll = 30.0

    func run() async throws {
        try await World.with("scale") { world in
            let lanes = 16
            let few = try await polls(world, ofFew: 10)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<lanes {
                    group.addTask {
                        for index in stride(from: lane, to: count, by: lanes) { try await world.apply("slo-\(index)", spec(world)) }
                    }
                }
                try await group.waitForAll()
            }
            say("SCALE created \(count)")
            let start = ContinuousClock.now
            let daemon = try daemon(world)
            try await daemon.ready(world)
            let synced = ContinuousClock.now - start
            let written = try await time(since: start, "rules of all") {
                try await self.count(world) { $0.status.observedGeneration == $0.metadata.generation } == count
            }
            let ready = try await time(since: start, "figures of all") {
                try await self.count(world) { $0.status.conditions["Ready"]?.status == .true } == count
            }
            let writes = try await writes(world, daemon)
            say(
                "SCALE slos=\(count) places=\(places) synced=\(synced) statuses=\(written) figures=\(ready) writes-per-slo=\(Double(writes) / Double(count))"
            )
            let before = try await Usage(world, daemon)
            try await Task.sleep(for: .seconds(120))
            let used = try await Usage(world, daemon)
            let polls = (used.polls - before.polls) / 2
            let lag = try await lag(world)
            // So many are made at most, of however many SLOs: each poll's questions, as often as two minutes' polls can begin.
            let most = Double(FleetQueries.Question.allCases.count + 1) * (120 / Self.poll * 1.1).rounded(.up) / 2
            say("FIGURE slo_polls_a_minute_\(count) \(polls) requests <=\(most) \(polls <= most && few <= most ? "ok" : "short")")
            say("FIGURE slo_condition_lag_\(count) \(lag / .seconds(1)) s <=60 \(lag <= .seconds(60) ? "ok" : "short")")
            say(
                "SCALE-STEADY slos=\(count) polls-a-minute=\(polls) of-ten-slos=\(few) preflights-a-minute=\((used.preflights - before.preflights) / 2) condition-lag=\(lag) cpu=\((used.cpu - before.cpu) / 120) prometheus-cpu=\((used.prometheusCPU - before.prometheusCPU) / 120) resident-MiB=\(try residentMiB(daemon)) peak-MiB=\(try residentMiB(daemon, "VmHWM:"))"
            )
            try await daemon.stop()
        }
    }

    private func daemon(_ world: World) throws -> Daemon {
        try Daemon(
            world, interval: "60s", poll: "\(Int(Self.poll))s", timeout: "30s",
            layout: places == 0 ? "layout: PerSLO" : "layout: Fleet\n      fleet: {places: \(places)}")
    }

    /// How often a minute the daemon asks for the figures and rules of so few SLOs, which stay.
    private func polls(_ world: World, ofFew few: Int) async throws -> Double {
        for index in 0..<few { try await world.apply("slo-\(index)", spec(world)) }
        let daemon = try daemon(world)
        try await daemon.ready(world)
        for index in 0..<few { try await world.wait("slo-\(index)", "Ready", .true, within: .seconds(300)) }
        let before = try await Usage(world, daemon)
        try await Task.sleep(for: .seconds(120))
        let used = try await Usage(world, daemon)
        try await daemon.stop()
        return (used.polls - before.polls) / 2
    }

    /// Of few series: all that is read comes from one Prometheus, which evaluates everybody's rules besides.
    private func spec(_ world: World) -> JSON {
        var spec = world.spec(total: #"prometheus_http_requests_total{job="prometheus",handler="/metrics"}"#)
        spec["indicator"]?["ratio"]?["errors"] = #"prometheus_http_requests_total{job="prometheus",handler="/metrics",code=~"5.."}"#
        return spec
    }

    /// What is spent, in seconds of a CPU and in queries since the start.
    private struct Usage {
        let cpu: Double
        let prometheusCPU: Double
        /// What the daemon asked for of Prometheus again and again, by its own count; and for preflight, at a bounded rate.
        let polls, preflights: Double

        init(_ world: World, _ daemon: Daemon) async throws {
            let stat = try readFile("/proc/\(daemon.process.pid)/stat").split(separator: ") ").last?.split(separator: " ") ?? []
            cpu = stat.count > 12 ? ((Double(stat[11]) ?? 0) + (Double(stat[12]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK))) : 0
            let metrics = try await world.fetch("\(world.prometheusURL)/metrics").text.split(separator: "\n")
            func sum(_ prefix: String) -> Double {
                metrics.filter { $0.hasPrefix(prefix) }
                    .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
            }
            prometheusCPU = sum("process_cpu_seconds_total ")
            let own = try await world.fetch("\(daemon.metricsURL)/metrics").text.split(separator: "\n")
            func asked(_ purposes: [String]) -> Double {
                own.filter { line in
                    line.hasPrefix("plimsoll_source_requests_total{") && purposes.contains { line.contains("purpose=\"\($0)\"") }
                }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
            }
            polls = asked(["figures", "rules"])
            preflights = asked(["preflight"])
        }
    }

    /// From an alert in Prometheus to the condition that tells of it.
    private func lag(_ world: World) async throws -> Swift.Duration {
        var spec = world.spec()
        // Requests that a server refuses, of which there are none yet.
        spec["indicator"]?["ratio"]?["errors"] = #"prometheus_http_requests_total{job="prometheus",code="400"}"#
        for probe in 0..<5 { try await world.apply("probe-\(probe)", spec) }
        for probe in 0..<5 { try await world.wait("probe-\(probe)", "Ready", .true, within: .seconds(300)) }
        // A busy server may leave one or the other unanswered.
        for _ in 0..<3000 { _ = try? await world.fetch("\(world.prometheusURL)/api/v1/query?query=sum(") }
        // Each from its own alert: groups of rules are evaluated at moments of their own.
        return try await withThrowingTaskGroup(of: Swift.Duration.self) { group in
            for probe in 0..<5 { group.addTask { try await lag(world, of: "probe-\(probe)") } }
            return try await group.reduce(.zero) { max($0, $1) }
        }
    }

    private func lag(_ world: World, of name: String) async throws -> Swift.Duration {
        let alert = "ALERTS%7Bplimsoll_slo%3D%22\(name)%22%2Calertstate%3D%22firing%22%2Cnamespace%3D%22\(world.namespace)%22%7D"
        guard
            await eventually(
                within: .seconds(300), every: .seconds(1),
                { (try? await world.fetch("\(world.prometheusURL)/api/v1/query?query=\(alert)").text.contains(name)) ?? false })
        else { throw Missing("an alert of \(name)") }
        let start = ContinuousClock.now
        try await world.wait(name, "BudgetHealthy", .false, within: .seconds(300))
        return ContinuousClock.now - start
    }

    private func time(since start: ContinuousClock.Instant, _ what: String, _ condition: () async throws -> Bool) async throws -> Swift.Duration {
        guard try await eventually(within: .seconds(1800), every: .seconds(count > 2000 ? 30 : 1), condition) else {
            throw Missing("\(what) within 30 minutes")
        }
        return ContinuousClock.now - start
    }

    private func count(_ world: World, _ test: (SLO) -> Bool) async throws -> Int {
        try await world.client.listAll(SLO.resource, namespace: world.namespace, as: SLO.self).items.count(where: test)
    }

    /// Writes of the daemon, by its own count of requests.
    private func writes(_ world: World, _ daemon: Daemon) async throws -> Int {
        let metrics = try await world.fetch("\(daemon.metricsURL)/metrics").text
        return metrics.split(separator: "\n").filter { $0.hasPrefix("plimsoll_slo_status_writes_total") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.map { Int($0) }.reduce(0, +)
    }

    private func residentMiB(_ daemon: Daemon, _ row: String = "VmRSS:") throws -> Int {
        let status = try readFile("/proc/\(daemon.process.pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix(row) } ?? ""
        return (Int(line.split(separator: " ").dropFirst().first ?? "0") ?? 0) / 1024
    }
}
