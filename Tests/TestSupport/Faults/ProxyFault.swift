import Values

/// Faults that a proxy between the daemon and a real API server makes: shape-tested where the server itself can't be brought to them.
package struct ProxyFault: Sendable, CustomStringConvertible {
    package let name: String
    let rules: [FaultRule]
    /// Seconds it lasts, in a soak.
    package let seconds: Int
    /// How long it waits until every rule has struck: after many failures a client waits up to half a minute before it asks again.
    private static let patience = Swift.Duration.seconds(180)

    init(_ name: String, seconds: Int = 30, rules: [FaultRule]) {
        self.name = name
        self.seconds = seconds
        self.rules = rules
    }

    package var description: String { name }

    /// Cuts the connections there are, so that new ones meet the rules, until each rule has struck; then lets them rage for that time.
    ///
    /// - Returns: how often each rule struck.
    package func strike(_ proxy: FaultProxy, for time: Swift.Duration) async throws -> [Int] {
        let ids = rules.map { proxy.add($0) }
        let end = ContinuousClock.now + Self.patience
        var haveStruck = false
        while !haveStruck, ContinuousClock.now < end {
            proxy.cutAll()
            haveStruck = await eventually(within: .seconds(30)) { ids.allSatisfy { proxy.hits(of: $0) > 0 } }
        }
        try await Task.sleep(for: time)
        proxy.removeAll()
        // An answer that is under way keeps its fault: a watch would come byte by byte for as long as it lives.
        proxy.cutAll()
        let hits = ids.map { proxy.hits(of: $0) }
        for (rule, hits) in zip(rules, hits) where hits == 0 {
            throw Missing("anything that this rule of \(name) struck: \("\(rule)".prefix(300))")
        }
        return hits
    }

    /// The open watches fall silent and their connections stay. Before that they have time for a bookmark, which shows that one is owed every minute;
    /// after that a client has time to find them dead.
    package static func stall(_ proxy: FaultProxy) async throws -> Int {
        try await Task.sleep(for: .seconds(75))
        let frozen = proxy.freeze()
        guard frozen > 0 else { throw Missing("an open watch for stalled-watch to silence") }
        try await Task.sleep(for: .seconds(165))
        return frozen
    }

    private static func watch(_ fault: Fault, _ probability: Double) -> FaultRule {
        FaultRule(fault, kinds: [.watch], probability: probability)
    }

    /// 429 with and without Retry-After.
    package static let throttled = ProxyFault(
        "429-storm",
        rules: [FaultRule(.throttled(retryAfter: 1), probability: 0.4), FaultRule(.throttled(retryAfter: nil), probability: 0.5)])

    package static let failing = ProxyFault(
        "500-storm", rules: [FaultRule(.internalError, probability: 0.5), FaultRule(.unavailable, probability: 0.5)])

    /// 410 in both shapes, at lists, pages, the start of watches and in them, and 504 for too large a version. Lists come in pages of two for it.
    package static let expired = ProxyFault(
        "410-everywhere",
        rules: [
            FaultRule(.pages(limit: 2), kinds: [.list], query: "limit=", probability: 0.5),
            FaultRule(.expiredContinue, kinds: [.page], probability: 0.7), FaultRule(.gone, kinds: [.list], probability: 0.3),
            FaultRule(.tooLargeResourceVersion, kinds: [.list, .watch], probability: 0.2), watch(.gone, 0.4),
            watch(.errorEvent(410, "Expired", "too old resource version: 1 (2)"), 0.4),
            watch(.errorEvent(410, "Gone", "too old resource version: 1 (2)", after: 1), 1),
        ])

    /// Pieces of one byte and of seven, so that lines and characters are cut in two.
    package static let split = ProxyFault(
        "split-chunks", rules: [FaultRule(.split(bytes: 1), probability: 0.3), FaultRule(.split(bytes: 7), probability: 1)])

    package static let truncated = ProxyFault(
        "truncated-bodies",
        rules: [
            FaultRule(.cutBody(after: 100), probability: 0.25), FaultRule(.truncateBody(after: 300), probability: 0.25),
            watch(.cutBody(after: 1_500), 0.5), watch(.truncateBody(after: 700), 0.7),
        ])

    package static let cut = ProxyFault(
        "cut-connections",
        rules: [FaultRule(.cutBeforeSending, probability: 0.4), FaultRule(.delay(.milliseconds(700)), probability: 0.5)])

    /// Writes that the server has carried out and that look as if they had failed; the creation of an SLO's child is among them.
    package static let lostReplies = ProxyFault(
        "lost-replies",
        rules: [
            FaultRule(.loseReply(status: 201), kinds: [.write], path: "/configmaps/", probability: 0.5),
            FaultRule(.loseReply(status: nil), kinds: [.write], probability: 0.5),
        ])

    /// What is no API server's word: HTML, other kinds, objects without a name, lines that are no JSON, an object of 8 MiB.
    package static let nonsense = ProxyFault(
        "nonsense",
        rules: [
            FaultRule(.html, probability: 0.2),
            FaultRule(.answer(.init(status: 200, json: ["kind": "PodList", "apiVersion": "v1", "items": 3])), kinds: [.list], probability: 0.3),
            FaultRule(.answer(.init(status: 200, json: ["kind": "Status", "status": "Success"])), kinds: [.list], probability: 0.3),
            watch(.insert(line: "<html>502 Bad Gateway</html>", after: 0), 0.2),
            watch(
                .insert(line: #"{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","resourceVersion":"5"}}}"#, after: 0),
                0.3),
            watch(.insert(line: #"{"type":"ADDED","object":{"kind":"SLO","apiVersion":"plimsoll.dev/v1alpha1","metadata":{}}}"#, after: 0), 0.3),
            watch(.insert(line: #"{"type":"MODIFIED","object":null}"#, after: 1), 0.3), watch(.insert(line: huge, after: 0), 0.5),
            watch(.insert(line: #"{"type":"NEWS"}"#, after: 0), 1),
        ])

    private static let huge: String = {
        let filling = String(repeating: "x", count: 8 << 20)
        return
            #"{"type":"MODIFIED","object":{"kind":"SLO","apiVersion":"plimsoll.dev/v1alpha1","metadata":{"name":"huge","namespace":"none","uid":"h","#
            + #""resourceVersion":"1"},"spec":{"service":"\#(filling)"}}}"#
    }()

    package static let all = [split, lostReplies, nonsense, expired, truncated, cut, throttled, failing]

    /// Those that ask for nothing but an answer show within seconds.
    package static let quick = [split, lostReplies, nonsense, expired, throttled]
}
