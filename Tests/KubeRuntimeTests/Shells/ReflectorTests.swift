import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

/// A reflector over a script, on a clock of its own, with all it told.
private struct Rig {
    let clock = ManualClock()
    let source: ScriptedCollection
    let store = Store<Thing>()
    let reflector: Reflector<Thing>
    let told = Recording()

    final class Recording: Sendable {
        private let lines = Mutex<[String]>([])
        private let ends = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        var vanished: [String] { ends.withLock { $0 } }
        func vanish(_ key: ObjectKey) { ends.withLock { $0.append(key.description) } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    init(
        lists: [ScriptedCollection.List], watches: [ScriptedCollection.Watch], absences: [ScriptedCollection.Absence] = [],
        absenceIsSynced: Bool = false, watchList: Bool = false
    ) {
        source = ScriptedCollection(lists: lists, watches: watches, absences: absences, beginsWithAll: watchList)
        var settings = ReflectorMachine.Settings()
        settings.backoff.jitter = .none
        settings.usesWatchList = watchList
        reflector = Reflector(
            source: source, store: store, absenceIsSynced: absenceIsSynced, settings: settings, timeline: Timeline(clock), seed: 1)
        let (told, store) = (told, store)
        reflector.onVanish { told.vanish($0) }
        reflector.onChange { change, origin in
            // The store has it before the handler hears of it.
            switch change {
            case .applied(_, let new): if store.get(new.metadata.key) != new { told.add("the store lags behind") }
            case .deleted(let last, _):
                if store.get(last.metadata.key)?.metadata.uid == last.metadata.uid { told.add("the store still has it") }
            }
            told.add("\(text(change)) \(origin)")
        }
    }

    /// Runs until `condition` holds, moving the clock so that waits and silences pass.
    func run(until condition: @escaping @Sendable () -> Bool) async -> Bool {
        let running = Task { await reflector.run() }
        defer { running.cancel() }
        for _ in 0..<2_000 {
            if condition() { return true }
            try? await Task.sleep(for: .milliseconds(2))
            clock.advance(by: .milliseconds(250))
        }
        return false
    }
}

struct ReflectorTests {
    @Test func listsInPagesThenFollowsTheWatch() async {
        let rig = Rig(
            lists: [.page([Thing("a", 1)], version: "10", token: "t1"), .page([Thing("b", 2)], version: "10")],
            watches: [
                .init(events: [
                    .event(.added(Thing("c", 11))), .event(.modified(Thing("a", 12))), .event(.deleted(Thing("b", 13))),
                    .event(.bookmark(resourceVersion: "20", initialEventsEnd: false)), .silence,
                ])
            ])
        #expect(await rig.run { rig.store.resourceVersion == "20" })
        #expect(rig.told.all == ["+a@1 initialList", "+b@2 initialList", "+c@11 watch", "~a@12 watch", "-b@13 watch"])
        #expect(rig.source.calls == ["list 500 -", "list 500 t1", "watch 10"])
        #expect(rig.reflector.hasSynced)
    }

    @Test func aLostConnectionIsWatchedFromTheLastVersionAndListsNothing() async {
        let rig = Rig(
            lists: [.page([], version: "10")],
            watches: [
                .init(events: [.event(.added(Thing("a", 11))), .breaks(status(503, "going away"))]), .init(refused: status(502, "bad gateway")),
                .init(events: [.event(.modified(Thing("a", 12))), .silence]),
            ])
        #expect(await rig.run { rig.store.get(key("a"))?.metadata.resourceVersion == "12" })
        #expect(rig.source.calls == ["list 500 -", "watch 10", "watch 11", "watch 11"])
    }

