package import Values

/// One measurement by a Job: which Job it is, and what becomes of it.
///
/// Argo Rollouts' rules: a Job that is Complete is Successful, one that Failed is Failed, and one whose image can't be had is Inconclusive; a Job under the
/// name that is there already is the measurement itself, begun before a restart, if it belongs to the same run.
package struct JobMeasurement: Sendable, Hashable {
    /// Whose Jobs they are.
    package struct Owner: Sendable, Hashable {
        package var apiVersion: String
        package var kind: String
        package var name: String
        package var uid: String

        package init(apiVersion: String, kind: String, name: String, uid: String) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.name = name
            self.uid = uid
        }
    }

    package let owner: Owner
    package let namespace: String
    package let gate: String
    /// From 1; each measurement of a gate has its own.
    package let number: Int

    package init(owner: Owner, namespace: String, gate: String, number: Int) {
        self.owner = owner
        self.namespace = namespace
        self.gate = gate
        self.number = number
    }

    /// The label of a pod's Job is bound by this.
    private static let longestName = 63

    /// Always the same, and each measurement's own. Argo cuts `uid.metric.number` at 63 characters, so that all measurements of a metric with a long name
    /// are one Job; here what is cut is told apart by a digest.
    package var name: String {
        let tail = "-\(gate)-\(number)"
        let whole = owner.name + tail
        if whole.utf8.count <= Self.longestName { return whole }
        // Of the owner's uid too: another run may have the same name later.
        let digest = Digest.hex(Array("\(owner.uid)\(tail)".utf8))
        var stem = String(decoding: whole.utf8.prefix(Self.longestName - digest.utf8.count - 1), as: UTF8.self)
        while let last = stem.last, last == "-" || last == "." { stem.removeLast() }
        return "\(stem)-\(digest)"
    }

    // MARK: The Job that is made

    /// Labels of every Job of a run and its pods.
    package static let runLabel = "plimsoll.dev/run"
    package static let gateLabel = "plimsoll.dev/gate"

    /// Why a template can't be taken; empty where it can.
    package static func problems(_ template: JSON, account: String) -> [Problem] {
        guard template.objectValue != nil else { return [Problem("template", "expected the template of a Job", got: template)] }
        var problems: [Problem] = []
        guard let pod = template["spec"]?["template"]?["spec"], !(pod["containers"]?.arrayValue ?? []).isEmpty else {
            return [Problem("template.spec.template.spec.containers", "expected at least one container")]
        }
        for field in ["serviceAccountName", "serviceAccount"] {
            if let named = pod[field], named.stringValue != account {
                problems.append(
                    Problem(
                        FieldPath(stringLiteral: "template.spec.template.spec.\(field)"),
                        "leave it out; a Job runs as the object's own account, \(account)",
                        got: named))
            }
        }
        if let completions = template["spec"]?["completions"]?.intValue, completions == 0 {
            problems.append(Problem("template.spec.completions", "of 0 is Complete without any pod: the gate could never fail", got: 0))
        }
        if template["spec"]?["suspend"]?.boolValue == true {
            problems.append(Problem("template.spec.suspend", "a suspended Job never ends", got: true))
        }
        return problems
    }

    /// The Job as it is created. Where the template doesn't say otherwise it fails with its first pod: six tries, Kubernetes' own, would take minutes.
    package func body(_ template: JSON, account: String, instance: String) -> JSON {
        var metadata: JSON = [
            "name": .string(name), "namespace": .string(namespace),
            "labels": template["metadata"]?["labels"] ?? [:],
            "annotations": template["metadata"]?["annotations"] ?? [:],
            "ownerReferences": [
                [
                    "apiVersion": .string(owner.apiVersion), "kind": .string(owner.kind), "name": .string(owner.name), "uid": .string(owner.uid),
                    "controller": true, "blockOwnerDeletion": false,
                ]
            ],
        ]
        mark(&metadata, instance)
        var spec = template["spec"] ?? [:]
        if spec["backoffLimit"] == nil { spec["backoffLimit"] = 0 }
        var podTemplate = spec["template"] ?? [:]
        var podMetadata = podTemplate["metadata"] ?? [:]
        mark(&podMetadata, instance)
        podTemplate["metadata"] = podMetadata
        var pod = podTemplate["spec"] ?? [:]
        if pod["restartPolicy"] == nil { pod["restartPolicy"] = "Never" }
        pod["serviceAccountName"] = .string(account)
        podTemplate["spec"] = pod
        spec["template"] = podTemplate
        return ["apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec]
    }

    private func mark(_ metadata: inout JSON, _ instance: String) {
        var labels = metadata["labels"] ?? [:]
        labels["plimsoll.dev/instance"] = .string(instance)
        labels[Self.runLabel] = .string(Self.labelValue(owner.name))
        labels[Self.gateLabel] = .string(gate)
        metadata["labels"] = labels
    }

    private static func labelValue(_ text: String) -> String {
        text.utf8.count <= longestName ? text : Digest.hex(Array(text.utf8))
    }

    // MARK: What becomes of it

    package enum Finding: Sendable, Hashable {
        case running
        case ended(ClassicPhase, message: String)
    }

    /// Reasons for which a container waits in vain for its image.
    private static let imageErrors: Set<String> = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"]

    /// - Parameters:
    ///   - job: nil where there is none under the name any more.
    ///   - waiting: why containers of its pods wait.
    package func finding(_ job: JSON?, waiting: some Sequence<String>) -> Finding {
        guard let job else { return .ended(.error, message: "the Job \(name) is gone: somebody deleted it") }
        if let stranger = stranger(job) { return .ended(.error, message: stranger) }
        for condition in job["status"]?["conditions"]?.arrayValue ?? [] where condition["status"]?.stringValue == "True" {
            switch condition["type"]?.stringValue {
            case "Complete": return .ended(.successful, message: "")
            case "Failed":
                let said = [condition["reason"]?.stringValue, condition["message"]?.stringValue].compactMap(\.self).filter { !$0.isEmpty }
                return .ended(.failed, message: "the Job \(name) failed\(said.isEmpty ? "" : ": \(said.joined(separator: ", "))")")
            default: break
            }
        }
        if let reason = waiting.first(where: Self.imageErrors.contains) {
            return .ended(.inconclusive, message: "the image of the Job \(name) can't be had: \(reason)")
        }
        return .running
    }

    /// Why a Job under this name is not this measurement; nil where it is.
    package func stranger(_ job: JSON) -> String? {
        let owners = job["metadata"]?["ownerReferences"]?.arrayValue ?? []
        if owners.contains(where: { $0["uid"]?.stringValue == owner.uid && $0["controller"]?.boolValue == true }) { return nil }
        return "there is a Job \(name) already, which is not of the \(owner.kind) \(owner.name); delete it"
    }

    /// How long to wait before it is looked at again, as Argo does: sqrt(2 t) seconds after t, so that a short Job is seen soon and a long one seldom.
    package static func pollDelay(elapsed: PromDuration) -> PromDuration {
        let seconds = (2 * max(0, elapsed.seconds)).squareRoot()
        return max(.seconds(1), PromDuration(milliseconds: Int64(min(seconds, 60) * 1000)))
    }
}
