import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

@Suite struct RuleGeneratorTests {
    private static let golden = [
        ("checkout", SLOFixtures.checkout), ("good", SLOFixtures.goodForm), ("latency", SLOFixtures.latency), ("grouped", SLOFixtures.grouped),
        ("queried", SLOFixtures.queried), ("gauge", SLOFixtures.gauge), ("slices", SLOFixtures.slices), ("calendar", SLOFixtures.calendar),
        ("classic-latency", SLOFixtures.classicLatency), ("native-latency", SLOFixtures.nativeLatency), ("composite", SLOFixtures.composite),
        ("grouped-composite", SLOFixtures.groupedComposite),
    ]

    private static var folder: String { String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex)) + "/Golden" }

    /// `PLIMSOLL_UPDATE_GOLDEN=1` writes them anew.
    @Test(arguments: golden.map(\.0)) func `rules are rendered byte for byte`(name: String) throws {
        let yaml = try #require(Self.golden.first { $0.0 == name }?.1)
        let rules = try SLOFixtures.rules(yaml)
        let file = "\(Self.folder)/\(name).yaml"
        if TestEnvironment.value("PLIMSOLL_UPDATE_GOLDEN") != nil { try writeFile(file, rules.file.yaml) }
        #expect(try readFile(file) == rules.file.yaml)
        #expect(try SLOFixtures.rules(yaml) == rules)
    }

    @Test func `total comes before errors, and only the base window touches raw series`() throws {
        for (_, yaml) in Self.golden {
            let rules = try SLOFixtures.rules(yaml)
            let all = rules.groups.flatMap(\.rules)
            let base = all.prefix(all.first?.name == SeriesNames.value ? 3 : 2)
            #expect(base.suffix(2).map { $0.labels["plimsoll_sli"] } == ["total", "errors"])
            // A composite's raw series are what its members record.
            let raw = ["http_request", "_total[", "probe_success", "web_vitals", "last_over_time(plimsoll:sli:events{"]
            #expect(base.contains { rule in raw.contains { rule.expr.contains($0) } })
            #expect(all.dropFirst(base.count).allSatisfy { rule in !raw.contains { rule.expr.contains($0) } })
            #expect(rules.groups.flatMap(\.rules).count <= 20)
        }
    }

    @Test func `a user's labels are on alerts and the info series only`() throws {
        let plain = try SLOFixtures.rules(SLOFixtures.checkout)
        let relabelled = try SLOFixtures.rules(SLOFixtures.checkout.replacing("team: shop", with: "team: pay"))
        func history(_ rules: GeneratedRules) -> [Rule] {
            rules.groups.flatMap(\.rules).filter { rule in
                if case .recording(let record, _, _) = rule { record != SeriesNames.info } else { false }
            }
        }
        #expect(history(plain) == history(relabelled))
        #expect(plain.digest != relabelled.digest)
        #expect(history(plain).allSatisfy { $0.labels["team"] == nil })
        let info = relabelled.groups.flatMap(\.rules).first { $0.name == SeriesNames.info }
        #expect(info?.labels["team"] == "pay")
        #expect(info?.labels["plimsoll_rules"] == relabelled.digest)
    }

    @Test func `record names do not depend on the base window`() throws {
        func names(_ settings: RuleSettings) throws -> [String] {
            try SLOFixtures.rules(SLOFixtures.checkout, settings: settings).groups.flatMap(\.rules).map(\.name)
        }
        #expect(
            try names(RuleSettings(scrapeInterval: .seconds(15), evaluationInterval: .seconds(15)))
                == names(RuleSettings(scrapeInterval: .minutes(2))))
    }

    @Test(arguments: [(15, 15, 60), (15, 30, 60), (30, 30, 120), (60, 30, 240), (5, 30, 60), (30, 45, 135), (10, 120, 120)])
    func `the base window is at least a minute and four scrapes`(scrape: Int64, evaluation: Int64, seconds: Int64) {
        #expect(RuleSettings(scrapeInterval: .seconds(scrape), evaluationInterval: .seconds(evaluation)).baseWindow == .seconds(seconds))
    }

    /// A range of W - 1 ms over samples every `step` holds exactly W / step of them, whatever the phase between two groups: with both ends closed
    /// (Prometheus 2) always, with the earlier end open (Prometheus 3) at all phases but the very last millisecond.
    @Test func `a range holds each sample once in Prometheus 2 and 3`() {
        for (window, step) in [(300_000, 30_000), (3_600_000, 30_000), (300_000, 15_000), (86_400_000, 300_000)] {
            let range = window - 1
            for phase in [0, 1, 2, step / 2, step - 3, step - 2] {
                // Samples lie at -phase, -phase - step, ...
                let closed = (range - phase) / step + 1
                let open = (range - phase - 1) / step + 1
                #expect(closed == window / step)
                #expect(open == window / step)
            }
            #expect((range - (step - 1)) / step + 1 == window / step)
        }
    }

    @Test func `alerts carry what routing and inhibition need, and no one's labels stand in`() throws {
        let yaml = SLOFixtures.checkout.replacing("{team: shop}", with: "{team: shop, tier: gold, service: other}")
        let rules = try SLOFixtures.rules(yaml)
        let fast = try #require(rules.groups.first?.rules.first { $0.labels["plimsoll_rank"] == "1" })
        #expect(fast.labels["namespace"] == "shop")
        #expect(fast.labels["severity"] == "page")
        #expect(fast.labels["tier"] == "gold")
        #expect(fast.labels["plimsoll_tier"] == "fast")
        #expect(fast.labels["team"] == "shop")
        var spec = try SLOFixtures.spec(SLOFixtures.checkout)
        // What validation refuses must not get through here either.
        spec.alerting.page.labels = [
            "namespace": "kube-system", "severity": "none", "plimsoll_rank": "0", "plimsoll_tier": "x", "team": "{{ $value }}",
        ]
        let forced = try RuleGenerator.generate(
            instance: "main", key: ObjectKey(namespace: "shop", name: "x"), spec: spec, settings: RuleSettings(), now: .epoch)
        let labels = try #require(forced.groups.first?.rules.first { $0.labels["plimsoll_rank"] == "1" }?.labels)
        #expect(labels["namespace"] == "shop")
        #expect(labels["severity"] == "page")
        #expect(labels["plimsoll_tier"] == "fast")
        #expect(labels["team"] == "{{ \"{{\" }} $value }}")
    }

    @Test func `budgets are exact decimals`() throws {
        for (objective, budget) in [("99.9%", "0.001"), ("99.99%", "0.0001"), ("99.95%", "0.0005"), ("95%", "0.05"), ("33.3%", "0.667")] {
            let rules = try SLOFixtures.rules(SLOFixtures.checkout.replacing("99.9%", with: objective))
            #expect(rules.groups.flatMap(\.rules).first { $0.name == SeriesNames.errorBudget }?.expr == "vector(\(budget))")
        }
    }

    @Test func `group names are read back`() {
        let identity = SeriesIdentity(instance: "main", key: ObjectKey(namespace: "shop", name: "a.b-c"))
        for pace in RuleSettings.Pace.allCases {
            let back = SeriesIdentity.parse(groupName: identity.groupName(pace), instance: "main")
            #expect(back?.key == identity.key)
            #expect(back?.pace == pace)
        }
        for other in ["plimsoll/mai/shop/x/fast", "plimsoll/main/shop/x", "plimsoll/main/shop/x/y", "kubernetes.rules", ""] {
            #expect(SeriesIdentity.parse(groupName: other, instance: "main") == nil)
        }
    }
}
