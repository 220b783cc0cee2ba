package import KubeClient
package import KubeModel

/// What a reflector asks of the API server about one collection.
package protocol CollectionSource<Object>: Sendable {
    associatedtype Object: KubeObject

    /// A page of the list at resource version ""; the whole with `limit` 0.
    func page(limit: Int, continueToken: String?) async throws(KubeError) -> ListPage<Object>

    /// Watches with bookmarks until the server ends the stream (returns), it breaks (throws), `onEvent` says false, or the task is cancelled.
    ///
    /// - Parameter resourceVersion: nil asks for all objects first, and a bookmark that says where they end.
    func watch(
        from resourceVersion: String?, timeoutSeconds: Int, onStart: @Sendable () -> Void,
        onEvent: @Sendable (WatchEvent<Object>) async -> Bool
    ) async throws(KubeError)

    /// Whether the server says beyond doubt that it doesn't have the kind: a 404 alone may come from a proxy. Throws where nobody can tell.
    func lacksKind() async throws(KubeError) -> Bool
}

/// A collection of the real API server: a kind, in one namespace or all, of those objects that the selectors choose.
package struct KubeCollection<Object: KubeObject>: CollectionSource {
    private let client: KubeClient
    private let resource: ResourceKind
    private let namespace: String?
    private let labelSelector: String?
    private let fieldSelector: String?

    /// Namespace nil: all namespaces. `resource` differs from the type's own where the server serves the kind in another version.
    package init(
        _ client: KubeClient, of type: Object.Type = Object.self, resource: ResourceKind = Object.resource, namespace: String? = nil,
        labelSelector: String? = nil, fieldSelector: String? = nil
    ) {
        self.client = client
        self.resource = resource
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }

    package func page(limit: Int, continueToken: String?) async throws(KubeError) -> ListPage<Object> {
        try await client.list(
            resource, namespace: namespace, as: Object.self, labelSelector: labelSelector, fieldSelector: fieldSelector, limit: limit,
            continueToken: continueToken)
    }

    package func lacksKind() async throws(KubeError) -> Bool { try await client.lacks(resource) }

    package func watch(
        from resourceVersion: String?, timeoutSeconds: Int, onStart: @Sendable () -> Void,
        onEvent: @Sendable (WatchEvent<Object>) async -> Bool
    ) async throws(KubeError) {
        let stream = try await client.watch(
            resource, namespace: namespace, as: Object.self, labelSelector: labelSelector, fieldSelector: fieldSelector,
            resourceVersion: resourceVersion, timeoutSeconds: timeoutSeconds, sendInitialEvents: resourceVersion == nil)
        onStart()
        var events = stream.makeAsyncIterator()
        while let event = try await events.next(isolation: nil) {
            guard await onEvent(event) else { return }
        }
    }
}
