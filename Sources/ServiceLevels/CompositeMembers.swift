package import KubeModel
package import PlimsollAPI
package import Values

/// The members of a composite as they are: which are counted, and what there is to say against the others. Pure.
package struct CompositeMembers: Sendable, Hashable {
    /// What is known of an SLO that a composite names.
    package enum Found: Sendable, Hashable {
        case nothing
        /// It is there, and its spec is invalid; the namespaces that it is shared with all the same.
        case invalid(sharedWith: [String])
        case slo(SLOSpec)
    }

    /// Why the composite is not what its author wants, though its spec is right: another object stands in the way.
    package struct Gap: Sendable, Hashable {
        package enum Reason: String, Sendable {
            case missing = "MemberMissing"
            /// Whether it is there is not told: who may not refer to it need not know.
            case notShared = "MemberNotShared"
            case invalid = "MemberInvalid"
            case otherSource = "MemberOfOtherSource"
        }
        package let reason: Reason
        package let member: ObjectKey
        package let problem: Problem

        /// Whether it may go away without anybody's touching the composite or correcting a member.
        package var mayPass: Bool { reason != .otherSource }
    }

    /// One sees the level below it one evaluation late.
    package static let maximumDepth = 8

    /// In the order of the spec.
    package let counted: [ObjectKey]
    package let gaps: [Gap]
    /// What is wrong with the composite's own spec.
    package let faults: [Problem]

    /// `nil` where the SLO is no composite.
    package init?(_ key: ObjectKey, _ spec: SLOSpec, lookup: @escaping (ObjectKey) -> Found) {
        guard let composite = spec.indicator.composite else { return nil }
        let path: FieldPath = "spec.indicator.composite.members"
        var counted: [ObjectKey] = []
        var gaps: [Gap] = []
        var faults: [Problem] = []
        for (index, reference) in composite.members.enumerated() {
            let member = reference.key(in: key.namespace)
            let place = path.appending(index)
            let name = JSON.string(member.description)
            if member == key {
                faults.append(Problem(place, "is the composite itself; name others", got: name))
            } else if counted.contains(member) {
                faults.append(Problem(place, "is given already, without its namespace; each member must be a different SLO", got: name))
            } else {
                let found = lookup(member)
                let gap = Self.gap(member, found, of: key, spec, place)
                if let gap { gaps.append(gap) }
                // One that is invalid for a slip of the pen has its rules still.
                if gap == nil || gap?.reason == .invalid { counted.append(member) }
                if case .slo(let other) = found, gap == nil { faults += Self.groupFaults(member, other, spec) }
            }
        }
        var walk = CompositeWalk(lookup: lookup)
        if let problem = walk.problem(key, spec) { faults.append(Problem(path, problem)) }
        self.counted = counted
        self.gaps = gaps
        self.faults = faults
    }

    /// The spec with the members that are counted, each with its namespace.
    package func resolved(_ spec: SLOSpec) -> SLOSpec {
        var spec = spec
        spec.indicator.composite?.members = counted.map { CompositeMember(name: $0.name, namespace: $0.namespace) }
        return spec
    }

    private static func gap(_ member: ObjectKey, _ found: Found, of key: ObjectKey, _ spec: SLOSpec, _ place: FieldPath) -> Gap? {
        func gap(_ reason: Gap.Reason, _ message: String) -> Gap {
            Gap(reason: reason, member: member, problem: Problem(place, message, got: .string(member.description)))
        }
        let isForeign = member.namespace != key.namespace
        let notShared = "no such SLO lists the namespace \(key.namespace) in its spec.sharedWith; its owner must add it there"
        switch found {
        case .nothing where isForeign: return gap(.notShared, notShared)
        case .invalid(let sharedWith) where isForeign && !sharedWith.contains(key.namespace): return gap(.notShared, notShared)
        case .nothing: return gap(.missing, "this installation works on no such SLO; create it, or take it out of the members")
        case .invalid: return gap(.invalid, "its spec is invalid, so that it counts as it was before; correct it")
        case .slo(let other):
            if isForeign, !other.sharedWith.contains(key.namespace) { return gap(.notShared, notShared) }
            guard other.source != spec.source else { return nil }
            return gap(
                .otherSource,
                "its source is \(other.source), and the composite's is \(spec.source): one Prometheus must have the events of all members; give both the "
                    + "same spec.source")
        }
    }

    private static func groupFaults(_ member: ObjectKey, _ other: SLOSpec, _ spec: SLOSpec) -> [Problem] {
        let path: FieldPath = "spec.groupBy"
        return spec.groupBy.enumerated().filter { !other.groupBy.contains($0.element) }.map { index, label in
            Problem(
                path.appending(index),
                "splits by a label by which the member \(member) is not split; add it to the member's groupBy, or remove it here",
                got: .string(label))
        }
    }
}

extension CompositeIndicator {
    /// The members, each with its namespace.
    package func placed(in own: String) -> CompositeIndicator {
        CompositeIndicator(members: members.map { CompositeMember(name: $0.name, namespace: $0.key(in: own).namespace) })
    }
}

/// Follows composites down to what they are made of. Each is looked at once.
private struct CompositeWalk {
    let lookup: (ObjectKey) -> CompositeMembers.Found
    private var heights: [ObjectKey: Int] = [:]
    private var path: [ObjectKey] = []
    private var problem: String?

    init(lookup: @escaping (ObjectKey) -> CompositeMembers.Found) { self.lookup = lookup }

    /// What keeps a composite from being made of what is no composite.
    mutating func problem(_ key: ObjectKey, _ spec: SLOSpec) -> String? {
        _ = height(key, .slo(spec))
        return problem
    }

    /// How many composites stand on each other.
    private mutating func height(_ key: ObjectKey, _ found: CompositeMembers.Found) -> Int {
        if let known = heights[key] { return known }
        guard problem == nil, case .slo(let spec) = found, let composite = spec.indicator.composite else { return 0 }
        if let first = path.firstIndex(of: key) {
            let circle = (path[first...] + [key]).map(\.description).joined(separator: " -> ")
            problem = "lead in a circle: \(circle); take one of them out of another's members"
            return 0
        }
        guard path.count < CompositeMembers.maximumDepth else { return tooDeep(key) }
        path.append(key)
        defer { path.removeLast() }
        var height = 0
        for member in composite.members.map({ $0.key(in: key.namespace) }) where member != key {
            height = max(height, self.height(member, lookup(member)))
        }
        heights[key] = height + 1
        return path.count + height > CompositeMembers.maximumDepth ? tooDeep(key) : height + 1
    }

    private mutating func tooDeep(_ key: ObjectKey) -> Int {
        problem =
            problem
            ?? "are composites of composites more than \(CompositeMembers.maximumDepth) deep: \((path + [key]).map(\.description).joined(separator: " -> ")); "
            + "name what they are made of instead"
        return 0
    }
}
