import KubeModel
import Testing

struct ResourceKindTests {
    static let cases: [(ResourceKind, String?, String?, String?, String)] = [
        (ResourceKind.configMaps, "shop", "a", nil, "/api/v1/namespaces/shop/configmaps/a"),
        (.configMaps, nil, nil, nil, "/api/v1/configmaps"),
        (.configMaps, "", nil, nil, "/api/v1/configmaps"),
        (.namespaces, "shop", "shop", nil, "/api/v1/namespaces/shop"),
        (.namespaces, nil, "shop", "finalize", "/api/v1/namespaces/shop/finalize"),
        (.deployments, "shop", "web", "scale", "/apis/apps/v1/namespaces/shop/deployments/web/scale"),
        (.leases, "ns", "x", nil, "/apis/coordination.k8s.io/v1/namespaces/ns/leases/x"),
        (.events, "ns", nil, nil, "/apis/events.k8s.io/v1/namespaces/ns/events"),
        (.customResourceDefinitions, nil, "slos.plimsoll.dev", nil, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/slos.plimsoll.dev"),
        // Names such as RBAC's may hold what a path must not.
        (.configMaps, "ns", "system:a/b c", nil, "/api/v1/namespaces/ns/configmaps/system%3Aa%2Fb%20c"),
        (.configMaps, "..", "ø", nil, "/api/v1/namespaces/%2E%2E/configmaps/%C3%B8"),
        // A subresource belongs to an object.
        (.configMaps, "ns", nil, "status", "/api/v1/namespaces/ns/configmaps"),
    ]

    @Test(arguments: cases)
    func paths(kind: ResourceKind, namespace: String?, name: String?, subresource: String?, path: String) {
        #expect(kind.path(namespace: namespace, name: name, subresource: subresource) == path)
    }

    @Test func names() {
        #expect(ResourceKind.configMaps.apiVersion == "v1")
        #expect(ResourceKind.deployments.apiVersion == "apps/v1")
        #expect(ResourceKind.configMaps.description == "configmaps")
        #expect(ResourceKind.prometheusRules.description == "prometheusrules.monitoring.coreos.com")
    }

    @Test func keysAreOrderedByNamespaceThenName() {
        let keys = [
            ObjectKey(namespace: "b", name: "a"), ObjectKey(name: "z"), ObjectKey(namespace: "a", name: "b"), ObjectKey(namespace: "a", name: "a"),
        ]
        #expect(keys.sorted().map(\.description) == ["z", "a/a", "a/b", "b/a"])
    }
}
