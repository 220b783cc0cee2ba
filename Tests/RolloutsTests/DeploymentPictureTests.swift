import PlimsollAPI
import Rollouts
import Testing
import Values

@Suite struct DeploymentPictureTests {
    private func set(_ template: String, _ replicas: Int, available: Int? = nil, pods: Int? = nil) -> DeploymentPicture.ReplicaSet {
        .init(
            name: "checkout-\(template)", uid: "uid-\(template)", template: template, replicas: replicas, pods: pods ?? replicas,
            available: available ?? replicas)
    }

    private func picture(_ template: String, replicas: Int = 4, _ sets: [DeploymentPicture.ReplicaSet]) -> DeploymentPicture {
        DeploymentPicture(uid: "d", template: template, replicas: replicas, replicaSets: sets)
    }

    @Test func theWeightIsOfAllPodsAndWholeOnlyWithoutOthers() {
        #expect(picture("v2", [set("v1", 4)]).observation.weight == 0)
        #expect(picture("v2", [set("v1", 4), set("v2", 1)]).observation.weight == 20)
        #expect(picture("v2", [set("v1", 1), set("v2", 4)]).observation.weight == 80)
        // An old pod is on its way out still.
        #expect(picture("v2", [set("v1", 0, available: 0, pods: 1), set("v2", 4)]).observation.weight == 99)
        #expect(picture("v2", [set("v1", 0), set("v2", 4)]).observation.weight == 100)
        #expect(picture("v2", replicas: 0, [set("v1", 0), set("v2", 0)]).observation.weight == 100)
    }

    @Test func isReadyOnlyWithAllPodsAndAControllerThatHasSeenTheSpec() {
        #expect(picture("v2", [set("v2", 4)]).observation.isReady)
        #expect(!picture("v2", [set("v2", 4, available: 3)]).observation.isReady)
        #expect(!picture("v2", [set("v1", 4)]).observation.isReady)
        #expect(!picture("v2", [set("v2", 0)]).observation.isReady)
        var late = picture("v2", [set("v2", 4)])
        late.isSettled = false
        #expect(!late.observation.isReady)
    }

    @Test func whatWasPausedToKeepOutIsKeptOutOnceItHasNoPods() {
        var kept = picture("v2", [set("v1", 3), set("v2", 1)])
        kept.quarantine = "v2"
        #expect(kept.observation.quarantined.isEmpty)
        kept.isPaused = true
        #expect(kept.observation.quarantined.isEmpty)
        kept.replicaSets = [set("v1", 4), set("v2", 0)]
        #expect(kept.observation.quarantined == ["v2"])
        // Alone it would be scaled up again.
        kept.replicaSets = [set("v1", 0), set("v2", 4)]
        #expect(kept.observation.quarantined == ["v2"])
    }

    @Test func aKnownReplicaSetKeepsItsNameWhenDefaultsChangeTheDigest() {
        let renamed = picture("new2", [set("new1", 4), set("new2", 1)]).renaming(["uid-new1": "v1", "uid-new2": "v2"])
        #expect(renamed.template == "v2")
        #expect(renamed.replicaSets.map(\.template) == ["v1", "v2"])
    }

    @Test func aTemplatesDigestIsThatOfItsReplicaSet() {
        let template: JSON = [
            "metadata": ["creationTimestamp": nil, "labels": ["app": "x"]], "spec": ["containers": [["name": "main", "image": "a"]]],
        ]
        let own: JSON = [
            "spec": ["containers": [["image": "a", "name": "main"]]], "metadata": ["labels": ["app": "x", "pod-template-hash": "5d4"]],
        ]
        #expect(TemplateDigest.of(template) == TemplateDigest.of(own))
        var other = template
        other["spec"]?["containers"] = [["name": "main", "image": "b"]]
        #expect(TemplateDigest.of(template) != TemplateDigest.of(other))
        #expect(TemplateDigest.plain(own)["metadata"]?["labels"] == ["app": "x"])
    }

    @Test func aTemplatesReferencesAreThoseItCannotDoWithout() {
        let template: JSON = [
            "spec": [
                "volumes": [
                    ["name": "a", "configMap": ["name": "settings"]], ["name": "b", "secret": ["secretName": "token", "optional": true]],
                    ["name": "c", "projected": ["sources": [["secret": ["name": "certificate"]]]]],
                ],
                "containers": [
                    [
                        "name": "main", "envFrom": [["configMapRef": ["name": "settings"]]],
                        "env": [["name": "X", "valueFrom": ["secretKeyRef": ["name": "password", "key": "x"]]]],
                    ]
                ],
            ]
        ]
        #expect(
            TemplateReferences.of(template).map { "\($0.kind.rawValue) \($0.name)" } == [
                "ConfigMap settings", "Secret certificate", "Secret password",
            ])
    }
}