    /// The two shapes of 410.
    @Test(arguments: [true, false]) func anExpiredVersionIsHealedByAList(inStream: Bool) async {
        let expired = KubeStatus(code: 410, reason: "Expired", message: "too old resource version")
        let rig = Rig(
            lists: [.page([Thing("a", 1), Thing("b", 1)], version: "10"), .page([Thing("b", 1), Thing("c", 30)], version: "30")],
            watches: [inStream ? .init(events: [.event(.error(expired))]) : .init(refused: .status(expired))])
        #expect(await rig.run { rig.source.calls.last == "watch 30" })
        #expect(rig.told.all == ["+a@1 initialList", "+b@1 initialList", "-a?@1 relist", "+c@30 relist"])
    }

    @Test func tooManyRequestsInTheStreamListNothing() async {
        let busy = KubeStatus(code: 429, reason: "TooManyRequests", message: "busy", retryAfterSeconds: 1)
        let rig = Rig(
            lists: [.page([], version: "10")],
            watches: [.init(events: [.event(.error(busy))]), .init(events: [.event(.added(Thing("a", 11))), .silence])])
        #expect(await rig.run { rig.store.count == 1 })
        #expect(rig.source.calls == ["list 500 -", "watch 10", "watch 10"])
    }

    @Test func anUndecodableEventIsTriedOnceMoreThenListed() async {
        let rig = Rig(
            lists: [.page([Thing("a", 1)], version: "10"), .page([Thing("a", 12)], version: "12")],
            watches: [
                .init(events: [.event(.added(Thing("b", 11))), .event(.undecodable(UndecodableEvent("things: no JSON")))]),
                .init(events: [.event(.undecodable(UndecodableEvent("things: no JSON")))]),
            ])
        #expect(await rig.run { rig.source.calls.last == "watch 12" })
        #expect(rig.source.calls == ["list 500 -", "watch 10", "watch 11", "list 500 -", "watch 12"])
        #expect(rig.reflector.counters.undecodable == 2)
    }

    @Test func anUnreadableItemHarmsNoOtherAndKeepsWhatWasKnown() async {
        let rig = Rig(
            lists: [
                .page([Thing("a", 1), Thing("b", 1)], version: "10"), .page([Thing("b", 20)], version: "20", unreadable: ["shop/a"]),
            ],
            watches: [.init(refused: status(410, "gone", reason: "Gone"))])
        #expect(await rig.run { rig.source.calls.last == "watch 20" })
        #expect(rig.told.all.suffix(1) == ["~b@20 relist"])
        #expect(rig.store.get(key("a")) != nil)
    }

    @Test func silenceAfterABookmarkIsADeadStream() async {
        let rig = Rig(
            lists: [.page([], version: "10")],
            watches: [.init(events: [.event(.bookmark(resourceVersion: "15", initialEventsEnd: false)), .silence])])
        #expect(await rig.run { rig.source.calls.last == "watch 15" })
        // 150 s of silence and the look every 10 s; far sooner than the watch's own end.
        #expect(rig.clock.now.offset < .seconds(200))
    }

    @Test func missingRightsAreNamedAndHealed() async {
        let rig = Rig(lists: [.fails(status(403, "cannot list things", reason: "Forbidden")), .page([], version: "10")], watches: [])
        let named = Mutex(false)
        #expect(
            await rig.run {
                if rig.reflector.trouble?.contains("cannot list things") ?? false { named.withLock { $0 = true } }
                return rig.reflector.hasSynced
            })
        #expect(named.withLock { $0 })
        #expect(rig.reflector.trouble == nil)
    }

    @Test(arguments: [true, false]) func anAbsentKindEmptiesTheStoreAndComesBack(absenceIsSynced: Bool) async {
        let gone = ScriptedCollection.List.fails(status(404, "the server could not find the requested resource", reason: "NotFound"))
        let rig = Rig(
            lists: [.page([Thing("a", 1)], version: "10"), gone, gone, gone, gone, .page([Thing("a", 50, uid: "new")], version: "50")],
            watches: [.init(refused: status(404, "404 page not found", reason: "NotFound"))], absenceIsSynced: absenceIsSynced)
        #expect(await rig.run { rig.store.get(key("a"))?.metadata.uid == "new" })
        #expect(rig.told.all == ["+a@1 initialList", "-a?@1 relist", "+a@50 relist"])
    }

