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
    /// Of the layout Fleet; 0: PerSLO.
    let places: Int
    private static let actions = 200
    private static let names = 60

    func run() async throws {
        for round in 0..<rounds {
            let seed = seed + UInt64(round)
            let start = ContinuousClock.now
            try await World.with("storm") { world in try await self.round(world, seed: seed, start: start) }
        }
    }

    private func daemon(_ world: World, _ output: String) throws -> Daemon {
        try Daemon(world, output: output, layout: places == 0 ? "layout: PerSLO" : "layout: Fleet\n      fleet: {places: \(places)}")
    }

    private func round(_ world: World, seed: UInt64, start: ContinuousClock.Instant) async throws {
        var generator = SeededGenerator(seed: seed)
        var daemon = try self.daemon(world, "0.log")
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
                try await world.apply(name, world.randomSpec(&generator))
            }
            if action == nextKill {
                daemon.process.signal(SIGKILL)
                _ = await daemon.process.wait(timeout: .seconds(10))
                kills += 1
                // Some changes happen while nobody looks.
                if Bool.random(using: &generator) { try await world.apply("while-down-\(kills)", world.randomSpec(&generator)) }
                daemon = try self.daemon(world, "\(kills).log")
                nextKill = action + Int.random(in: 10...40, using: &generator)
            }
        }
        daemon.process.signal(SIGKILL)
        _ = await daemon.process.wait(timeout: .seconds(10))
        let last = try self.daemon(world, "last.log")
        try await last.ready(world)
        let settled = ContinuousClock.now
        var difference: String?
        _ = try await eventually(within: .seconds(120), every: .milliseconds(500)) {
            difference = try await world.difference(places: places)
            return difference == nil
        }
        if let difference { throw Missing("seed \(seed): \(difference); daemon's log:\n\(last.process.output.suffix(4000))") }
        let objects = try await world.slos().count
        say(
            "STORM seed=\(seed) places=\(places) actions=\(Self.actions) kills=\(kills + 1) objects=\(objects) settled=\(ContinuousClock.now - settled) whole=\(ContinuousClock.now - start) ok"
        )
        try await last.stop()
    }
}
