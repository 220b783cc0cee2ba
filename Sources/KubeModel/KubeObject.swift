package import Values

/// What can be read straight from the API server's bytes.
package protocol KubeReadable: Sendable {
    /// Reads one whole JSON value.
    ///
    /// Throws only where this is no such object at all; an object that is merely invalid is read as such.
    init(reading reader: inout JSONReader) throws
}

/// The typed projection of a kind's objects: what we need of them.
package protocol KubeObject: KubeReadable {
    static var resource: ResourceKind { get }
    var metadata: ObjectMeta { get }
}

extension KubeObject {
    package var key: ObjectKey { metadata.key }
}

extension JSON: KubeReadable {
    /// The whole tree, managed fields included.
    package init(reading reader: inout JSONReader) throws {
        self = try reader.readJSON()
    }
}
