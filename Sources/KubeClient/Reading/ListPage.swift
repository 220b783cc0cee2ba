package import KubeModel

/// How a list's `resourceVersion` is meant.
package enum ResourceVersionMatch: String, Sendable, Hashable {
    case exact = "Exact"
    case notOlderThan = "NotOlderThan"
}

/// A list, or one page of it.
package struct ListPage<Item: KubeReadable>: Sendable {
    package var items: [Item] = []
    /// Items that couldn't be read, with the others intact.
    package var undecodable: [UndecodableItem] = []
    /// The list's own version, the same on all its pages; a watch goes on from here.
    package var resourceVersion = ""
    /// Gets the next page; nil on the last one.
    package var continueToken: String?
    package var remainingItemCount: Int64?

    package init() {}
}

/// An item of a list that is not what it should be.
package struct UndecodableItem: Sendable, Hashable, CustomStringConvertible {
    /// From 0, among all items of the list.
    package let index: Int
    /// `namespace/name`, as far as it could be made out.
    package let name: String
    package let message: String

    package init(index: Int, name: String, message: String) {
        self.index = index
        self.name = name
        self.message = message
    }

    package var description: String { "item \(index) (\(name.isEmpty ? "no name" : name)): \(message)" }
}
