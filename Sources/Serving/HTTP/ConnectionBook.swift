import CoreMetrics
import NIOCore
import Synchronization

/// Which of too many connections has to go: the one that has gone longest without asking for anything. Pure.
///
/// To wait with new connections until an old one ends would let a few hundred silent clients keep all probes out.
struct ConnectionRanking<ID: Hashable & Sendable>: Sendable {
    let limit: Int
    /// A growing number for each connection: taken when it began and again at each of its requests.
    private var ranks: [ID: UInt64] = [:]
    private var last: UInt64 = 0

    init(limit: Int) { self.limit = max(1, limit) }

    var count: Int { ranks.count }

    /// A connection began; returns another that must end for it.
    mutating func opened(_ id: ID) -> ID? {
        let victim = ranks.count >= limit ? ranks.min { $0.value < $1.value }?.key : nil
        if let victim { ranks[victim] = nil }
        last += 1
        ranks[id] = last
        return victim
    }

    /// A whole request head came over the connection.
    mutating func asked(_ id: ID) {
        guard ranks[id] != nil else { return }
        last += 1
        ranks[id] = last
    }

    mutating func closed(_ id: ID) { ranks[id] = nil }
}

/// The open connections of a server.
final class ConnectionBook: Sendable {
    private struct State: Sendable {
        var ranking: ConnectionRanking<ObjectIdentifier>
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let state: Mutex<State>
    private let shed = Counter(label: "plimsoll_http_connections_shed_total")

    init(limit: Int) {
        state = Mutex(State(ranking: ConnectionRanking(limit: limit)))
        shed.increment(by: 0)
    }

    func opened(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let victim: (any Channel)? = state.withLock { state in
            state.channels[id] = channel
            return state.ranking.opened(id).flatMap { state.channels.removeValue(forKey: $0) }
        }
        guard let victim else { return }
        shed.increment()
        victim.close(mode: .all, promise: nil)
    }

    func asked(_ channel: any Channel) { state.withLock { $0.ranking.asked(ObjectIdentifier(channel)) } }

    func closed(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        state.withLock { state in
            state.ranking.closed(id)
            state.channels[id] = nil
        }
    }
}

/// Tells the book of a connection's beginning and end; everything passes through.
final class ConnectionBookHandler: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = NIOAny

    private let book: ConnectionBook

    init(_ book: ConnectionBook) { self.book = book }

    func handlerAdded(context: ChannelHandlerContext) { book.opened(context.channel) }

    func channelInactive(context: ChannelHandlerContext) {
        book.closed(context.channel)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { book.closed(context.channel) }
}
