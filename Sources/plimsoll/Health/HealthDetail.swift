import KubeClient
import KubeRuntime
import ServiceLevelsController
import Values

/// The daemon's state in all detail, as `/health` shows it in JSON and as metrics of the moment of the scrape.
///
/// Whoever reaches the port can read it: names, counts, times and errors; no credentials.
struct HealthDetail: Sendable {
    let instance: String
    let client: KubeClient
    let board: HealthBoard
    let probe: APIProbe
    let caches: [any CacheService]
    let controllers: [Controller]
    let sources: @Sendable () -> [SourceHealth]
    /// Who leads and since when; nil where there is no election.
    let leader: @Sendable () -> JSON?
    /// When the process began, by both clocks.
    let started: Instant
    let timeline: Timeline

    /// `ok`: ready, and nothing is wrong. `degraded`: ready, but something is wrong with the world. `unready` and `dead` as the probes have it.
    private var status: String {
        if !board.liveness().isGood { return "dead" }
        if !board.isReady { return "unready" }
        let isGood = caches.allSatisfy { $0.trouble == nil } && sources().allSatisfy { $0.failure == nil } && probe.finding?.failure == nil
        return isGood ? "ok" : "degraded"
    }

    var json: JSON {
        [
            "status": .string(status), "phase": .string(board.phase.rawValue), "version": .string(PlimsollVersion.text),
            "instance": .string(instance), "host": .string(WallClock.hostName), "startedAt": .string(started.secondsText),
            "uptimeSeconds": Self.seconds(timeline.now), "apiServer": apiServer, "leaderElection": leader() ?? .null,
            "checks": .array(
                (board.liveness().lines.map { ("live", $0) } + board.readiness().lines.map { ("ready", $0) }).map { kind, line in
                    ["name": .string(line.name), "for": .string(kind), "problem": Self.text(line.problem)]
                }),
            "caches": .array(
                caches.map { cache in
                    [
                        "name": .string(cache.name), "synced": .bool(cache.hasSynced), "objects": .int(cache.objectCount),
                        "secondsSinceLastByte": cache.silence.map(Self.seconds) ?? .null, "lastError": Self.text(cache.trouble),
                    ]
                }),
            "prometheus": .array(
                sources().map { health in
                    [
                        "source": .string(health.source), "question": .string(health.question.rawValue),
                        "lastSuccess": Self.text(health.lastSuccess?.secondsText), "lastError": Self.text(health.failure),
                    ]
                }),
            "controllers": .array(controllers.map(Self.controller)),
        ]
    }

    private var apiServer: JSON {
        let finding = probe.finding
        return [
            "server": .string(client.configuration.server), "probedAt": Self.text(finding?.at.secondsText),
            "latencySeconds": finding.map { Self.seconds($0.latency) } ?? .null, "lastSuccess": Self.text(finding?.lastSuccess?.secondsText),
            "lastError": Self.text(finding?.failure),
        ]
    }

    private static func controller(_ controller: Controller) -> JSON {
        let lengths = controller.lengths
        var ready = JSONObject()
        for priority in QueuePriority.allCases { ready["\(priority)"] = .int(lengths.ready[priority] ?? 0) }
        return [
            "name": .string(controller.name), "workers": .int(controller.workers),
            "queue": ["ready": .object(ready), "delayed": .int(lengths.delayed), "processing": .int(lengths.processing)],
        ]
    }

    private static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

    /// Milliseconds are fine enough for people.
    private static func seconds(_ duration: Swift.Duration) -> JSON {
        .number("\((duration / .milliseconds(1)).rounded() / 1000)")
    }
}