    /// What a proxy before the API server may answer, and a discovery that doesn't bear it out: nothing is deleted.
    @Test(arguments: ["default backend - 404", "404 page not found"], [ScriptedCollection.Absence.served, .fails(status(503, "starting"))])
    func a404ThatDiscoveryDoesNotConfirmKeepsTheStore(message: String, absence: ScriptedCollection.Absence) async {
        let missing = [ScriptedCollection.List](repeating: .fails(status(404, message, reason: "NotFound")), count: 12)
        let rig = Rig(
            lists: [.page([Thing("a", 1)], version: "10")] + missing + [.page([Thing("a", 1), Thing("b", 50)], version: "50")],
            watches: [.init(events: [.breaks(status(410, "too old", reason: "Expired"))])],
            absences: [ScriptedCollection.Absence](repeating: absence, count: 12))
        #expect(await rig.run { rig.store.count == 2 })
        #expect(rig.told.all == ["+a@1 initialList", "+b@50 relist"])
        #expect(rig.source.calls.contains("discover") == (message == "404 page not found"))
        #expect(rig.reflector.trouble == nil)
    }

    @Test(arguments: [true, false]) func anAbsentKindIsSyncedOnlyWhereItMayBeAbsent(absenceIsSynced: Bool) async {
        let gone = ScriptedCollection.List.fails(status(404, "404 page not found", reason: "NotFound"))
        let rig = Rig(lists: [gone, gone, gone, gone], watches: [], absenceIsSynced: absenceIsSynced)
        #expect(await rig.run { rig.reflector.isAbsent && rig.source.calls.count >= 4 && rig.reflector.hasSynced == absenceIsSynced })
        #expect(rig.reflector.hasSynced == absenceIsSynced)
        #expect((rig.reflector.trouble?.contains("no such kind") ?? false) == !absenceIsSynced)
    }

    @Test func aWatchThatBeginsWithAllObjectsFillsTheStoreAtOnce() async {
        let rig = Rig(
            lists: [],
            watches: [
                .init(events: [
                    .event(.added(Thing("a", 3))), .event(.added(Thing("b", 4))), .event(.modified(Thing("a", 11))),
                    .event(.added(Thing("c", 2))), .event(.deleted(Thing("c", 12))),
                    .event(.bookmark(resourceVersion: "20", initialEventsEnd: true)), .event(.added(Thing("d", 21))), .silence,
                ])
            ], watchList: true)
        #expect(await rig.run { rig.store.resourceVersion == "21" })
        #expect(Set(rig.told.all.prefix(2)) == ["+a@11 initialList", "+b@4 initialList"])
        #expect(rig.told.all.dropFirst(2) == ["+d@21 watch"])
        #expect(rig.source.calls == ["watch all"])
        #expect(rig.reflector.hasSynced)
    }

