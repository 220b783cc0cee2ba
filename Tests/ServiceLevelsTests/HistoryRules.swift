import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Values

/// The rules of the synthetic history's services, split so that each level can be backfilled on top of the one before.
enum HistoryRules {
    static let services = ["a", "b", "c"]

    static func spec(_ service: String) throws -> SLOSpec {
        try SLOFixtures.spec(
            """
            service: \(service)
            objective: 99%
            window: {rolling: 30d}
            indicator:
              ratio: {errors: 'requests_total{job="\(service)",code=~"5.."}', total: 'requests_total{job="\(service)"}'}
            """)
    }

    static func generated(_ service: String) throws -> GeneratedRules {
        try RuleGenerator.generate(
            instance: "main", key: ObjectKey(namespace: "history", name: service), spec: spec(service), settings: RuleSettings(), now: .epoch)
    }

    /// Writes `rules-<level>.yaml`; a file `rules-<level>.end` says that a level is needed at the history's end only.
    static func write(to directory: String) throws {
        let groups = try services.flatMap { try generated($0).groups }
        func level(_ wanted: (Rule) -> Bool) -> RuleFile {
            RuleFile(
                groups: groups.map { group in
                    var group = group
                    group.rules.removeAll { rule in
                        if case .recording = rule { return !wanted(rule) }
                        return true
                    }
                    return group
                }.filter { !$0.rules.isEmpty })
        }
        let levels = [
            level { $0.name == SeriesNames.events && $0.labels[LabelNames.events] == "total" },
            level { $0.name == SeriesNames.events && $0.labels[LabelNames.events] == "errors" },
            level { $0.name == SeriesNames.slowEvents },
            level { $0.name != SeriesNames.events && $0.name != SeriesNames.slowEvents },
        ]
        for (index, file) in levels.enumerated() { try writeFile("\(directory)/rules-\(index + 1).yaml", file.yaml) }
        try writeFile("\(directory)/rules-\(levels.count).end", "")
    }
}
