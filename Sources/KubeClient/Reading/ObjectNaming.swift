import KubeModel
import Values

/// Makes out which object some JSON is, for messages about it.
enum ObjectNaming {
    /// `namespace/name` of the object that comes next; what can't be read is left out. Leaves the reader anywhere.
    static func name(_ reader: inout JSONReader) -> String {
        var namespace = ""
        var name = ""
        do {
            try reader.readObject { key, reader in
                guard key == "metadata" else { return }
                try reader.readObject { key, reader in
                    switch key {
                    case "name": name = try reader.readString()
                    case "namespace": namespace = try reader.readString()
                    default: break
                    }
                }
            }
        } catch {
            return ObjectKey(namespace: namespace, name: name).description
        }
        return ObjectKey(namespace: namespace, name: name).description
    }

    /// Looks whether the object that comes next is of that kind, where it says so at all; built-in kinds don't inside of lists. Leaves the reader
    /// where it was.
    static func checkKind(_ reader: inout JSONReader, is kind: String) throws {
        let mark = reader.mark()
        defer { reader.rewind(to: mark) }
        guard try reader.peek() == .object else { return }
        try reader.beginObject()
        // Only the head is looked at: behind the metadata nobody writes the kind.
        while let key = try reader.nextKey(), key != "metadata", key != "items" {
            guard key == "kind" else { continue }
            let found = try reader.readString()
            if found != kind { throw reader.error("expected an object of kind \(kind), found \(found.prefix(60))") }
            return
        }
    }
}
