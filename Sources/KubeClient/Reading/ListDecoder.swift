package import KubeModel
import Values

/// Reads the lists of API servers: built-in kinds have `metadata` before `items` and items without apiVersion and kind; custom ones the reverse.
package enum ListDecoder {
    /// - Parameter itemKind: what items that name a kind must name; nil takes any.
    package static func decode<Item: KubeReadable>(_ bytes: [UInt8], as type: Item.Type, itemKind: String? = nil) throws -> ListPage<Item> {
        var page = ListPage<Item>()
        var kind = ""
        var apiVersion = ""
        var hasItems = false
        try JSONReader.read(bytes) { reader in
            try reader.readObject { key, reader in
                switch key {
                case "kind": kind = try reader.readString()
                case "apiVersion": apiVersion = try reader.readString()
                case "metadata": try metadata(&reader, &page)
                case "items":
                    hasItems = true
                    if try reader.readNullIfPresent() { return }
                    try reader.readArray { reader in item(&reader, &page, itemKind) }
                default: break
                }
            }
        }
        // An empty list takes everything away: it must be one, and of this kind.
        guard hasItems else {
            throw ListShapeError(message: "expected a list, found \(kind.isEmpty ? "an object without kind and items" : "a \(kind) without items")")
        }
        if let itemKind, !kind.isEmpty, kind != "\(itemKind)List", kind != "List" {
            throw ListShapeError(message: "expected a \(itemKind)List, found a \(kind)")
        }
        if let trees = page.items as? [JSON], let filled = fill(trees, kind, apiVersion) as? [Item] { page.items = filled }
        return page
    }

    struct ListShapeError: Error, CustomStringConvertible {
        let message: String
        var description: String { message }
    }

    private static func metadata<Item>(_ reader: inout JSONReader, _ page: inout ListPage<Item>) throws {
        if try reader.readNullIfPresent() { return }
        try reader.readObject { key, reader in
            switch key {
            case "resourceVersion": page.resourceVersion = try reader.readString()
            case "continue":
                let token = try reader.readString()
                page.continueToken = token.isEmpty ? nil : token
            case "remainingItemCount": page.remainingItemCount = try reader.readNullIfPresent() ? nil : reader.readInt()
            default: break
            }
        }
    }

    /// Reads one item; one that can't be read is noted and gone past. Broken JSON shows itself when the caller reads on.
    private static func item<Item>(_ reader: inout JSONReader, _ page: inout ListPage<Item>, _ kind: String?) {
        let mark = reader.mark()
        do {
            if let kind { try ObjectNaming.checkKind(&reader, is: kind) }
            page.items.append(try Item(reading: &reader))
        } catch {
            reader.rewind(to: mark)
            let name = ObjectNaming.name(&reader)
            reader.rewind(to: mark)
            page.undecodable.append(UndecodableItem(index: page.items.count + page.undecodable.count, name: name, message: "\(error)"))
        }
    }

    /// Gives items that lack them the list's apiVersion, and its kind less `List`.
    private static func fill(_ items: [JSON], _ kind: String, _ apiVersion: String) -> [JSON] {
        guard kind.hasSuffix("List"), kind != "List" else { return items }
        let itemKind = String(kind.dropLast(4))
        return items.map { item in
            guard let members = item.objectValue, members["kind"] == nil || members["apiVersion"] == nil else { return item }
            var head: JSONObject = ["apiVersion": members["apiVersion"] ?? .string(apiVersion), "kind": members["kind"] ?? .string(itemKind)]
            for member in members where member.key != "apiVersion" && member.key != "kind" { head[member.key] = member.value }
            return .object(head)
        }
    }
}
