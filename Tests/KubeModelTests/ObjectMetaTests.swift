import KubeModel
import Testing
import Values

struct ObjectMetaTests {
    static let whole = """
        {"name":"a","generateName":"a-","namespace":"shop","uid":"u-1","resourceVersion":"42","generation":3,
         "creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T03:04:06.5Z","deletionGracePeriodSeconds":30,
         "labels":{"app":"x","tier":null},
         "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\\"huge\\":true}","plimsoll.dev/do":"promote"},
         "ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"d","uid":"u-0","controller":true,"blockOwnerDeletion":true},
                            {"apiVersion":"v1","kind":"ConfigMap","name":"c","uid":"u-2"}],
         "finalizers":["plimsoll.dev/x"],
         "managedFields":[{"manager":"kubectl","operation":"Apply","fieldsV1":{"f:spec":{}}}]}
        """

    private func read(_ text: String) throws -> ObjectMeta {
        try JSONReader.read(Array(text.utf8)) { reader in try ObjectMeta(reading: &reader) }
    }

    @Test func readsWhatWeNeedAndDropsTheRest() throws {
        let meta = try read(Self.whole)
        #expect(meta.key == ObjectKey(namespace: "shop", name: "a"))
        #expect(meta.uid == "u-1")
        #expect(meta.resourceVersion == "42")
        #expect(meta.generation == 3)
        #expect(meta.labels == ["app": "x"])
        #expect(meta.annotations == ["plimsoll.dev/do": "promote"])
        #expect(meta.controller?.name == "d")
        #expect(meta.ownerReferences.map(\.group) == ["apps", ""])
        #expect(meta.finalizers == ["plimsoll.dev/x"])
        #expect(meta.creationTimestamp == Instant(rfc3339: "2026-01-02T03:04:05Z"))
        #expect(meta.isDeleting)
    }

    @Test(arguments: [
        whole, "{}", #"{"name":null,"labels":null,"annotations":null,"finalizers":null,"ownerReferences":null,"creationTimestamp":null}"#,
    ])
    func treeAndReaderAgree(text: String) throws {
        #expect(try read(text) == ObjectMeta(json: JSON(parsing: text)))
    }

    @Test(arguments: ["[]", "1", #"{"name":1}"#, #"{"labels":{"a":1}}"#, #"{"generation":"3"}"#, #"{"name":"a""#])
    func refusesWhatIsNoMetadata(text: String) {
        #expect(throws: (any Error).self) { try read(text) }
    }

    @Test func ownerReferencesAreWrittenAsTheAPIHasThem() throws {
        let meta = try read(Self.whole)
        #expect(
            meta.ownerReferences.map { $0.json.text() } == [
                #"{"apiVersion":"apps/v1","kind":"Deployment","name":"d","uid":"u-0","controller":true,"blockOwnerDeletion":true}"#,
                #"{"apiVersion":"v1","kind":"ConfigMap","name":"c","uid":"u-2"}"#,
            ])
    }
}
