package import KubeModel
package import Values

/// An object of the simulated server: a parent whose `word` is its spec, or a child that shall say its parent's word.
package struct SimulatedObject: KubeObject, Hashable {
    package static let resource = ResourceKind(group: "simulated.plimsoll.dev", version: "v1", kind: "Parent", plural: "parents")
    /// A word that makes the object unreadable to clients, though whole JSON.
    static let poison = "poison"

    package var metadata: ObjectMeta
    package var word: String

    init(metadata: ObjectMeta, word: String) {
        self.metadata = metadata
        self.word = word
    }

    package init(reading reader: inout JSONReader) throws {
        throw reader.error("simulated objects are never sent as JSON")
    }

    /// The generation that a controller reported as seen to.
    var observedGeneration: String { metadata.annotations["observed"] ?? "" }
    /// The parent's name, and its UID, of a child.
    var owner: String { metadata.labels["owner"] ?? "" }
    var ownerUID: String { metadata.labels["owner-uid"] ?? "" }
}

/// The two kinds of the simulation.
enum SimulatedKind: Int, Sendable, CaseIterable {
    case parent, child

    var resource: ResourceKind {
        switch self {
        case .parent: SimulatedObject.resource
        case .child: ResourceKind(group: "simulated.plimsoll.dev", version: "v1", kind: "Child", plural: "children")
        }
    }
}
