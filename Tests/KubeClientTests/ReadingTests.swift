import KubeModel
import Testing
import Values

@testable import KubeClient

/// A kind as a controller would have it: its name, and a number that must be there.
struct Sized: KubeObject, Equatable {
    static let resource = ResourceKind(group: "example.com", version: "v1", kind: "Sized", plural: "sizeds")
    var metadata = ObjectMeta()
    var size: Int64 = 0

    init(reading reader: inout JSONReader) throws {
        var size: Int64?
        var metadata = ObjectMeta()
        try reader.readObject { key, reader in
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "size": size = try reader.readInt()
            default: break
            }
        }
        guard let size else { throw reader.error("size is missing") }
        self.size = size
        self.metadata = metadata
    }
}

@Suite struct ListDecoderTests {
    static func sized(_ text: String) throws -> ListPage<Sized> { try ListDecoder.decode(Array(text.utf8), as: Sized.self) }
    static func trees(_ text: String) throws -> ListPage<JSON> { try ListDecoder.decode(Array(text.utf8), as: JSON.self) }

    @Test(arguments: [
        #"{"kind":"SizedList","apiVersion":"example.com/v1","metadata":{"resourceVersion":"7","continue":"c","remainingItemCount":3},"items":[{"metadata":{"name":"a"},"size":1},{"size":2}]}"#,
        #"{"apiVersion":"example.com/v1","items":[{"size":1,"metadata":{"name":"a"}},{"size":2}],"kind":"SizedList","metadata":{"continue":"c","remainingItemCount":3,"resourceVersion":"7"}}"#,
    ])
    func metadataBeforeOrAfterItems(text: String) throws {
        let page = try Self.sized(text)
        #expect(page.items.map(\.size) == [1, 2])
        #expect(page.items[0].metadata.name == "a")
        #expect(page.resourceVersion == "7")
        #expect(page.continueToken == "c")
        #expect(page.remainingItemCount == 3)
        #expect(page.undecodable.isEmpty)
    }

    @Test func nullAndMissingItems() throws {
        #expect(
            try Self.sized(#"{"kind":"SizedList","items":null,"metadata":{"resourceVersion":"1","continue":"","remainingItemCount":null}}"#).items
                .isEmpty)
        #expect(try Self.sized(#"{"kind":"SizedList","metadata":null,"items":[]}"#).continueToken == nil)
    }

    /// What is taken for an empty list takes everything away.
    @Test(arguments: [
        #"{"kind":"PodList","metadata":{"resourceVersion":"5"},"items":[]}"#, #"{"kind":"SizedList","metadata":{"resourceVersion":"5"}}"#,
        #"{"kind":"Status","items":[]}"#,
    ]) func anotherKindsListAndOneWithoutItemsAreNone(text: String) {
        #expect(throws: (any Error).self) { try ListDecoder.decode(Array(text.utf8), as: Sized.self, itemKind: "Sized") }
    }

    @Test func oneBadItemHarmsNoOther() throws {
        let page = try Self.sized(
            #"{"items":[{"size":1},{"metadata":{"name":"x","namespace":"n"},"size":"two"},{"deep":{"a":[1,{"b":2}]}},5,{"size":3}],"kind":"SizedList"}"#
        )
        #expect(page.items.map(\.size) == [1, 3])
        #expect(page.undecodable.map(\.index) == [1, 2, 3])
        #expect(page.undecodable.map(\.name) == ["n/x", "", ""])
        #expect(page.undecodable[0].description.hasPrefix("item 1 (n/x): "))
        #expect(page.undecodable[1].message.contains("size is missing"))
    }

    @Test(arguments: [
        "", "[]", "null", "{", #"{"items":[{"size":1},"#, #"{"items":[{"size":1}}"#, #"{"items":{}}"#, #"{"items":[{"size":1}]} x"#,
        #"{"kind":"Sized","metadata":{},"size":1}"#, "<html>",
    ])
    func noLists(text: String) {
        #expect(throws: (any Error).self) { try Self.sized(text) }
    }

    @Test func treesGetTheirKind() throws {
        let page = try Self.trees(
            #"{"kind":"ConfigMapList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"kind":"Other","apiVersion":"v2"}]}"#)
        #expect(
            page.items.map { $0.text() } == [
                #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#, #"{"kind":"Other","apiVersion":"v2"}"#,
            ])
    }
}

@Suite struct WatchEventTests {
    static func decode(_ text: String) -> WatchEvent<Sized> { WatchEvent.decode(Array(text.utf8), resource: Sized.resource) }

    static func name(_ event: WatchEvent<Sized>) -> String {
        switch event {
        case .added(let object): "added \(object.metadata.name) \(object.size)"
        case .modified(let object): "modified \(object.metadata.name) \(object.size)"
        case .deleted(let object): "deleted \(object.metadata.name) \(object.size)"
        case .bookmark(let version, let end): "bookmark \(version) \(end)"
        case .error(let status): "error \(status.code) \(status.reason)"
        case .undecodable(let message): "undecodable \(message)"
        }
    }

    @Test(arguments: [
        (#"{"type":"ADDED","object":{"metadata":{"name":"a"},"size":1}}"#, "added a 1"),
        (#"{"type":"MODIFIED","object":{"metadata":{"name":"a"},"size":2}}"#, "modified a 2"),
        (#"{"object":{"metadata":{"name":"a"},"size":3},"type":"DELETED","x":[1]}"#, "deleted a 3"),
        (#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}}"#, "bookmark 12 false"),
        (
            #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12","annotations":{"k8s.io/initial-events-end":"true"}}}}"#,
            "bookmark 12 true"
        ),
        (
            #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12","annotations":{"k8s.io/initial-events-end":"false"}}}}"#,
            "bookmark 12 false"
        ),
        (#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#, "error 410 Expired"),
        (#"{"type":"ERROR","object":{}}"#, "error 500 Unknown"),
    ])
    func events(text: String, expected: String) { #expect(Self.name(Self.decode(text)) == expected) }

    @Test(arguments: [
        (
            #"{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n"},"size":"x"}}"#,
            "sizeds.example.com n/a: ADDED watch event can't be read: "
        ),
        (#"{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}"#, "size is missing"),
        (#"{"type":"ADDED","object":null}"#, "ADDED"),
        (#"{"type":"ADDED"}"#, "without object"),
        (#"{"object":{}}"#, "without type"),
        (#"{"type":"NEWS","object":{}}"#, "unknown type \"NEWS\""),
        (#"{"type":"BOOKMARK","object":{"metadata":{}}}"#, "BOOKMARK without"),
        (#"{"type":"ADDED","object":{"metadata":{"name":"#, "sizeds.example.com"),
        ("garbage", "can't be read"),
    ])
    func whatCannotBeReadIsAnEventToo(text: String, expected: String) {
        let name = Self.name(Self.decode(text))
        #expect(name.hasPrefix("undecodable "))
        #expect(name.contains(expected))
    }
}
