import KubeModel
import TestSupport
import Testing
import Values

/// The sample service behaves on real containers as it is told to, and Prometheus sees each of its pods: what tests of rollouts lean on.
@Suite(.enabled(if: SampleImage.hasNode, "needs a cluster with a node"))
struct SampleServiceTests {
    @Test func errorsAndLatencyAreAsTold() async throws {
        try await SampleImage.load()
        try await World.with("sample") { world in
            let good = SampleWorkload(world, "good")
            let bad = SampleWorkload(world, "bad")
            try await good.apply()
            try await bad.apply(["--errors=30%", "--latency=300ms"])
            try await good.waitUntilRolledOut()
            try await bad.waitUntilRolledOut()
            let pods = Set(try await bad.pods().map(\.name))
            var goodReport = Load.Report()
            let badReport = try await Load.against(try await bad.url(), perSecond: 20) { _ in
                goodReport = try await Load.against(try await good.url(), perSecond: 20) { _ in try await Task.sleep(for: .seconds(15)) }
            }
            // Each of these bounds is five standard deviations of the binomial away, or more.
            #expect(goodReport.failures.isEmpty && goodReport.answers[200] == goodReport.sent, "\(goodReport.failures)")
            #expect(goodReport.sent > 200)
            #expect(try #require(goodReport.quantile(0.5)) < 0.2)
            let share = Double(badReport.answers[500] ?? 0) / Double(badReport.answered)
            #expect(badReport.answered == badReport.sent && share > 0.15 && share < 0.45, "\(badReport.answers)")
            #expect(try #require(badReport.quantile(0.01)) >= 0.3)
            #expect(Set(badReport.pods.keys) == pods, "kube-proxy gives each pod its share: \(badReport.pods)")
            #expect(badReport.pods.values.allSatisfy { $0 * 4 > badReport.answered }, "\(badReport.pods)")

            // Its own log has every failure, with its time.
            var logged: [SampleLogLine] = []
            for pod in pods { logged += try await bad.log(pod) }
            #expect(logged.count { $0.event == .started } == 2)
            #expect(logged.count { $0.event == .failed } == badReport.answers[500])
            let first = try #require(logged.filter { $0.event == .failed }.map(\.at).min())
            let sent = try #require(badReport.failures.map(\.at).min())
            #expect(first.since(sent) >= .zero && first.since(sent) < .seconds(5))

            // And so has Prometheus, pod by pod.
            func count(_ metric: String, _ matchers: String) async throws -> Double? {
                try await world.number(#"sum(\#(metric){namespace="\#(world.namespace)",\#(matchers)})"#)
            }
            let total = Double(badReport.answered)
            #expect(try await eventually { try await count("http_requests_total", #"pod=~"bad-.*""#) == total })
            #expect(try await count("http_requests_total", #"pod=~"bad-.*",code="500""#) == Double(badReport.answers[500] ?? 0))
            #expect(try await count("http_request_duration_seconds_bucket", #"pod=~"bad-.*",le="0.25""#) == 0)
            let slow = try await count("http_request_duration_seconds_bucket", #"pod=~"bad-.*",le="0.5""#)
            #expect(try #require(slow) > 0.9 * total)
            #expect(try await count("http_request_duration_seconds_bucket", #"pod=~"bad-.*",le="+Inf""#) == total)
            let series = try await world.query(#"http_request_duration_seconds_count{namespace="\#(world.namespace)",pod=~"bad-.*"}"#)
            #expect(Set(series.keys.compactMap { $0["pod"] }) == pods)
            #expect(try await count("http_requests_total", #"pod=~"good-.*",code!="200""#) == nil)
        }
    }

    @Test func crashesAndPodsThatAreNeverReadyAreAsTold() async throws {
        try await SampleImage.load()
        try await World.with("sample") { world in
            let crashing = SampleWorkload(world, "crashing", replicas: 1)
            let never = SampleWorkload(world, "never", replicas: 1)
            let slow = SampleWorkload(world, "slow", replicas: 1)
            let once = SampleWorkload(world, "once", replicas: 1)
            let start = ContinuousClock.now
            for (workload, arguments) in [
                (crashing, ["--crash-after=0s"]), (never, ["--never-ready"]), (slow, ["--start-up=8s"]), (once, ["--crash-after=5s"]),
            ] { try await workload.apply(arguments) }
            try await slow.waitUntilRolledOut()
            #expect(ContinuousClock.now - start >= .seconds(8))
            let isLooping = try await eventually(within: .seconds(60)) {
                try await crashing.pods().contains { $0.waitingReason == "CrashLoopBackOff" && $0.restarts > 0 }
            }
            #expect(isLooping)
            let crashed = try #require(try await crashing.pods().first)
            // Of the one before there is no log for a moment when it dies again.
            let toldOfItsCrash = try await eventually(within: .seconds(30)) {
                try await crashing.log(crashed.name, previous: true).map(\.event) == [.started, .crashed]
            }
            #expect(toldOfItsCrash)
            #expect(try await eventually(within: .seconds(60)) { try await once.pods().first.map { $0.restarts > 0 } ?? false })
            #expect(ContinuousClock.now - start >= .seconds(5))
            let stuck = try await never.pods()
            #expect(stuck.count == 1 && stuck.allSatisfy { !$0.isReady && $0.restarts == 0 && $0.address != nil }, "\(stuck)")
        }
    }

    /// Pods come and go under load without any failure: what a test of rollouts counts as one is the release's.
    @Test func aHealthyRolloutFailsNoRequest() async throws {
        try await SampleImage.load()
        try await World.with("sample") { world in
            var workload = SampleWorkload(world, "shop", replicas: 3)
            workload.spec = ["strategy": ["rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]]]
            try await workload.apply(["--latency=1ms"])
            try await workload.waitUntilRolledOut()
            let old = Set(try await workload.pods().map(\.hash))
            let report = try await Load.against(try await workload.url(), perSecond: 50) { _ in
                try await workload.apply(["--latency=2ms"])
                try await workload.waitUntilRolledOut()
            }
            #expect(report.failures.isEmpty, "\(report.failures.prefix(10))")
            let new = Set(try await workload.pods().filter { !$0.isDeleting }.map(\.hash))
            #expect(new.count == 1 && new.isDisjoint(with: old))
            // Ended by SIGTERM, and not by SIGKILL ten seconds later, which leaves no word. How soon the pod is gone is the kubelet's affair.
            let leaving = try await workload.pods().filter { old.contains($0.hash) }
            for pod in leaving {
                let isOver = try await eventually(within: .seconds(150)) {
                    if try await workload.log(pod.name).last?.event == .ended { return true }
                    return try await !workload.pods().contains { $0.name == pod.name }
                }
                let state = try await "\(pod.name) of \(workload.pods()): \(workload.log(pod.name))"
                #expect(isOver, "\(state)")
            }
        }
    }
}
