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
        var builder = Builder()
        for (key, value) in elements { builder.add(key, value) }
        self = builder.pairs()
    }

    /// Takes pairs in any order and sorts them once: one by one, keys in descending order would each move all others.
    package struct Builder {
        private var collected: [Pair] = []
        private var isAscending = true

        package init() {}

        package mutating func add(_ key: String, _ value: String) {
            isAscending = isAscending && (collected.last.map { $0.key < key } ?? true)
            collected.append(Pair(key: key, value: value))
        }

        /// Of equal keys the last one's value counts.
        package consuming func pairs() -> StringPairs {
            var result = StringPairs()
            guard !isAscending else {
                result.pairs = collected
                return result
            }
            let sorted = collected.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
            for (_, pair) in sorted {
                if result.pairs.last?.key == pair.key { result.pairs.removeLast() }
                result.pairs.append(pair)
            }
            return result
        }
    }

    package init(_ dictionary: [String: String]) {
        pairs = dictionary.map { Pair(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }

    /// The string values of a JSON object; anything else in it is left out, as the API server would never send it.
    package init(json: JSON?) {
        var builder = Builder()
        for (key, value) in json?.objectValue ?? [:] {
            if let text = value.stringValue { builder.add(key, text) }
        }
        self = builder.pairs()
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
