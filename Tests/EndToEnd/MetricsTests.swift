import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct MetricsTests {
    @Test(.enabled(if: TestEnvironment.executable("promtool") != nil, "needs promtool"))
    func promtoolFindsNothingWrongWithOurMetrics() async throws {
        try await World.with("metrics") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            try await world.apply("availability", world.spec())
            var bad = world.spec()
            bad["window"] = ["calendar": ["unit": "Month", "timeZone": "Europe/Olso"]]
            try await world.apply("invalid", bad)
            try await world.wait("availability", "Ready", .true, within: .seconds(60))
            try await world.wait("invalid", "Stalled", .true)

            let own = #"plimsoll_namespace="\#(world.namespace)",plimsoll_slo="availability",service="prometheus""#
            // Ready comes with the first figures, and an hour's ratio with the evaluation after.
            let ratio = #"plimsoll_slo_error_ratio{\#(own),window="1h"} "#
            _ = try await eventually(within: .seconds(30)) { try await world.fetch("\(daemon.metricsURL)/metrics").text.contains(ratio) }
            let page = try await world.fetch("\(daemon.metricsURL)/metrics")
            #expect(page.status == 200)
            for sample in [
                "plimsoll_slo_objective_ratio{\(own)} 0.99", ratio,
                "plimsoll_slo_sampled_timestamp_seconds{\(own)} ", "plimsoll_slo_status_writes_total ", "plimsoll_slo_rule_writes_total ",
                #"plimsoll_sampler_polls_total{sampler="default/figures"} "#,
            ] {
                #expect(page.text.contains(sample), "no \(sample)")
            }
            #expect(!page.text.contains(#"plimsoll_slo="invalid""#))
            // The names and labels that dashboards for controller-runtime and client-go know, all there from the start.
            let host = String(world.client.configuration.server.drop { $0 != "/" }.dropFirst(2))
            let names = [
                #"workqueue_depth{name="slo",priority="#, #"workqueue_adds_total{name="slo"} "#, #"workqueue_retries_total{name="slo"} "#,
                #"workqueue_queue_duration_seconds_bucket{name="slo",le="#, #"workqueue_work_duration_seconds_bucket{name="slo",le="#,
                #"workqueue_unfinished_work_seconds{name="slo"} "#, #"workqueue_longest_running_processor_seconds{name="slo"} "#,
                #"controller_runtime_reconcile_total{controller="slo",result="error"} "#,
                #"controller_runtime_reconcile_total{controller="slo",result="requeue"} "#,
                #"controller_runtime_reconcile_total{controller="slo",result="requeue_after"} "#,
                #"controller_runtime_reconcile_total{controller="slo",result="success"} "#,
                #"controller_runtime_reconcile_errors_total{controller="slo"} "#,
                #"controller_runtime_terminal_reconcile_errors_total{controller="slo"} "#,
                #"controller_runtime_reconcile_panics_total{controller="slo"} 0"#, #"controller_runtime_reconcile_timeouts_total{controller="slo"} "#,
                #"controller_runtime_reconcile_time_seconds_bucket{controller="slo",le="#,
                #"controller_runtime_max_concurrent_reconciles{controller="slo"} "#,
                #"controller_runtime_active_workers{controller="slo"} "#, #"rest_client_requests_total{code="200",host="\#(host)",method="GET"} "#,
                #"rest_client_requests_total{code="429",host="\#(host)",method="PATCH"} 0"#,
                #"rest_client_request_duration_seconds_bucket{host="\#(host)",verb="GET",le="#,
                #"rest_client_rate_limiter_duration_seconds_count{host="\#(host)",verb="PATCH"} "#, "plimsoll_ready 1", "plimsoll_apiserver_up 1",
                #"plimsoll_source_up{question="rules",source="default"} 1"#, #"plimsoll_kube_connections_open{lane="watch"} "#,
            ]
            for name in names { #expect(page.text.contains("\n\(name)"), "no \(name)") }

            let file = world.scratch.file("metrics.txt")
            try writeFile(file, page.text)
            // The shell only for `<`.
            let check = try ChildProcess(
                "/bin/sh", ["-c", #"exec "$0" check metrics <"$1""#, try #require(TestEnvironment.executable("promtool")), file],
                output: world.scratch.file("promtool.log"))
            #expect(await check.wait(timeout: .seconds(30)) == .code(0), "\(check.output)")
            // Lint is no failure of promtool's, but of ours: metrics under names of our own follow the rules, and those of client-go are what they are.
            let complaints = check.output.split(separator: "\n").filter { $0.hasPrefix("plimsoll_") }
            #expect(complaints.isEmpty, "\(check.output)")
            #expect(try await daemon.stop() == .code(0))
        }
    }
}
