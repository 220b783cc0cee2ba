import HTTPTransport
package import KubeModel
import Values

extension KubeClient {
    /// One object. A missing one is `isNotFound`.
    package func get<Object: KubeReadable>(_ resource: ResourceKind, _ key: ObjectKey, as type: Object.Type) async throws(KubeError) -> Object {
        try await get(path: resource.path(key), "\(resource) \(key)", as: type)
    }

    package func get<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) async throws(KubeError) -> Object {
        try await get(type.resource, key, as: type)
    }

    private func get<Object: KubeReadable>(path: String, _ what: String, as type: Object.Type) async throws(KubeError) -> Object {
        let response = try await connection.send(call("GET", path))
        do {
            return try JSONReader.read(response.body) { reader in try Object(reading: &reader) }
        } catch { throw BodyReading.failure(what, error, response) }
    }

    /// One page of a list, or the whole with `limit` 0. Namespace nil or empty: all namespaces.
    ///
    /// With a `continueToken` neither `resourceVersion` nor `match` may be given; the selectors must be those of the first page.
    /// Items that can't be decoded are told apart in the page and harm no others.
    package func list<Object: KubeReadable>(
        _ resource: ResourceKind, namespace: String? = nil, as type: Object.Type, labelSelector: String? = nil, fieldSelector: String? = nil,
        limit: Int = 0, continueToken: String? = nil, resourceVersion: String? = nil, match: ResourceVersionMatch? = nil
    ) async throws(KubeError) -> ListPage<Object> {
        var query = Self.selectors(labelSelector, fieldSelector)
        if limit > 0 { query.append(QueryItem("limit", "\(limit)")) }
        if let continueToken { query.append(QueryItem("continue", continueToken)) }
        if let resourceVersion { query.append(QueryItem("resourceVersion", resourceVersion)) }
        if let match { query.append(QueryItem("resourceVersionMatch", match.rawValue)) }
        var call = call("GET", resource.path(namespace: namespace), query: query)
        call.acceptGzip = !configuration.disableCompression
        call.maxBodyBytes = 512 << 20
        call.deadlines.whole = timeout * 4
        call.deadlines.idle = timeout
        let response = try await connection.send(call)
        let body = response.body
        let what = "list of \(resource)"
        do {
            // A page of 500 takes about a millisecond; a whole list would hold a cooperative thread for long.
            guard body.count > 512 << 10 else { return try ListDecoder.decode(body, as: type, itemKind: resource.kind) }
            return try await BlockingThread.run { () throws in try ListDecoder.decode(body, as: type, itemKind: resource.kind) }
        } catch { throw BodyReading.failure(what, error, response) }
    }

    /// The whole list, read in pages. `resourceVersion` is the one to watch from.
    ///
    /// When the token for the next page has expired, the list begins anew, whole in one answer.
    package func listAll<Object: KubeReadable>(
        _ resource: ResourceKind, namespace: String? = nil, as type: Object.Type, labelSelector: String? = nil, fieldSelector: String? = nil,
        pageSize: Int = 500
    ) async throws(KubeError) -> ListPage<Object> {
        var whole = ListPage<Object>()
        do throws(KubeError) {
            whole.resourceVersion = try await listPages(
                resource, namespace: namespace, as: type, labelSelector: labelSelector, fieldSelector: fieldSelector, pageSize: pageSize
            ) { page in
                let offset = whole.items.count + whole.undecodable.count
                whole.items += page.items
                whole.undecodable += page.undecodable.map { UndecodableItem(index: $0.index + offset, name: $0.name, message: $0.message) }
            }
        } catch  where error.isExpired {
            return try await list(resource, namespace: namespace, as: type, labelSelector: labelSelector, fieldSelector: fieldSelector)
        }
        return whole
    }

    /// Hands the list over page by page, and returns the resource version to watch from. An expired token in between is thrown (`isExpired`):
    /// the pages so far are then no consistent list.
    package func listPages<Object: KubeReadable>(
        _ resource: ResourceKind, namespace: String? = nil, as type: Object.Type, labelSelector: String? = nil, fieldSelector: String? = nil,
        pageSize: Int = 500, resourceVersion: String? = nil, onPage: (ListPage<Object>) async -> Void
    ) async throws(KubeError) -> String {
        var token: String?
        var version = resourceVersion
        while true {
            let page = try await list(
                resource, namespace: namespace, as: type, labelSelector: labelSelector, fieldSelector: fieldSelector, limit: pageSize,
                continueToken: token, resourceVersion: version)
            await onPage(page)
            guard let next = page.continueToken else { return page.resourceVersion }
            guard next != token else {
                throw .transport(
                    HTTPError(
                        kind: .protocolViolation, isRetrySafe: true,
                        message: "the list of \(resource) does not advance: its continue token is the same again"))
            }
            token = next
            version = nil
        }
    }

    static func selectors(_ label: String?, _ field: String?) -> [QueryItem] {
        var query: [QueryItem] = []
        if let label, !label.isEmpty { query.append(QueryItem("labelSelector", label)) }
        if let field, !field.isEmpty { query.append(QueryItem("fieldSelector", field)) }
        return query
    }
}
