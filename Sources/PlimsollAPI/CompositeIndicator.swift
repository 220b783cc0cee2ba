package import KubeModel
package import Values

/// Other SLOs taken together.
package struct CompositeIndicator: Fielded, Hashable {
    package enum Method: String, Sendable, CaseIterable {
        /// At each moment the share of errors of the member that has the greatest.
        case worst = "Worst"
    }

    package var method = Method.worst
    package var members: [CompositeMember] = []

    package init() {}
    package init(members: [CompositeMember]) { self.members = members }

    package static let maximumMembers = 32

    package static let fields: [Field<CompositeIndicator>] = [
        .required(
            "method", \.method,
            "How the members are taken together. Worst: time is counted, in minutes, and each moment is bad as far as it was for the member that did "
                + "worst then: outages at different times add up, those at the same time count once.", .word()),
        .required(
            "members", \.members, "The SLOs, of the same source, each by name and, across namespaces, by namespace; a composite may be one.",
            .list(of: .object(), min: 1, max: maximumMembers)),
    ]

    package static let rules: [FieldRule<CompositeIndicator>] = [
        FieldRule(
            ["members"],
            cel: "self.members.all(m, self.members.exists_one(n, n.name == m.name && (has(n.__namespace__) ? n.__namespace__ : '') == "
                + "(has(m.__namespace__) ? m.__namespace__ : '')))",
            message: "each member must be a different SLO"
        ) { composite, path in
            var first: [CompositeMember: Int] = [:]
            return composite.members.enumerated().compactMap { index, member in
                let place = path.appending("members").appending(index)
                guard let earlier = first[member] else {
                    first[member] = index
                    return nil
                }
                return Problem(place, "is given already at members[\(earlier)]; each member must be a different SLO", got: .string(member.name))
            }
        }
    ]
}

/// An SLO that is part of another.
package struct CompositeMember: Fielded, Hashable {
    package var name = ""
    /// Nil is the composite's own.
    package var namespace: String?

    package init() {}
    package init(name: String, namespace: String? = nil) {
        self.name = name
        self.namespace = namespace
    }

    /// The member as one of a composite in this namespace.
    package func key(in own: String) -> ObjectKey { ObjectKey(namespace: namespace ?? own, name: name) }

    package static let fields: [Field<CompositeMember>] = [
        .required("name", \.name, "The SLO's name.", .text(min: 1, max: 253, .dnsSubdomain, example: "checkout-availability")),
        .optional(
            "namespace", \.namespace, "The SLO's namespace, where it is another; that SLO's sharedWith must list the composite's namespace.",
            .text(min: 1, max: 63, .dnsLabel, example: "shop")),
    ]
}
