import Glibc
import KubeClient
import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Values

/// 200 creates, edits and deletes while the daemon is killed and started again; at the end the world must be as the objects ask.
struct Storm {
    let seed: UInt64
    let rounds: Int
    private static let actions = 200
    private static let names = 60

    func run() async throws {
        for round in 0..<rounds {
            let seed = seed + UInt64(round)
            let start = ContinuousClock.now
            try await World.with("storm") { world in try await self.round(world, seed: seed, start: start) }
        }
    }

    private func round(_ world: World, seed: UInt64, start: ContinuousClock.Instant) async throws {
        var generator = SeededGenerator(seed: seed)
        var daemon = try Daemon(world, output: "0.log")
        try await daemon.ready(world)
        var kills = 0
        var nextKill = Int.random(in: 10...40, using: &generator)
        for action in 0..<Self.actions {
            let name = "slo-\(Int.random(in: 0..<Self.names, using: &generator))"
            if Int.random(in: 0..<4, using: &generator) == 0 {
                do throws(KubeError) { try await world.client.delete(SLO.resource, world.key(name)) } catch {
                    guard error.isNotFound else { throw error }
                }
            } else {
                try await world.apply(name, Self.spec(world, &generator))
            }
            if action == nextKill {
                daemon.process.signal(SIGKILL)
                _ = await daemon.process.wait(timeout: .seconds(10))
                kills += 1
                // Some changes happen while nobody looks.
                if Bool.random(using: &generator) { try await world.apply("while-down-\(kills)", Self.spec(world, &generator)) }
                daemon = try Daemon(world, output: "\(kills).log")
                nextKill = action + Int.random(in: 10...40, using: &generator)
            }
        }
        daemon.process.signal(SIGKILL)
        _ = await daemon.process.wait(timeout: .seconds(10))
        let last = try Daemon(world, output: "last.log")
        try await last.ready(world)
        let settled = ContinuousClock.now
        var difference: String?
        _ = try await eventually(within: .seconds(120), every: .milliseconds(500)) {
            difference = try await self.difference(world)
            return difference == nil
        }
        if let difference { throw Missing("seed \(seed): \(difference); daemon's log:\n\(last.process.output.suffix(4000))") }
        let objects = try await objects(world).count
        say(
            "STORM seed=\(seed) actions=\(Self.actions) kills=\(kills + 1) objects=\(objects) settled=\(ContinuousClock.now - settled) whole=\(ContinuousClock.now - start) ok"
        )
        try await last.stop()
    }

    private static func spec(_ world: World, _ generator: inout SeededGenerator) -> JSON {
        var spec = world.spec(objective: ["99%", "99.9%", "95%"].randomElement(using: &generator) ?? "99%")
        // What the schema takes and the daemon refuses.
        if Int.random(in: 0..<8, using: &generator) == 0 { spec["alerting"] = ["shadow": true] }
        spec["description"] = .string("variant \(Int.random(in: 0..<1000, using: &generator))")
        spec["groupBy"] = Bool.random(using: &generator) ? ["handler"] : ["code"]
        return spec
    }

    private func objects(_ world: World) async throws -> [SLO] {
        try await world.client.listAll(SLO.resource, namespace: world.namespace, as: SLO.self).items
    }

    /// What is not as the objects ask; nil when all is.
    private func difference(_ world: World) async throws -> String? {
        var expected: [String: String] = [:]
        // An invalid object keeps the rules of its last valid generation, if it had one.
        var tolerated: Set<String> = []
        for slo in try await objects(world) {
            guard slo.status.observedGeneration == slo.metadata.generation else { return "\(slo.metadata.key): status is of an older generation" }
            guard let spec = slo.spec else {
                guard slo.status.conditions["Stalled"]?.status == .true else { return "\(slo.metadata.key): invalid and not Stalled" }
                tolerated.insert(RuleObjects.fileName(instance: world.namespace, key: slo.metadata.key))
                continue
            }
            let rules = try RuleGenerator.generate(
                instance: world.namespace, key: slo.metadata.key, spec: spec,
                settings: RuleSettings(scrapeInterval: .seconds(5), evaluationInterval: .seconds(5)))
            expected[RuleObjects.fileName(instance: world.namespace, key: slo.metadata.key)] = rules.file.yaml
            guard slo.status.conditions["Ready"]?.status == .true else { return "\(slo.metadata.key): not Ready" }
            guard try await world.loadedGroups(slo.metadata.name) > 0 else { return "\(slo.metadata.key): not in Prometheus" }
        }
        let files = try rulesFiles(world).filter { !tolerated.contains($0) }
        if Set(files) != Set(expected.keys) { return "rule files differ: \(Set(files).symmetricDifference(expected.keys).sorted())" }
        for (name, text) in expected where try readFile("\(world.rulesDirectory)/\(name)") != text { return "\(name) holds other rules" }
        let loaded = try await world.loadedFiles()
        if loaded != Set(files).union(tolerated.filter(loaded.contains)) {
            return "Prometheus has loaded other files: \(loaded.symmetricDifference(files).sorted())"
        }
        return nil
    }

    private func rulesFiles(_ world: World) throws -> [String] {
        guard let folder = opendir(world.rulesDirectory) else { throw Missing("the rules directory \(world.rulesDirectory)") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name.contains("plimsoll_\(world.namespace)_") { names.append(name) }
        }
        return names
    }
}
