import Testing

@testable import KubeRuntime

/// Strangers can't shut out those whose token the API server knows.
struct AskerBookTests {
    private final class Rig {
        private var book = AskerBook()

        func begin(_ token: String, from peer: String, at now: Swift.Duration = .zero) -> AskerBook.Ticket? {
            book.begin(token: token, peer: peer, now: now)
        }
        func end(_ ticket: AskerBook.Ticket) { book.end(ticket, isSomebodys: nil, now: .zero) }
        /// Has a token asked about from beginning to end.
        func ask(_ token: String, from peer: String, isSomebodys: Bool, at now: Swift.Duration = .zero) -> Bool {
            guard let ticket = begin(token, from: peer, at: now) else { return false }
            book.end(ticket, isSomebodys: isSomebodys, now: now)
            return true
        }
    }

    @Test func manyTokensOfNobodysKeepOnlyTheirOwnAddressWaiting() {
        let book = Rig()
        #expect(book.ask("pipeline", from: "10.0.0.1", isSomebodys: true))
        for index in 0..<AskerBook.nobodies { #expect(book.ask("guess\(index)", from: "10.0.0.9", isSomebodys: false)) }
        #expect(!book.ask("guess", from: "10.0.0.9", isSomebodys: false))
        #expect(book.ask("another pipeline", from: "10.0.0.2", isSomebodys: true), "an address of its own")
        #expect(book.ask("pipeline", from: "10.0.0.9", isSomebodys: true), "who is known is known anywhere")
        #expect(book.ask("guess", from: "10.0.0.9", isSomebodys: false, at: .seconds(11)), "after a while it may try again")
    }

    @Test func strangersAtOnceLeaveRoomForTheKnown() {
        let book = Rig()
        for index in 0..<5 { #expect(book.ask("pipeline\(index)", from: "a", isSomebodys: true)) }
        var tickets: [AskerBook.Ticket] = []
        for peer in ["x", "y", "z"] {
            for index in 0..<20 { tickets += [book.begin("\(peer)\(index)", from: peer)].compactMap { $0 } }
        }
        #expect(tickets.count == AskerBook.strangersAtOnce)
        // Any pod has a token that is somebody's: one can't keep the others out.
        var known = (0..<20).compactMap { _ in book.begin("pipeline0", from: "a") }
        #expect(known.count == AskerBook.knownAtOnceOfOne)
        known += (0..<20).compactMap { book.begin("pipeline\(1 + $0 % 4)", from: "a") }
        #expect(known.count == AskerBook.knownAtOnce && known.allSatisfy(\.isKnown))
        // One address has a part only, and what has ended makes room.
        for ticket in tickets + known { book.end(ticket) }
        let again = (0..<20).compactMap { book.begin("again\($0)", from: "x") }
        #expect(again.count == AskerBook.strangersAtOnceFromOne)
    }

    @Test func whoseTokenIsNobodysAnyMoreIsAStranger() {
        let book = Rig()
        #expect(book.ask("t", from: "a", isSomebodys: true))
        #expect(book.begin("t", from: "a")?.isKnown == true)
        #expect(book.ask("t", from: "a", isSomebodys: false))
        #expect(book.begin("t", from: "a")?.isKnown == false)
        #expect(book.ask("u", from: "a", isSomebodys: true))
        #expect(book.begin("u", from: "a", at: AskerBook.memory)?.isKnown == false, "nor is it known for ever")
    }

    @Test func manyAddressesTakeNoMemoryWithoutBound() {
        let book = Rig()
        for index in 0..<1024 { #expect(book.ask("t", from: "p\(index)", isSomebodys: false)) }
        #expect(!book.ask("t", from: "one more", isSomebodys: false))
        #expect(book.ask("t", from: "one more", isSomebodys: false, at: .seconds(11)))
    }
}
