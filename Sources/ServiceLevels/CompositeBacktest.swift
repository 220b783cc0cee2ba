import PlimsollAPI
import Values

extension Backtest {
    /// What `WorstMember` would have recorded beside the members' traces.
    /// - Parameter members: of all members, each group a trace, with what their own exclusions leave of it.
    package static func worst(of members: [Trace], by groupBy: [String], settings: RuleSettings) -> [Trace] {
        let minutes = settings.evaluationInterval.seconds / 60
        let slots = members.map(\.total.count).min() ?? 0
        let groups = Dictionary(grouping: members) { trace in trace.labels.filter { groupBy.contains($0.key) } }
        return groups.map { labels, members in
            var worst = Trace(labels: labels, total: Array(repeating: nil, count: slots), errors: Array(repeating: nil, count: slots))
            for slot in 0..<slots {
                for member in members {
                    guard let total = member.total[slot], let errors = member.errors[slot] else { continue }
                    let isBusy = total > 0
                    worst.total[slot] = max(worst.total[slot] ?? 0, isBusy ? minutes : 0)
                    worst.errors[slot] = max(worst.errors[slot] ?? 0, isBusy ? min(errors / total, 1) * minutes : 0)
                }
            }
            return worst
        }.sorted { text($0.labels) < text($1.labels) }
    }

    private static func text(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
