extension MetricDescription {
    /// What the runtime's metrics mean, and their buckets. The names, units and buckets of `workqueue_*` and `controller_runtime_*` are those of
    /// client-go and controller-runtime, so that their dashboards and alerts work.
    package static let runtime: [MetricDescription] = {
        // client-go: 10 ns to 1000 s by powers of ten; below 10 us nothing is told apart here.
        let queueBuckets = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000]
        let reconcileBuckets = [
            0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4,
            4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
        ]
        // client-go's, in seconds.
        let requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 45, 60]
        return [
            .init("rest_client_requests_total", "Requests to the API server, each attempt, by status code, method and host."),
            .init("rest_client_request_retries_total", "Requests to the API server that were sent again, by why, verb and host."),
            .init(
                "rest_client_request_duration_seconds", "How long a request to the API server took; watches are not in it.",
                buckets: requestBuckets),
            .init(
                "rest_client_rate_limiter_duration_seconds",
                "How long a request waited before it was sent because the API server had asked all to hold back.", buckets: requestBuckets),
            .init("rest_client_exec_plugin_call_total", "Runs of the credential plug-in, by exit code and outcome."),
            .init("plimsoll_http_connections_shed_total", "Connections to the daemon that were closed because there were too many."),
            .init("workqueue_depth", "Items ready in the work queue, by priority."),
            .init("workqueue_adds_total", "Adds handled by the work queue."),
            .init("workqueue_queue_duration_seconds", "How long an item stays ready in the work queue before it is taken.", buckets: queueBuckets),
            .init("workqueue_work_duration_seconds", "How long processing an item from the work queue takes.", buckets: queueBuckets),
            .init("workqueue_unfinished_work_seconds", "Seconds of work in progress that workqueue_work_duration_seconds has not seen yet."),
            .init("workqueue_longest_running_processor_seconds", "How long the longest running processor of the work queue has been running."),
            .init("workqueue_retries_total", "Retries handled by the work queue."),
            .init("controller_runtime_reconcile_total", "Reconciliations per controller, by result."),
            .init("controller_runtime_reconcile_errors_total", "Reconciliations per controller that ended in an error."),
            .init("controller_runtime_terminal_reconcile_errors_total", "Reconciliations per controller that ended in an error that is not retried."),
            .init("controller_runtime_reconcile_timeouts_total", "Reconciliations per controller that took too long."),
            .init("controller_runtime_reconcile_panics_total", "Reconciliations per controller that crashed."),
            .init("controller_runtime_reconcile_time_seconds", "How long a reconciliation takes, per controller.", buckets: reconcileBuckets),
            .init("controller_runtime_max_concurrent_reconciles", "Workers per controller."),
            .init("controller_runtime_active_workers", "Workers per controller that are at work."),
            .init("plimsoll_consistency_gate_wait_seconds", "How long a reconciliation waited until the cache had seen the controller's own writes."),
            .init("plimsoll_consistency_gate_timeouts_total", "Reconciliations that began before the cache had seen the controller's own writes."),
            .init("plimsoll_events_total", "Kubernetes events, by what became of them."),
            .init("plimsoll_reflector_lists", "Lists a cache has made since it began."),
            .init("plimsoll_reflector_watches", "Watches a cache has opened since it began."),
            .init("plimsoll_reflector_short_watches", "Watches of a cache that ended at once and brought nothing."),
            .init("plimsoll_reflector_objects", "Objects in a cache."),
            .init("plimsoll_reflector_synced", "Whether a cache has its first list (1) or not (0)."),
            .init("plimsoll_reflector_undecodable_total", "Watch events and items of lists that could not be read."),
            .init("plimsoll_reflector_unreadable_objects", "Objects that are there and can't be read; a cache keeps what it knew of them."),
            .init("plimsoll_sampler_polls_total", "Polls of an outside source."),
            .init("plimsoll_sampler_failures_total", "Polls of an outside source that failed."),
            .init("plimsoll_sampler_value_age_seconds", "How old the last good answer of an outside source was after the last poll."),
        ]
    }()
}
