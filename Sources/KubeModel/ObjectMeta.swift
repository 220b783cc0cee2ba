package import Values

/// What every object bears (metav1.ObjectMeta), without `managedFields` and kubectl's copy of the last applied object.
package struct ObjectMeta: Sendable, Hashable {
    package var name: String
    /// Empty for a cluster-scoped object.
    package var namespace: String
    package var uid: String
    package var resourceVersion: String
    /// Counts changes of the spec.
    package var generation: Int64
    package var labels: StringPairs
    package var annotations: StringPairs
    package var ownerReferences: [OwnerReference]
    package var finalizers: [String]
    package var creationTimestamp: Instant?
    /// Set once somebody asked to delete it; finalizers then hold it back.
    package var deletionTimestamp: Instant?

    package init(
        name: String = "", namespace: String = "", uid: String = "", resourceVersion: String = "", generation: Int64 = 0,
        labels: StringPairs = [:], annotations: StringPairs = [:], ownerReferences: [OwnerReference] = [], finalizers: [String] = [],
        creationTimestamp: Instant? = nil, deletionTimestamp: Instant? = nil
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
        self.finalizers = finalizers
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
    }

    package var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
    package var isDeleting: Bool { deletionTimestamp != nil }

    /// The owner that manages this object, if any.
    package var controller: OwnerReference? { ownerReferences.first(where: \.controller) }

    /// kubectl's copy of the whole object as last applied: as large as the object, and of no use to us.
    static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
}

extension ObjectMeta {
    /// Reads `metadata`; what is absent or null stays empty.
    package init(reading reader: inout JSONReader) throws {
        self.init()
        try reader.readObject { key, reader in
            if try reader.readNullIfPresent() { return }
            switch key {
            case "name": name = try reader.readString()
            case "namespace": namespace = try reader.readInternedString()
            case "uid": uid = try reader.readString()
            case "resourceVersion": resourceVersion = try reader.readString()
            case "generation": generation = try reader.readInt()
            case "labels": labels = try Self.readPairs(&reader)
            case "annotations": annotations = try Self.readPairs(&reader)
            case "ownerReferences":
                try reader.readArray { reader in ownerReferences.append(try OwnerReference(reading: &reader)) }
            case "finalizers":
                try reader.readArray { reader in finalizers.append(try reader.readInternedString()) }
            case "creationTimestamp": creationTimestamp = Instant(rfc3339: try reader.readString())
            case "deletionTimestamp": deletionTimestamp = Instant(rfc3339: try reader.readString())
            default: break
            }
        }
    }

    /// The same from a tree; what makes no sense there stays empty.
    package init(json: JSON) {
        self.init(
            name: json["name"]?.stringValue ?? "", namespace: json["namespace"]?.stringValue ?? "", uid: json["uid"]?.stringValue ?? "",
            resourceVersion: json["resourceVersion"]?.stringValue ?? "", generation: json["generation"]?.intValue ?? 0,
            labels: StringPairs(json: json["labels"]), annotations: StringPairs(json: json["annotations"]),
            ownerReferences: (json["ownerReferences"]?.arrayValue ?? []).map(OwnerReference.init(json:)),
            finalizers: (json["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue),
            creationTimestamp: json["creationTimestamp"]?.stringValue.flatMap(Instant.init(rfc3339:)),
            deletionTimestamp: json["deletionTimestamp"]?.stringValue.flatMap(Instant.init(rfc3339:)))
        annotations[Self.lastApplied] = nil
    }

    private static func readPairs(_ reader: inout JSONReader) throws -> StringPairs {
        var pairs = StringPairs.Builder()
        try reader.readObject { key, reader in
            if key == lastApplied { return }
            if try reader.readNullIfPresent() { return }
            pairs.add(key, try reader.readInternedString())
        }
        return pairs.pairs()
    }
}

extension OwnerReference {
    package init(reading reader: inout JSONReader) throws {
        self.init(apiVersion: "", kind: "", name: "", uid: "")
        try reader.readObject { key, reader in
            if try reader.readNullIfPresent() { return }
            switch key {
            case "apiVersion": apiVersion = try reader.readInternedString()
            case "kind": kind = try reader.readInternedString()
            case "name": name = try reader.readInternedString()
            case "uid": uid = try reader.readInternedString()
            case "controller": controller = try reader.readBool()
            case "blockOwnerDeletion": blockOwnerDeletion = try reader.readBool()
            default: break
            }
        }
    }
}
