import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

@Suite struct RuleObjectTests {
    private func slo(_ name: String = "checkout") throws -> SLO {
        SLO(metadata: ObjectMeta(name: name, namespace: "shop", uid: "u-1", generation: 1), spec: try SLOFixtures.spec(SLOFixtures.checkout))
    }

    @Test func `a PrometheusRule is owned, labelled and whole`() throws {
        let slo = try slo()
        let rules = try SLOFixtures.rules(SLOFixtures.checkout, name: "checkout")
        let object = try RuleObjects.prometheusRule(rules, for: slo, settings: RuleSettings(labels: ["release": "kps"]))
        #expect(object["apiVersion"]?.stringValue == "monitoring.coreos.com/v1")
        #expect(object["metadata"]?["name"]?.stringValue == "plimsoll-checkout")
        #expect(object["metadata"]?["labels"]?["release"]?.stringValue == "kps")
        #expect(object["metadata"]?["labels"]?["plimsoll.dev/instance"]?.stringValue == "main")
        #expect(object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue == "u-1")
        #expect(object["metadata"]?["ownerReferences"]?[0]?["controller"]?.boolValue == true)
        #expect(object["spec"]?["groups"]?.arrayValue?.count == 3)
    }

    @Test func `a ConfigMap has one rule file`() throws {
        let rules = try SLOFixtures.rules(SLOFixtures.checkout, name: "checkout")
        let object = try RuleObjects.configMap(rules, for: slo(), settings: RuleSettings())
        #expect(object["data"]?["plimsoll_main_shop_checkout.yaml"]?.stringValue == rules.file.yaml)
    }

    @Test func `long names fit and stay apart`() throws {
        let long = String(repeating: "a", count: 253)
        let other = long.dropLast() + "b"
        let names = [
            RuleObjects.name(of: ObjectKey(namespace: "n", name: long)), RuleObjects.name(of: ObjectKey(namespace: "n", name: String(other))),
        ]
        #expect(names[0] != names[1])
        #expect(names.allSatisfy { $0.utf8.count <= 253 })
        let slo = try slo(long)
        let rules = try SLOFixtures.rules(SLOFixtures.checkout, name: long)
        let label = try RuleObjects.prometheusRule(rules, for: slo, settings: RuleSettings())["metadata"]?["labels"]?["plimsoll.dev/slo"]?.stringValue
        #expect((label?.utf8.count ?? 99) <= 63)
    }

    @Test func `rules beyond the carrier's limit are refused by name`() throws {
        var spec = try SLOFixtures.spec(SLOFixtures.checkout)
        spec.alerting.page.annotations = Dictionary(uniqueKeysWithValues: (0..<400).map { ("a\($0)", String(repeating: "x", count: 1000)) })
        let slo = SLO(metadata: ObjectMeta(name: "checkout", namespace: "shop"), spec: spec)
        let rules = try RuleGenerator.generate(instance: "main", key: slo.metadata.key, spec: spec, settings: RuleSettings(), now: .epoch)
        let error = #expect(throws: RuleObjects.TooLarge.self) { try RuleObjects.prometheusRule(rules, for: slo, settings: RuleSettings()) }
        #expect(error?.description.contains("SLO shop/checkout") == true)
        #expect(error?.description.contains("524288") == true)
    }

    @Test func `each tier silences those of lower rank, and never itself`() throws {
        let rules = InhibitRules.json.arrayValue ?? []
        #expect(rules.count == 7)
        #expect(rules.first?["target_matchers"]?[0]?.stringValue == "plimsoll_rank=~\"[2-8]\"")
        #expect(rules.last?["target_matchers"]?[0]?.stringValue == "plimsoll_rank=~\"8\"")
        #expect(rules.allSatisfy { $0["equal"]?.arrayValue?.count == 4 })
    }

    @Test func `a ticket silences no page`() throws {
        var spec = try SLOFixtures.spec(SLOFixtures.checkout)
        spec.alerting.tiers = [
            AlertTier(name: "blip", severity: .ticket, long: .minutes(15), short: .minutes(5), burnRate: try #require(Factor("20x"))),
            AlertTier(name: "slow", severity: .page, long: .hours(6), short: .minutes(30), burnRate: try #require(Factor("6x"))),
            AlertTier(name: "fast", severity: .page, long: .hours(1), short: .minutes(5), burnRate: try #require(Factor("14.4x"))),
        ]
        let key = ObjectKey(namespace: "shop", name: "checkout")
        let rules = try RuleGenerator.generate(instance: "main", key: key, spec: spec, settings: RuleSettings(), now: .epoch)
        #expect(rules.tiers.map(\.name) == ["fast", "slow", "blip"])
    }

    @Test func `the file for alertmanager.yml has these rules`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try readFile("/\(root)/Manifests/alerts/alertmanager-inhibit.yaml")
        #expect(try YAML.parse(text).first?.json["inhibit_rules"] == InhibitRules.json)
    }
}
