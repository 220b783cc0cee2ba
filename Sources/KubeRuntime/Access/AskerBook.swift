/// Who may make the API server be asked now, so that strangers can shut out nobody whose token it knows. A plain value.
///
/// Tokens that were somebody's lately have a share of their own, of which one token has a part. All others are strangers, with a smaller share, of which
/// one address has a part; and an address that has sent many tokens that were nobody's has to wait.
struct AskerBook: Sendable {
    /// In all, and of one token: any pod's own is somebody's.
    static let (knownAtOnce, knownAtOnceOfOne) = (16, 4)
    static let (strangersAtOnce, strangersAtOnceFromOne) = (8, 4)
    /// So many tokens of nobody's may come from an address in such a time.
    static let (nobodies, period) = (50, Swift.Duration.seconds(10))
    /// How long a token that was somebody's is no stranger.
    static let memory = Swift.Duration.seconds(3600)
    private static let (maximumKnown, maximumPeers) = (4096, 1024)

    /// A question under way.
    struct Ticket: Sendable {
        fileprivate let token: Int
        fileprivate let peer: String
        let isKnown: Bool
    }

    private struct Peer: Sendable {
        var underWay = 0
        var nobodies = 0
        var since: Swift.Duration
    }

    /// Until when, by a hash that is seeded for this process: no token is kept. It decides about nothing but whose turn it is.
    private var known: [Int: Swift.Duration] = [:]
    private var peers: [String: Peer] = [:]
    /// By token.
    private var knownUnderWay: [Int: Int] = [:]
    private var strangersUnderWay = 0

    /// - Returns: nil where the asker has to try again later.
    mutating func begin(token: String, peer: String, now: Swift.Duration) -> Ticket? {
        let hash = token.hashValue
        if let until = known[hash], now < until {
            let mine = knownUnderWay[hash] ?? 0
            guard mine < Self.knownAtOnceOfOne, knownUnderWay.values.reduce(0, +) < Self.knownAtOnce else { return nil }
            knownUnderWay[hash] = mine + 1
            return Ticket(token: hash, peer: peer, isKnown: true)
        }
        peers = peers.filter { $0.value.underWay > 0 || now - $0.value.since <= Self.period }
        var mine = peers[peer] ?? Peer(since: now)
        if now - mine.since > Self.period { (mine.nobodies, mine.since) = (0, now) }
        guard strangersUnderWay < Self.strangersAtOnce, mine.underWay < Self.strangersAtOnceFromOne, mine.nobodies < Self.nobodies,
            peers[peer] != nil || peers.count < Self.maximumPeers
        else { return nil }
        mine.underWay += 1
        strangersUnderWay += 1
        peers[peer] = mine
        return Ticket(token: hash, peer: peer, isKnown: false)
    }

    /// - Parameter isSomebodys: what the API server said of the token; nil where it said nothing.
    mutating func end(_ ticket: Ticket, isSomebodys: Bool?, now: Swift.Duration) {
        if ticket.isKnown {
            let left = (knownUnderWay[ticket.token] ?? 1) - 1
            knownUnderWay[ticket.token] = left > 0 ? left : nil
        } else {
            strangersUnderWay -= 1
            peers[ticket.peer]?.underWay -= 1
        }
        guard let isSomebodys else { return }
        guard isSomebodys else {
            known[ticket.token] = nil
            peers[ticket.peer, default: Peer(since: now)].nobodies += 1
            return
        }
        if known[ticket.token] == nil, known.count >= Self.maximumKnown { known = known.filter { now < $0.value } }
        if known[ticket.token] != nil || known.count < Self.maximumKnown { known[ticket.token] = now + Self.memory }
    }
}
