package import Values

/// Labels of the series that name where they come from.
package struct SLOIdentity: Fielded, Hashable {
    /// The label that names the pod, or its template's hash; empty where not given.
    package var pod = ""

    package init() {}
    package init(pod: String) { self.pod = pod }

    package static let fields: [Field<SLOIdentity>] = [
        .optional(
            "pod", \.pod, "The label that names the pod (or its pod-template-hash), so that releases can be compared.",
            .text(min: 1, max: 63, .labelName, example: "pod"))
    ]
}