    @Test func aServerThatRefusesToBeginAWatchWithAllIsListed() async {
        let rig = Rig(
            lists: [.page([Thing("a", 1)], version: "10")],
            watches: [
                .init(
                    refused: status(422, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled", reason: "Invalid"))
            ], watchList: true)
        #expect(await rig.run { rig.source.calls.last == "watch 10" })
        #expect(rig.source.calls == ["watch all", "list 500 -", "watch 10"])
    }

    /// What was deleted while no watch was open is told, by whichever way all objects come again.
    @Test func deletionsNobodySawAreToldAfterABeginningToo() async {
        let expired = KubeStatus(code: 410, reason: "Expired", message: "too old resource version")
        let rig = Rig(
            lists: [],
            watches: [
                .init(events: [
                    .event(.added(Thing("a", 1))), .event(.added(Thing("b", 1))), .event(.bookmark(resourceVersion: "10", initialEventsEnd: true)),
                    .event(.error(expired)),
                ]),
                .init(events: [
                    .event(.added(Thing("b", 1))), .event(.added(Thing("c", 30, uid: "x"))),
                    .event(.bookmark(resourceVersion: "30", initialEventsEnd: true)), .silence,
                ]),
            ], watchList: true)
        #expect(await rig.run { rig.store.resourceVersion == "30" })
        #expect(rig.told.all.dropFirst(2) == ["-a?@1 relist", "+c@30 relist"])
    }

    /// As many caches at once as there are cooperative threads, none of which they may hold; and who reads a cache meanwhile is not held up.
    @Test func aLongListIsStoredOffTheCooperativeThreadsWhileReadersGoOn() async {
        let gate = PoolGate()
        let stores = (0..<PoolGate.width).map { _ in
            Store<Thing>(indexes: [
                "gate": { thing in
                    if thing.metadata.name == "thing-0" { gate.pass() }
                    return []
                }
            ])
        }
        let things = (0..<1_100).map { Thing("thing-\($0)", 1) }
        var settings = ReflectorMachine.Settings()
        settings.usesWatchList = false
        let reflectors = stores.map { store in
            Reflector(source: ScriptedCollection(lists: [.page(things, version: "10")], watches: []), store: store, settings: settings)
        }
        let runs = reflectors.map { reflector in Task { await reflector.run() } }
        #expect(await gate.openWhenAllWait { for store in stores { _ = store.count } }, "no task ran, or read, while lists were stored")
        for reflector in reflectors { await reflector.waitUntilSynced() }
        #expect(stores.allSatisfy { $0.count == 1_100 })
        for run in runs { run.cancel() }
    }

    /// Nothing is known of it but that it was there; whoever keeps something of its must hear of its end, by an event or by a list.
    @Test(arguments: [true, false]) func theEndOfAnObjectThatCouldNeverBeReadIsTold(byEvent: Bool) async {
        let gone = UndecodableEvent("a", identity: .init(key: key("a"), uid: "u-a", resourceVersion: "11", isDeletion: true))
        let rig = Rig(
            lists: [.page([], version: "10", unreadable: ["shop/a", "shop/b"]), .page([], version: "20", unreadable: ["shop/b"])],
            watches: [.init(events: byEvent ? [.event(.undecodable(gone)), .silence] : [.breaks(status(410, "old", reason: "Expired"))])])
        #expect(await rig.run { !rig.told.vanished.isEmpty })
        #expect(rig.told.vanished == ["shop/a"])
        #expect(rig.told.all.isEmpty)
    }

    /// An object that is whole JSON and no Thing holds up nobody: not once, and not each time that it changes.
    @Test func anUnreadableObjectIsLeftOutAndTheWatchGoesOn() async {
        func unreadable(_ name: String, _ version: String, deleted: Bool = false) -> ScriptedCollection.Event {
            .event(
                .undecodable(
                    UndecodableEvent(
                        "things shop/\(name): no word",
                        identity: .init(key: key(name), uid: "u-\(name)", resourceVersion: version, isDeletion: deleted))))
        }
        let rig = Rig(
            lists: [.page([Thing("a", 1), Thing("c", 1)], version: "10")],
            watches: [
                .init(
                    events: [unreadable("a", "11"), unreadable("b", "12"), unreadable("a", "13"), unreadable("c", "14", deleted: true)]
                        + [.event(.added(Thing("d", 15))), .silence])
            ])
        #expect(await rig.run { rig.store.resourceVersion == "15" })
        #expect(rig.source.calls == ["list 500 -", "watch 10"])
        #expect(rig.told.all.suffix(2) == ["-c?@1 watch", "+d@15 watch"])
        #expect(rig.store.get(key("a"))?.metadata.resourceVersion == "1")
        #expect(rig.store.unreadable == ["shop/a", "shop/b"])
        #expect(rig.reflector.counters.undecodable == 4)
        #expect(rig.told.vanished.isEmpty)
        #expect(rig.reflector.trouble == nil)
    }
}
