/// Makes documents out of events: resolves scalars, tags, aliases and merge keys, and keeps each value's place.
struct YAMLComposer: ~Copyable {
    /// What aliases may add to a stream, in values and sixteenths of text bytes: a bound on "billion laughs".
    static let aliasLimit = 100_000

    /// A value that is complete.
    private struct Node {
        var json: JSON
        var places: YAMLPlace.Children = .none
        /// Values in it, itself included, and its text's bytes / 16.
        var weight = 1
        /// Arrays and objects within one another.
        var height = 0
        var isEmptyDocument = false
    }

    private var anchors: [String: Node?] = [:]
    private var aliased = 0

    mutating func documents(_ events: inout YAMLEvents, file: String) throws(YAMLError) -> [YAMLDocument] {
        var documents: [YAMLDocument] = []
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return documents
            case .documentStart:
                anchors = [:]
                let first = try events.next()
                let root = try node(first, &events, depth: 0)
                if !root.isEmptyDocument {
                    documents.append(YAMLDocument(json: root.json, file: file, places: YAMLPlace(first.mark, root.places)))
                }
            default: continue
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, _ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> Node {
        if case .alias(let name) = event.kind { return try alias(name, event, events, depth: depth) }
        if let anchor = event.anchor { anchors.updateValue(nil, forKey: anchor) }
        let node: Node
        switch event.kind {
        case .scalar(let text, let isPlain): node = try scalar(text, isPlain: isPlain, event, events)
        case .sequenceStart: node = try sequence(event, &events, depth: depth)
        case .mappingStart: node = try mapping(event, &events, depth: depth)
        default: throw events.error("a value is missing", at: event.mark)
        }
        if let anchor = event.anchor { anchors.updateValue(node, forKey: anchor) }
        return node
    }

    private mutating func alias(_ name: String, _ event: YAMLEvent, _ events: borrowing YAMLEvents, depth: Int) throws(YAMLError) -> Node {
        guard let known = anchors[name] else { throw events.error("no anchor &\(name) before this alias", at: event.mark) }
        guard let node = known else { throw events.error("the anchor &\(name) contains an alias of itself", at: event.mark) }
        aliased += node.weight
        guard aliased <= Self.aliasLimit else { throw events.error("aliases repeat more than \(Self.aliasLimit) values", at: event.mark) }
        guard depth + node.height <= JSONReader.maximumDepth else { throw tooDeep(event, events) }
        return node
    }

    private func tooDeep(_ event: YAMLEvent, _ events: borrowing YAMLEvents) -> YAMLError {
        events.error("nested deeper than \(JSONReader.maximumDepth) levels", at: event.mark)
    }

    // MARK: Scalars

    private static let coreTag = "tag:yaml.org,2002:"

    private static func shortTag(_ tag: String) -> String { tag.hasPrefix(coreTag) ? "!!" + tag.dropFirst(coreTag.count) : tag }

    private func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent, _ events: borrowing YAMLEvents) throws(YAMLError) -> Node {
        let tag = event.tag.map(Self.shortTag)
        var node = Node(json: .string(text))
        node.weight += text.utf8.count / 16
        if tag == nil && !isPlain || tag == "!!str" || tag == "!!timestamp" { return node }
        guard case .value(let json) = YAMLScalar.resolve(text) else { throw events.error("\(text) is no number that JSON can hold", at: event.mark) }
        node.json = json
        node.isEmptyDocument = text.isEmpty && tag == nil && event.anchor == nil
        let fits =
            switch (tag, json) {
            case (nil, _), ("!!null", .null), ("!!bool", .bool), ("!!float", .number): true
            case ("!!int", .number(let text)): text.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 | 0x20 != UInt8(ascii: "e") }
            case ("!!null", _), ("!!bool", _), ("!!float", _), ("!!int", _): false
            default: throw events.error("the tag \(tag ?? "") is not supported; use !!str, !!int, !!float, !!bool, !!null or none", at: event.mark)
            }
        guard fits else { throw events.error("'\(text)' is no \(tag ?? "")", at: event.mark) }
        return node
    }

    // MARK: Collections

    private mutating func sequence(_ event: YAMLEvent, _ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> Node {
        try enter(event, events, tag: "!!seq", depth: depth)
        var elements: [JSON] = []
        var places: [YAMLPlace] = []
        var whole = Node(json: .null, height: 1)
        while true {
            let next = try events.next()
            if case .sequenceEnd = next.kind { break }
            let element = try node(next, &events, depth: depth + 1)
            elements.append(element.json)
            places.append(YAMLPlace(next.mark, element.places))
            whole.weight += element.weight
            whole.height = max(whole.height, element.height + 1)
        }
        whole.json = .array(elements)
        whole.places = .elements(places)
        return whole
    }

    private mutating func mapping(_ event: YAMLEvent, _ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> Node {
        try enter(event, events, tag: "!!map", depth: depth)
        var object = JSONObject()
        var places: [String: YAMLPlace] = [:]
        var merged: [Node] = []
        var mergeMark: YAMLMark?
        var whole = Node(json: .null, height: 1)
        while true {
            let keyEvent = try events.next()
            if case .mappingEnd = keyEvent.kind { break }
            if case .scalar("<<", isPlain: true) = keyEvent.kind, keyEvent.tag == nil {
                guard mergeMark == nil else { throw events.error("a second << in this mapping; merge a list of mappings instead", at: keyEvent.mark) }
                mergeMark = keyEvent.mark
                merged = try mergeSources(&events, depth: depth)
                continue
            }
            let key = try key(keyEvent, &events, depth: depth)
            let valueEvent = try events.next()
            if let earlier = places[key] {
                throw events.error("the key \(key) is here a second time; it is also in line \(earlier.line)", at: keyEvent.mark)
            }
            let value = try node(valueEvent, &events, depth: depth + 1)
            object[key] = value.json
            places[key] = YAMLPlace(keyEvent.mark, value.places)
            whole.weight += value.weight + key.utf8.count / 16
            whole.height = max(whole.height, value.height + 1)
        }
        // A mapping's own keys go before merged ones, and earlier sources before later ones.
        for source in merged {
            guard case .object(let members) = source.json, case .members(let below) = source.places else { continue }
            for (key, value) in members where object[key] == nil {
                object[key] = value
                places[key] = below[key]
            }
            whole.weight += source.weight
            whole.height = max(whole.height, source.height)
        }
        whole.json = .object(object)
        whole.places = .members(places)
        return whole
    }

    private func enter(_ event: YAMLEvent, _ events: borrowing YAMLEvents, tag: String, depth: Int) throws(YAMLError) {
        if let given = event.tag.map(Self.shortTag), given != tag { throw events.error("the tag \(given) is not supported here", at: event.mark) }
        guard depth < JSONReader.maximumDepth else { throw tooDeep(event, events) }
    }

    /// Keys that are numbers or booleans become their canonical text, as in kubectl: `0x1F` is "31", `1e3` is "1000", and `on` is "true".
    private mutating func key(_ event: YAMLEvent, _ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> String {
        switch try node(event, &events, depth: depth + 1).json {
        case .string(let text): return text
        case .number(let text):
            if let value = Int64(text) { return String(value) }
            let isWhole = text.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 | 0x20 != UInt8(ascii: "e") }
            return isWhole ? text : Double(text).map { JSON.double($0).text() } ?? text
        case .bool(let value): return value ? "true" : "false"
        default: throw events.error("a key must be a string", at: event.mark)
        }
    }

    /// The mappings that `<<` names: one or a list.
    private mutating func mergeSources(_ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> [Node] {
        let event = try events.next()
        let value = try node(event, &events, depth: depth + 1)
        if value.json.objectValue != nil { return [value] }
        guard case .array(let elements) = value.json, case .elements(let places) = value.places, elements.allSatisfy({ $0.objectValue != nil }) else {
            throw events.error("<< merges a mapping or a list of mappings", at: event.mark)
        }
        // The list's own weight and height stand for those of its elements.
        return zip(elements, places).enumerated().map { position, source in
            Node(json: source.0, places: source.1.children, weight: position == 0 ? value.weight : 1, height: value.height - 1)
        }
    }
}
