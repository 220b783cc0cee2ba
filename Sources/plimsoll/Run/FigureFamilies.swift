import KubeModel
import ServiceLevelsController
import Serving
import Values

/// The SLOs' figures as metrics. Label names are the rules' own: `namespace` would clash with a scraped pod's.
enum FigureFamilies {
    /// What the SLO controller counts itself.
    static let descriptions: [MetricDescription] = [
        .init("plimsoll_slo_status_writes_total", "Writes of an SLO's status."),
        .init("plimsoll_slo_rule_writes_total", "Writes of an SLO's rules to where its source keeps them."),
        .init("plimsoll_source_requests_total", "Requests to a Prometheus source, by what they are for: figures, rules, days, preflight."),
        .init(
            "plimsoll_notifications_total",
            "Attempts to tell a notifier of a policy's step, by outcome: delivered, failed, refused; abandoned: a deleted SLO's end is given up."),
        .init("plimsoll_notifications_pending", "What a notifier is still to be told."),
    ]

    static func families(_ reports: [SLOReport]) -> [MetricFamily] {
        var objective: [MetricSample] = []
        var ratio: [MetricSample] = []
        var remaining: [MetricSample] = []
        var sampled: [MetricSample] = []
        for report in reports {
            let identity = [("plimsoll_namespace", report.key.namespace), ("plimsoll_slo", report.key.name), ("service", report.service)]
            objective.append(MetricSample(identity, report.objective))
            if let time = report.sampled { sampled.append(MetricSample(identity, time.secondsSinceEpoch)) }
            for group in report.groups {
                let labels = identity + (group.name.isEmpty ? [] : [("plimsoll_group", group.name)])
                for entry in group.errorRatios { ratio.append(MetricSample(labels + [("window", entry.window)], entry.ratio)) }
                if let share = group.remaining { remaining.append(MetricSample(labels, share)) }
            }
        }
        return [
            MetricFamily(name: "plimsoll_slo_objective_ratio", help: "The objective of an SLO, of 1.", samples: objective),
            MetricFamily(
                name: "plimsoll_slo_error_ratio", help: "Failed events over all events within a window, weighted by events.", samples: ratio),
            MetricFamily(
                name: "plimsoll_slo_error_budget_remaining_ratio", help: "The share of the error budget that is left, below zero once overspent.",
                samples: remaining),
            MetricFamily(
                name: "plimsoll_slo_sampled_timestamp_seconds", help: "When the newest sample behind an SLO's figures was taken.", samples: sampled),
        ]
    }
}
