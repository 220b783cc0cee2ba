import KubeClient
import KubeModel
import PlimsollAPI
import Values

/// A list that is read as a tree has as many items as one that is read as a kind, the unreadable ones counted.
enum ListPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let trees = try? ListDecoder.decode(bytes, as: JSON.self)
        let typed = try? ListDecoder.decode(bytes, as: SLO.self)
        try promise((trees == nil) == (typed == nil), "the list is read as a tree or as SLOs, but not as both")
        guard let trees, let typed else { return }
        try promise(trees.undecodable.isEmpty, "an item of well-formed JSON is no tree")
        try promise(trees.items.count == typed.items.count + typed.undecodable.count, "items are lost or doubled")
        try promise(
            trees.resourceVersion == typed.resourceVersion && trees.continueToken == typed.continueToken && trees.continueToken != "",
            "the page's metadata is read as two")
        for item in typed.items {
            try promise(item.spec != nil || !item.problems.isEmpty, "an invalid SLO without a word")
            try promise(!item.metadata.name.isEmpty, "an SLO without a name")
        }
    }
}
