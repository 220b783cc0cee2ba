import Glibc
import KubeClient
import KubeModel
package import PlimsollAPI
import PrometheusModel
import ServiceLevels
package import Values

/// Whether the world is as the objects of a test's namespace ask.
extension World {
    /// A spec by chance; one in eight is such as the schema takes and the daemon refuses.
    package func randomSpec(_ generator: inout SeededGenerator) -> JSON {
        var spec = spec(objective: ["99%", "99.9%", "95%"].randomElement(using: &generator) ?? "99%")
        if Int.random(in: 0..<8, using: &generator) == 0 { spec["indicator"]?["ratio"]?["errors"] = "up == 0" }
        spec["description"] = .string("variant \(Int.random(in: 0..<1000, using: &generator))")
        spec["groupBy"] = Bool.random(using: &generator) ? ["handler"] : ["code"]
        return spec
    }

    package func slos() async throws -> [SLO] {
        try await client.listAll(SLO.resource, namespace: namespace, as: SLO.self).items
    }

    /// What is not as the objects ask of `daemon`, wherever it writes; nil when all is.
    package func difference(of daemon: Daemon) async throws -> String? {
        daemon.configMaps ? try await difference(configMapsOf: daemon.instance) : try await difference()
    }

    /// What is not as the objects ask of the files; nil when all is.
    /// - Parameter places: of the layout Fleet; 0: PerSLO.
    package func difference(places: Int = 0) async throws -> String? {
        let settings = RuleSettings(
            scrapeInterval: .seconds(5), evaluationInterval: .seconds(5), layout: places == 0 ? .perSLO : .fleet(source: "default", places: places))
        var expected: [String: String] = [:]
        var members: [FleetPlace: [FleetMember]] = [:]
        func add(_ member: FleetMember?) {
            guard let member else { return }
            let place = FleetPlace(of: SeriesIdentity(instance: namespace, key: member.key), source: "default", count: places)
            members[place, default: []].append(member)
        }
        // An invalid object keeps the rules of its last valid generation, if it had one.
        var tolerated: Set<String> = []
        for slo in try await slos() {
            guard slo.status.observedGeneration == slo.metadata.generation else { return "\(slo.metadata.key): status is of an older generation" }
            guard let spec = slo.spec else {
                guard slo.status.conditions["Stalled"]?.status == .true else { return "\(slo.metadata.key): invalid and not Stalled" }
                let name = RuleObjects.fileName(instance: namespace, key: slo.metadata.key)
                tolerated.insert(name)
                if let text = try? readFile("\(rulesDirectory)/\(name)"), let kept = RuleObjects.member(inFile: text) {
                    add(FleetMember(kept.text, key: kept.key))
                }
                continue
            }
            let rules = try RuleGenerator.generate(
                instance: namespace, key: slo.metadata.key, spec: spec, settings: settings, now: .epoch)
            expected[RuleObjects.fileName(instance: namespace, key: slo.metadata.key)] = RuleObjects.fileText(rules, for: slo)
            add(rules.member(slo))
            guard slo.status.conditions["Ready"]?.status == .true else { return "\(slo.metadata.key): not Ready" }
            guard try await loadedGroups(slo.metadata.name) > 0 else { return "\(slo.metadata.key): not in Prometheus" }
        }
        for (place, members) in members {
            for part in FleetShard(place, members: members, settings: settings, now: .epoch).parts { expected[part.name.file] = part.file.yaml }
        }
        let files = try rulesFiles().filter { !tolerated.contains($0) }
        if Set(files) != Set(expected.keys) { return "rule files differ: \(Set(files).symmetricDifference(expected.keys).sorted())" }
        for (name, text) in expected where try readFile("\(rulesDirectory)/\(name)") != text { return "\(name) holds other rules" }
        let loaded = try await loadedFiles()
        if loaded != Set(files).union(tolerated.filter(loaded.contains)) {
            return "Prometheus has loaded other files: \(loaded.symmetricDifference(files).sorted())"
        }
        return nil
    }

    /// What is not as the objects ask of the ConfigMaps, which no Prometheus loads here: each SLO's status, its one ConfigMap and what that says.
    package func difference(configMapsOf instance: String) async throws -> String? {
        let maps = try await client.listAll(
            .configMaps, namespace: namespace, as: JSON.self, labelSelector: "plimsoll.dev/instance=\(instance)"
        ).items
        var owned: [String: [JSON]] = [:]
        for map in maps {
            let metadata = ObjectMeta(json: map["metadata"] ?? .null)
            guard metadata.ownerReferences.count == 1, let owner = metadata.ownerReferences.first else { return "\(metadata.key) has not one owner" }
            owned[owner.uid, default: []].append(map)
        }
        for slo in try await slos() {
            guard slo.status.observedGeneration == slo.metadata.generation else { return "\(slo.metadata.key): status is of an older generation" }
            let own = owned.removeValue(forKey: slo.metadata.uid) ?? []
            guard let spec = slo.spec else {
                guard slo.status.conditions["Stalled"]?.status == .true else { return "\(slo.metadata.key): invalid and not Stalled" }
                // The rules of its last valid generation, if it had one.
                guard own.count <= 1 else { return "\(slo.metadata.key): invalid, with \(own.count) ConfigMaps" }
                continue
            }
            guard own.count == 1, let map = own.first else { return "\(slo.metadata.key): \(own.count) ConfigMaps" }
            let settings = RuleSettings(scrapeInterval: .seconds(5), evaluationInterval: .seconds(5))
            let rules = try RuleGenerator.generate(instance: instance, key: slo.metadata.key, spec: spec, settings: settings, now: .epoch)
            let wanted: JSON = .object([RuleObjects.fileName(instance: instance, key: slo.metadata.key): .string(rules.file.yaml)])
            guard map["data"] == wanted else { return "the ConfigMap of \(slo.metadata.key) holds other rules" }
        }
        let left = owned.values.joined().compactMap { $0["metadata"]?["name"]?.stringValue }.sorted()
        return left.isEmpty ? nil : "ConfigMaps of SLOs that are gone: \(left)"
    }

    /// An event that was written twice: what happened to one object at one moment under two names. Nil where there is none.
    package func doubledEvent() async throws -> String? {
        var seen: Set<[String]> = []
        for event in try await client.listAll(.events, namespace: namespace, as: JSON.self).items
        where event["reportingController"]?.stringValue?.hasPrefix("plimsoll.dev/") ?? false {
            let what = [event["regarding"]?["uid"], event["reason"], event["note"], event["reportingInstance"], event["eventTime"]]
            if !seen.insert(what.map { $0?.stringValue ?? "" }).inserted { return event.text() }
        }
        return nil
    }

    private func rulesFiles() throws -> [String] {
        guard let folder = opendir(rulesDirectory) else { throw Missing("the rules directory \(rulesDirectory)") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name.contains("plimsoll_\(namespace)_") { names.append(name) }
        }
        return names
    }
}
