import KubeModel
import Notify
import PlimsollAPI
import ServiceLevels
import Values

/// The notifiers of the configuration, as the reconciler uses them.
struct SLONotifiers: Sendable {
    let instance: String
    let runtimes: [NotifierRuntime]

    /// What is known without asking anybody.
    func observe(_ key: ObjectKey, _ observation: inout SLOObservation) {
        observation.notifiers = NotifierScope(
            known: runtimes.map(\.name), allowed: runtimes.filter { $0.definition.allows(key.namespace) }.map(\.name),
            troubles: Dictionary(runtimes.compactMap { runtime in runtime.trouble.map { (runtime.name, $0) } }) { first, _ in first })
        observation.notified = runtimes.flatMap { $0.results(of: key) }
    }

    /// Has told what a status asks for, which has been written.
    func tell(_ slo: SLO, _ status: SLOStatus, _ figures: SLOObservation.Figures, _ recentWindow: PromDuration?) {
        guard let spec = slo.spec else { return }
        var read: SLOFigures?
        if case .read(let figures) = figures { read = figures }
        // One notice a step, whoever is told of it.
        var notices: [SLONotification: PolicyNotice] = [:]
        for runtime in runtimes {
            let records = status.notifications.filter { $0.notifier == runtime.name }
            runtime.want(
                slo.metadata.key,
                records.map { record in
                    let matter = SLONotification(
                        policy: record.policy, notifier: "", state: record.state.isFiring ? .firing : .resolving, since: record.since)
                    let notice =
                        notices[matter]
                        ?? PolicyNotice(matter, key: slo.metadata.key, spec: spec, status: status, figures: read, recentWindow: recentWindow)
                    notices[matter] = notice
                    return (
                        record.policy, Message(notification(notice, record, slo.metadata.key, spec), reference: record.reference),
                        record.state == .firing
                    )
                })
        }
    }

    func forget(_ key: ObjectKey) {
        for runtime in runtimes { runtime.forget(key) }
    }

    private func notification(_ notice: PolicyNotice, _ record: SLONotification, _ key: ObjectKey, _ spec: SLOSpec) -> Notification {
        Notification(
            identity: .init(instance: instance, namespace: key.namespace, slo: key.name, policy: record.policy),
            severity: notice.severity == .page ? .page : .ticket, state: record.state.isFiring ? .firing : .resolved, service: spec.service,
            title: notice.title, text: notice.text, facts: notice.facts.map { Notification.Fact($0.name, $0.value) }, runbook: notice.runbook,
            labels: notice.labels, startedAt: record.since)
    }
}
