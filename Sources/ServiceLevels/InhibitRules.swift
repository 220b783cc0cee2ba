package import Values

/// Alertmanager's `inhibit_rules` for Plimsoll's alerts: the same for all SLOs, so that one incident notifies once.
package enum InhibitRules {
    /// A tier silences those of lower rank of the same SLO and group: what burns at 14 times burns at 6 times too, and who is paged needs no ticket.
    package static var json: JSON {
        let most = 8
        let equal: JSON = .array([LabelNames.instance, LabelNames.namespace, LabelNames.slo, LabelNames.group].map { .string($0) })
        return .array(
            (1..<most).map { rank in
                let lower = rank + 1 == most ? "\(most)" : "[\(rank + 1)-\(most)]"
                return [
                    "source_matchers": [.string("\(LabelNames.rank)=\"\(rank)\"")], "target_matchers": [.string("\(LabelNames.rank)=~\"\(lower)\"")],
                    "equal": equal,
                ]
            })
    }
}
