import KubeModel
import KubeRuntime
import PlimsollAPI
import Testing

@testable import ServiceLevelsController

/// Which composites a member concerns.
struct CompositeWatchTests {
    private static func slo(_ key: String, _ members: [CompositeMember] = []) -> SLO {
        let parts = key.split(separator: "/").map(String.init)
        var metadata = ObjectMeta()
        (metadata.namespace, metadata.name, metadata.uid) = (parts[0], parts[1], key)
        var spec = SLOSpec()
        spec.indicator = members.isEmpty ? SLOIndicator() : SLOIndicator(composite: CompositeIndicator(members: members))
        return SLO(metadata: metadata, spec: spec)
    }

    @Test func allThatStandOnItAreFound() {
        let store = Store<SLO>(indexes: CompositeWatch.indexes)
        let slos = [
            Self.slo("shop/a"), Self.slo("shop/c", [CompositeMember(name: "a"), CompositeMember(name: "b", namespace: "ai")]),
            Self.slo("top/d", [CompositeMember(name: "c", namespace: "shop")]), Self.slo("shop/other", [CompositeMember(name: "x")]),
            // A circle, which has an end here.
            Self.slo("shop/x", [CompositeMember(name: "y")]), Self.slo("shop/y", [CompositeMember(name: "x")]),
        ]
        for slo in slos { _ = store.apply(slo) }
        func found(_ namespace: String, _ name: String) -> [String] {
            CompositeWatch.composites(of: ObjectKey(namespace: namespace, name: name), store).map(\.description).sorted()
        }
        #expect(found("shop", "a") == ["shop/c", "top/d"])
        // One that is not there yet.
        #expect(found("ai", "b") == ["shop/c", "top/d"])
        #expect(found("ai", "a") == [])
        #expect(found("top", "d") == [])
        #expect(found("shop", "x") == ["shop/other", "shop/x", "shop/y"])
        // One that names it no more.
        _ = store.apply(Self.slo("shop/c", [CompositeMember(name: "z")]))
        #expect(found("shop", "a") == [])
    }
}
