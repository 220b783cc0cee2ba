import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

/// Rules that SLOs share.
struct FleetShardTests {
    static func place(instance: String = "main", index: Int = 0, count: Int = 1) -> FleetPlace {
        FleetPlace(instance: instance, source: "default", index: index, count: count)
    }

    static let settings = RuleSettings(layout: .fleet(source: "default", places: 1))

    static func member(_ yaml: String, _ key: ObjectKey, instance: String = "main") throws -> FleetMember {
        let spec = try SLOFixtures.spec(yaml)
        let rules = try RuleGenerator.generate(instance: instance, key: key, spec: spec, settings: settings, now: .epoch)
        return FleetMember(key: key, spec: spec, digest: rules.digest)
    }

    static func key(_ name: String, _ namespace: String = "shop") -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// All that one place may have to tell apart.
    static let mixed: [(yaml: String, key: ObjectKey)] = [
        (SLOFixtures.checkout, key("checkout-availability")), (SLOFixtures.grouped, key("grouped")), (SLOFixtures.calendar, key("monthly")),
        (SLOFixtures.slices, key("lcp", "web")), (SLOFixtures.goodForm, key("grouped", "web")),
        (SLOFixtures.checkout.replacing("Requests to", with: "\u{2028}\u{85} Requests 🚢 to"), key("odd", "web")),
        // Without a tier that can fire.
        (SLOFixtures.goodForm.replacing("99.5%", with: "60%").replacing("7d", with: "1h"), key("lax", "web")),
        (SLOFixtures.checkout.replacing("{team: shop}", with: "{team: 'a \"$1\" \\\\ b', tier: gold}"), key("quoted", "web")),
    ]

    static func shard(_ slos: [(yaml: String, key: ObjectKey)], instance: String = "main") throws -> FleetShard {
        FleetShard(
            place(instance: instance), members: try slos.map { try member($0.yaml, $0.key, instance: instance) }, settings: settings, now: .epoch)
    }

    @Test func `rules are rendered byte for byte`() throws {
        let shard = try Self.shard(Self.mixed)
        let text = RuleFile(groups: shard.groups).yaml
        let file = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex)) + "/Golden/fleet.yaml"
        if TestEnvironment.value("PLIMSOLL_UPDATE_GOLDEN") != nil { try writeFile(file, text) }
        #expect(try readFile(file) == text)
        #expect(try Self.shard(Self.mixed.reversed()) == shard, "whatever the order")
    }

    @Test func `an SLO's own rules are those that read raw series`() throws {
        let own = try SLOFixtures.rules(SLOFixtures.checkout, settings: Self.settings)
        let alone = try SLOFixtures.rules(SLOFixtures.checkout)
        #expect(own.groups.map(\.name) == [alone.groups[0].name])
        #expect(own.groups[0].rules == Array(alone.groups[0].rules.prefix(2)), "and the same, so that another layout starts no second history")
        #expect(own.place == Self.place())
        #expect(own.digest != alone.digest)
        #expect(own.tiers == alone.tiers)
    }

    @Test func `a thousand SLOs need no more than 2,500 rules`() throws {
        let settings = RuleSettings(layout: .fleet(source: "default", places: 16))
        var members: [Int: [FleetMember]] = [:]
        var own = 0
        let variants = ["99.9%", "99.5%", "99%"].map { SLOFixtures.checkout.replacing("99.9%", with: $0) }
        for number in 0..<1000 {
            let spec = try SLOFixtures.spec(variants[number % variants.count])
            let key = ObjectKey(namespace: "team-\(number % 40)", name: "slo-\(number)")
            let rules = try RuleGenerator.generate(instance: "main", key: key, spec: spec, settings: settings, now: .epoch)
            own += rules.groups.flatMap(\.rules).count
            members[try #require(rules.place).index, default: []].append(FleetMember(key: key, spec: spec, digest: rules.digest))
        }
        #expect(members.count == 16)
        #expect(members.values.allSatisfy { (30...100).contains($0.count) }, "\(members.mapValues(\.count))")
        let shared = members.map { FleetShard(Self.place(index: $0.key, count: 16), members: $0.value, settings: settings, now: .epoch) }
        #expect(own + shared.flatMap(\.groups).flatMap(\.rules).count <= 2500)
    }

    @Test func `parts stay small and have names of their own`() throws {
        let long = SLOFixtures.checkout.replacing(
            "runbook_url: \"https://runbooks.example.com/checkout\"",
            with: (0..<16).map { "text\($0): \"\(String(repeating: "x", count: 1000))\"" }.joined(separator: ", "))
        let members = try (0..<100).map { try Self.member(long, Self.key("slo-\($0)")) }
        let parts = FleetShard(Self.place(), members: members, settings: Self.settings, now: .epoch).parts
        #expect(parts.count > 2)
        #expect(Set(parts.map(\.name)).count == parts.count)
        for part in parts {
            #expect(part.file.yaml.utf8.count < 512 * 1024)
            #expect(FleetPart.Name(file: part.name.file) == part.name)
            #expect(FleetPart.Name(object: part.name.object) == part.name)
            #expect(Self.place().has(part.name))
            #expect(!Self.place(count: 2).has(part.name))
        }
        #expect(FleetPart.Name(file: RuleObjects.fileName(instance: "main", key: Self.key("checkout"))) == nil)
        #expect(FleetPart.Name(object: RuleObjects.name(of: Self.key("checkout"))) == nil)
        #expect(FleetShard(Self.place(), members: [], settings: Self.settings, now: .epoch).parts.isEmpty)
    }

    @Test(arguments: mixed.map(\.key)) func `what is kept beside an SLO's rules is read back`(key: ObjectKey) throws {
        let yaml = try #require(Self.mixed.first { $0.key == key }?.yaml)
        let member = try Self.member(yaml, key)
        #expect(FleetMember(member.text, key: key) == member)
        #expect(member.text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "a comment of YAML ends at more than a line's end")
        #expect(FleetMember("{}", key: key) == nil)
        #expect(FleetMember("nonsense", key: key) == nil)
    }

    @Test func `groups tell whose they are, and info rules of whom they know`() throws {
        let shard = try Self.shard(Self.mixed)
        for group in shard.groups {
            #expect(FleetPlace.parse(groupName: group.name, instance: "main") == "default-0of1")
            #expect(FleetPlace.parse(groupName: group.name, instance: "other") == nil)
        }
        let info = try #require(shard.groups.last?.rules.last)
        let digests = try Self.mixed.map { try Self.member($0.yaml, $0.key).digest }
        #expect(Set(FleetPlace.digests(inQuery: info.expr)) == Set(digests))
        #expect(Set(digests).count == digests.count)
        #expect(FleetPlace.digests(inQuery: "up").isEmpty)
    }

    @Test func `the rules hold until the next period of a calendar`() throws {
        #expect(try Self.shard([Self.mixed[0]]).validUntil == nil)
        let end = try #require(try Self.shard(Self.mixed).validUntil)
        #expect(end == (try SLOFixtures.rules(SLOFixtures.calendar)).periodEnd)
    }
}
