import Values

/// A request as the proxy's rules see it.
package struct SeenRequest: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// A read of one object, or of something that is no collection.
        case get
        /// The first page of a list, or the whole.
        case list
        /// A further page.
        case page
        case watch
        case write
    }

    package var method: String
    package var path: String
    package var query: String

    package init(method: String, uri: String) {
        self.method = method
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query = parts.count > 1 ? String(parts[1]) : ""
    }

    package var kind: Kind {
        if method != "GET" { return .write }
        let names = Set(query.split(separator: "&").map { $0.prefix { $0 != "=" } })
        if names.contains("watch") { return .watch }
        if names.contains("continue") { return .page }
        return names.contains("limit") || path.hasSuffix("s") ? .list : .get
    }

    package var description: String { "\(method) \(path)\(query.isEmpty ? "" : "?\(query)")" }
}

/// When a fault strikes.
package struct FaultRule: Sendable {
    package var fault: Fault
    /// Nil: every kind of request.
    package var kinds: Set<SeenRequest.Kind>?
    /// Must be in the path; empty: every path.
    package var path: String
    /// Must be in the query; empty: every query.
    package var query: String
    /// The share of matching requests that it strikes, once it has struck.
    package var probability: Double

    package init(_ fault: Fault, kinds: Set<SeenRequest.Kind>? = nil, path: String = "", query: String = "", probability: Double = 1) {
        self.fault = fault
        self.kinds = kinds
        self.path = path
        self.query = query
        self.probability = probability
    }

    func matches(_ request: SeenRequest) -> Bool {
        kinds?.contains(request.kind) ?? true && (path.isEmpty || request.path.contains(path)) && (query.isEmpty || request.query.contains(query))
    }
}

/// Which fault strikes which request. At first each rule strikes once, for certain and while the others hold back: after many failures a client asks
/// rarely. Then all in their order, the first that strikes wins. Chances come from a seed.
package struct FaultPlan: Sendable {
    /// A rule that is to strike a request. Only what then happens to its bytes tells whether it did.
    package struct Choice: Sendable, Hashable {
        package var id: Int
        package var fault: Fault
    }

    private struct Entry {
        var id: Int
        var rule: FaultRule
        var chosen = 0
        var hits = 0
    }
    private var entries: [Entry] = []
    private var generator: SeededGenerator
    private var nextID = 0
    private var pastHits: [Int: Int] = [:]

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Adds a rule, and gives the number it goes by.
    package mutating func add(_ rule: FaultRule) -> Int {
        nextID += 1
        entries.append(Entry(id: nextID, rule: rule))
        return nextID
    }

    package mutating func remove(_ id: Int) {
        for entry in entries where entry.id == id { pastHits[id] = entry.hits }
        entries.removeAll { $0.id == id }
    }

    package mutating func removeAll() {
        for entry in entries { pastHits[entry.id] = entry.hits }
        entries = []
    }

    /// How often a rule has struck, taken back or not.
    package func hits(of id: Int) -> Int { entries.first { $0.id == id }?.hits ?? pastHits[id] ?? 0 }

    package mutating func choice(for request: SeenRequest) -> Choice? {
        let matching = entries.indices.filter { entries[$0].rule.matches(request) }
        // Of those that still wait for their turn, the one that was tried least: its bytes may never come.
        if let next = matching.filter({ entries[$0].hits == 0 }).min(by: { entries[$0].chosen < entries[$1].chosen }) { return choose(next) }
        // A client that nothing ails goes on watching, and lists no more: what waits for a list needs the others' help.
        if entries.contains(where: { $0.hits == 0 && $0.rule.kinds?.contains(.watch) ?? true }) { return nil }
        for index in matching where strikes(entries[index].rule) { return choose(index) }
        return nil
    }

    /// A rule that was chosen has struck.
    package mutating func struck(_ id: Int) {
        if let index = entries.firstIndex(where: { $0.id == id }) { entries[index].hits += 1 } else { pastHits[id, default: 0] += 1 }
    }

    private mutating func choose(_ index: Int) -> Choice {
        entries[index].chosen += 1
        return Choice(id: entries[index].id, fault: entries[index].rule.fault)
    }

    private mutating func strikes(_ rule: FaultRule) -> Bool {
        rule.probability >= 1 || Double.random(in: 0..<1, using: &generator) < rule.probability
    }
}
