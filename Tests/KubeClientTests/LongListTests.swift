import KubeModel
import TestSupport
import Testing
import Values

@testable import KubeClient

/// Lists that take long to read; shape-tested against a scripted server.
@Suite struct LongListTests {
    /// Reading the first of them waits for a task.
    struct Gated: KubeObject {
        static let resource = ResourceKind(group: "test.plimsoll.dev", version: "v1", kind: "Gated", plural: "gateds")
        static let gate = PoolGate()
        var metadata = ObjectMeta()

        init(reading reader: inout JSONReader) throws {
            try reader.readObject { key, reader in if key == "metadata" { metadata = try ObjectMeta(reading: &reader) } }
            if metadata.name == "item-0" { Self.gate.pass() }
        }
    }

    /// As many at once as there are cooperative threads, none of which they may hold.
    @Test func aLongListIsReadOffTheCooperativeThreads() async throws {
        let items = (0..<20_000).map { #"{"metadata":{"name":"item-\#($0)","uid":"u-\#($0)"}}"# }.joined(separator: ",")
        #expect(items.utf8.count > 512 << 10)
        try await FaultTests.with({ _, _ in .json(#"{"kind":"GatedList","metadata":{"resourceVersion":"1"},"items":[\#(items)]}"#) }) { client, _ in
            async let areFree = Gated.gate.openWhenAllWait()
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<PoolGate.width { group.addTask { try await client.list(Gated.resource, as: Gated.self).items.count } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(await areFree, "no task ran while lists were read")
            #expect(counts == Array(repeating: 20_000, count: PoolGate.width))
        }
    }
}
