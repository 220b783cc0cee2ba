package import Values

/// A small map of strings, as labels and annotations are: sorted by key, so equal maps are written the same, and compact in caches.
package struct StringPairs: Hashable, Sendable, Sequence, ExpressibleByDictionaryLiteral {
    private struct Pair: Hashable, Sendable {
        var key: String
        var value: String
    }

    private var pairs: [Pair] = []

    package init() {}

    /// Of two equal keys the later one wins.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (key, value) in elements { self[key] = value }
    }

    package init(_ elements: [(key: String, value: String)]) {
        for (key, value) in elements { self[key] = value }
    }

    package init(_ dictionary: [String: String]) {
        pairs = dictionary.map { Pair(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }

    /// The string values of a JSON object; anything else in it is left out, as the API server would never send it.
    package init(json: JSON?) {
        guard let object = json?.objectValue else { return }
        for (key, value) in object {
            if let text = value.stringValue { self[key] = text }
        }
    }

    package var count: Int { pairs.count }
    package var isEmpty: Bool { pairs.isEmpty }
    package var keys: [String] { pairs.map(\.key) }

    package subscript(key: String) -> String? {
        get {
            let index = lowerBound(key)
            return index < pairs.count && pairs[index].key == key ? pairs[index].value : nil
        }
        set {
            let index = lowerBound(key)
            let found = index < pairs.count && pairs[index].key == key
            if let newValue {
                if found { pairs[index].value = newValue } else { pairs.insert(Pair(key: key, value: newValue), at: index) }
            } else if found {
                pairs.remove(at: index)
            }
        }
    }

    package func makeIterator() -> AnyIterator<(key: String, value: String)> {
        var rest = pairs.makeIterator()
        return AnyIterator { rest.next().map { ($0.key, $0.value) } }
    }

    /// The JSON object, keys in order.
    package var json: JSON {
        .object(JSONObject(pairs.map { (key: $0.key, value: JSON.string($0.value)) }))
    }

    private func lowerBound(_ key: String) -> Int {
        var low = 0
        var high = pairs.count
        while low < high {
            let middle = (low + high) / 2
            if pairs[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
