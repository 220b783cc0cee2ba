import PlimsollAPI
import PrometheusModel
import Values

/// What the shared rules must know about each SLO, as series that are recorded by few rules: `or` joins constants.
struct FleetFacts {
    let place: FleetPlace
    let members: [FleetMember]
    let interval: PromDuration

    /// So many SLOs to a group: their texts can be long, and what carries a rule file takes no more than half a megabyte.
    private static let most = 96
    /// And so many bytes.
    private static let size = 250 * 1024
    private static let mostChunks = 1024

    var groups: [RuleGroup] {
        chunks.enumerated().map { number, members in
            RuleGroup(
                name: place.factsName(number), interval: interval,
                rules: [
                    rule(SeriesNames.alerting, members.flatMap(alerting)),
                    rule(SeriesNames.errorBudget, members.map { constant("\($0.spec.errorBudget)", $0, [:]) }),
                    rule(SeriesNames.objective, members.map { constant("\($0.spec.objective.fraction)", $0, [:]) }),
                    rule(SeriesNames.info, members.map(info)),
                ])
        }
    }

    /// By a number of their own, and twice as many where one is too large: an SLO that comes or goes seldom moves another.
    private var chunks: [[FleetMember]] {
        var count = 1
        while true {
            var chunks = [[FleetMember]](repeating: [], count: count)
            for member in members { chunks[Int(Digest.hash(Array("facts \(member.key)".utf8)) % UInt64(count))].append(member) }
            if count >= Self.mostChunks || chunks.allSatisfy(fits) { return chunks.filter { !$0.isEmpty } }
            count *= 2
        }
    }

    private func fits(_ members: [FleetMember]) -> Bool {
        // Each label becomes a call around the rest.
        members.count <= Self.most && members.reduce(0) { $0 + 2048 + 2 * $1.text.utf8.count } <= Self.size
    }

    private func rule(_ record: String, _ series: [ConstantSeries]) -> Rule {
        .recording(record: record, expr: ConstantSeries.promql(series), labels: [LabelNames.instance: place.instance])
    }

    private func constant(_ value: String, _ member: FleetMember, _ labels: [String: String]) -> ConstantSeries {
        let identity = SeriesIdentity(instance: place.instance, key: member.key)
        let all = labels.merging(identity.labels) { $1 }.filter { $0.key != LabelNames.instance && !$0.value.isEmpty }
        return ConstantSeries(value: value, labels: all)
    }

    private func info(_ member: FleetMember) -> ConstantSeries {
        let spec = member.spec
        var labels = spec.infoLabels
        labels[LabelNames.rules] = member.digest
        labels[LabelNames.window] = FleetShard.windowClass(spec.window)
        return constant("1", member, labels)
    }

    private func alerting(_ member: FleetMember) -> [ConstantSeries] {
        let plan = FleetAlerts.Class(member.spec)
        // It also tells whose windows are to be summed.
        guard !plan.severities.isEmpty else { return [constant("\(member.spec.errorBudget)", member, [LabelNames.alertClass: plan.digest])] }
        return plan.severities.map { severity in
            let routing = member.spec.alerting.routing(severity)
            var labels = plan.labels(member.spec, severity)
            labels[LabelNames.severity] = severity.rawValue
            labels[LabelNames.alertClass] = plan.digest
            labels[LabelNames.service] = member.spec.service
            labels[LabelNames.description] = member.spec.description
            for (name, text) in routing.annotations { labels[LabelNames.annotation(name)] = text }
            return constant("\(member.spec.errorBudget)", member, labels)
        }
    }
}
