import KubeModel
import KubeRuntime
import TestSupport
import Testing
import Values

/// What a change says, as text, for tables.
func text(_ change: StoreChange<Thing>) -> String {
    switch change {
    case .applied(let old, let new): "\(old == nil ? "+" : "~")\(new.metadata.name)@\(new.metadata.resourceVersion)"
    case .deleted(let last, let inferred): "-\(last.metadata.name)\(inferred ? "?" : "")@\(last.metadata.resourceVersion)"
    }
}

struct StoreTests {
    @Test func replaceDeletesFirstThenApplies() {
        let store = Store<Thing>()
        #expect(store.replace(with: [Thing("a", 1), Thing("b", 2), Thing("c", 3)], resourceVersion: "5").map(text) == ["+a@1", "+b@2", "+c@3"])
        #expect(store.resourceVersion == "5")
        // b is unchanged, c is gone, a changed, d is new.
        let changes = store.replace(with: [Thing("a", 8), Thing("b", 2), Thing("d", 7)], resourceVersion: "9").map(text)
        #expect(changes == ["-c?@3", "~a@8", "+d@7"])
        #expect(Set(store.keys) == [key("a"), key("b"), key("d")])
    }

    @Test func theSameNameWithAnotherUIDIsADeletionAndAnAddition() {
        let store = Store<Thing>()
        _ = store.apply(Thing("a", 1, uid: "one"))
        #expect(store.apply(Thing("a", 2, uid: "two")).map(text) == ["-a?@1", "+a@2"])
        #expect(store.replace(with: [Thing("a", 3, uid: "three")], resourceVersion: "4").map(text) == ["-a?@2", "+a@3"])
        // The end of an older namesake takes the newer out too: the server says the name is free.
        #expect(store.delete(Thing("a", 5, uid: "two")).map(text) == ["-a?@3"])
        #expect(store.count == 0)
    }

    @Test func deletionShowsTheLastStateAndIsToldOnce() {
        let store = Store<Thing>()
        _ = store.apply(Thing("a", 1))
        #expect(store.delete(Thing("a", 2)).map(text) == ["-a@2"])
        #expect(store.delete(Thing("a", 2)).isEmpty)
        #expect(store.resourceVersion == "2")
    }

    @Test func whatCouldNotBeReadStaysAsItWas() {
        let store = Store<Thing>()
        _ = store.replace(with: [Thing("a", 1), Thing("b", 1)], resourceVersion: "1")
        #expect(store.replace(with: [], resourceVersion: "2", unreadable: ["shop/a"]).map(text) == ["-b?@1"])
        #expect(store.get(key("a")) != nil)
    }

    @Test func indexesFollowTheObjects() {
        let store = Store<Thing>(indexes: ["word": { [$0.word] }, "letters": { $0.word.map { "\($0)" } }])
        _ = store.apply(Thing("a", 1, word: "xy"))
        _ = store.apply(Thing("b", 2, word: "x"))
        #expect(Set(store.keysByIndex("letters", "x")) == [key("a"), key("b")])
        #expect(store.byIndex("word", "xy").map(\.metadata.name) == ["a"])
        _ = store.apply(Thing("a", 3, word: "z"))
        #expect(store.keysByIndex("letters", "x") == [key("b")])
        #expect(store.keysByIndex("letters", "y").isEmpty)
        _ = store.delete(Thing("b", 4))
        #expect(store.keysByIndex("letters", "x").isEmpty)
        _ = store.replace(with: [Thing("c", 5, word: "q")], resourceVersion: "6")
        #expect(store.keysByIndex("word", "z").isEmpty)
        #expect(store.keysByIndex("word", "q") == [key("c")])
        #expect(store.byIndex("no such index", "q").isEmpty)
    }

    @Test func whatAListCouldNotReadIsNamedUntilItCanBeReadOrIsGone() {
        let store = Store<Thing>()
        _ = store.replace(with: [Thing("a", 1)], resourceVersion: "5", unreadable: ["shop/b", "shop/c", "shop/d"])
        #expect(store.unreadable == ["shop/b", "shop/c", "shop/d"])
        _ = store.apply(Thing("b", 6))
        #expect(store.unreadable == ["shop/c", "shop/d"])
        // Its last state can be read, though it never was in the store.
        #expect(store.delete(Thing("c", 7)).isEmpty)
        #expect(store.unreadable == ["shop/d"])
        _ = store.replace(with: [], resourceVersion: "9")
        #expect(store.unreadable.isEmpty)
    }

    @Test func eventsAndBookmarksMoveTheVersionForwardOnly() {
        let store = Store<Thing>()
        _ = store.replace(with: [], resourceVersion: "100")
        _ = store.apply(Thing("a", 99))
        #expect(store.resourceVersion == "100")
        store.advance(to: "1000")
        #expect(store.resourceVersion == "1000")
        #expect(store.hasReached("999"))
        #expect(!store.hasReached("1001"))
        // Nobody waits for what can't be compared.
        #expect(store.hasReached("not a number"))
        // A list decides: an etcd may have been restored.
        _ = store.replace(with: [], resourceVersion: "7")
        #expect(store.resourceVersion == "7")
    }

    @Test func waitersGoWhenTheVersionComes() async {
        let store = Store<Thing>()
        _ = store.replace(with: [Thing("a", 1, uid: "one")], resourceVersion: "1")
        async let reached: Void = store.waitUntilReached("5")
        async let gone: Void = store.waitUntilGone(key("a"), uid: "one")
        _ = store.delete(Thing("a", 4, uid: "one"))
        await gone
        store.advance(to: "5")
        await reached
        let waiting = Task { await store.waitUntilReached("99") }
        waiting.cancel()
        await waiting.value
    }
}
