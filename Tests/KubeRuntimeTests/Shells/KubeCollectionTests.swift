import KubeClient
import KubeRuntime
import TestSupport
import Testing

/// What a reflector's source asks of the API server; shape-tested against a scripted one.
struct KubeCollectionTests {
    /// At version "" the server answers with what is true now; any other, "0" among them, may be from a cache that lags behind.
    @Test func listsAreAskedForAtNoVersionAndWatchesAtTheirs() async throws {
        let server = try ScriptedServer { request, _ in
            .json(request.target.contains("watch=") ? "" : #"{"kind":"ThingList","metadata":{"resourceVersion":"7","continue":"t1"},"items":[]}"#)
        }
        defer { server.stop() }
        let client = try KubeClient(configuration: KubeConfiguration(server: server.url, origin: "a script"))
        let things = KubeCollection(client, of: Thing.self, namespace: "shop", labelSelector: "a=b")
        _ = try await things.page(limit: 500, continueToken: nil)
        _ = try await things.page(limit: 500, continueToken: "t1")
        _ = try await things.page(limit: 0, continueToken: nil)
        try await things.watch(from: "7", timeoutSeconds: 9, onStart: {}, onEvent: { _ in true })
        await client.shutdown()
        let path = "/apis/test.plimsoll.dev/v1/namespaces/shop/things"
        #expect(
            server.requests.map(\.target) == [
                "\(path)?labelSelector=a%3Db&limit=500", "\(path)?labelSelector=a%3Db&limit=500&continue=t1", "\(path)?labelSelector=a%3Db",
                "\(path)?watch=true&timeoutSeconds=9&labelSelector=a%3Db&allowWatchBookmarks=true&resourceVersion=7",
            ])
    }
}
