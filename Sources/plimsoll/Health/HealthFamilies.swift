import HTTPTransport
import KubeClient
import KubeRuntime
import ServiceLevelsController
import Serving
import Values

/// The metrics that are true at the moment of the scrape, whether or not anything happens in the daemon.
enum HealthFamilies {
    static func families(_ detail: HealthDetail) -> [MetricFamily] {
        var out = [
            gauge("plimsoll_ready", "Whether the daemon is ready (1) or not (0), as /readyz says.", [.init([], detail.board.isReady ? 1 : 0)])
        ]
        out += caches(detail.caches) + sources(detail.sources()) + server(detail.client, detail.probe.finding)
        return out
    }

    private static func caches(_ caches: [any CacheService]) -> [MetricFamily] {
        [
            gauge(
                "plimsoll_reflector_last_byte_age_seconds", "Seconds since the API server last sent anything on a watch of this kind.",
                caches.compactMap { cache in cache.silence.map { .init([("kind", cache.name)], $0 / .seconds(1)) } }),
            gauge(
                "plimsoll_reflector_trouble", "Whether something keeps a cache from being true (1) or not (0); /health says what.",
                caches.map { .init([("kind", $0.name)], $0.trouble == nil ? 0 : 1) }),
        ]
    }

    private static func sources(_ sources: [SourceHealth]) -> [MetricFamily] {
        func labels(_ health: SourceHealth) -> [(String, String)] { [("source", health.source), ("question", health.question.rawValue)] }
        return [
            gauge(
                "plimsoll_source_up", "Whether a Prometheus source answered when it was last asked (1) or not (0).",
                sources.compactMap { health in health.isUp.map { .init(labels(health), $0 ? 1 : 0) } }),
            gauge(
                "plimsoll_source_last_success_timestamp_seconds", "When a Prometheus source was last asked and answered.",
                sources.compactMap { health in health.lastSuccess.map { .init(labels(health), $0.secondsSinceEpoch) } }),
        ]
    }

    private static func server(_ client: KubeClient, _ finding: APIProbe.Finding?) -> [MetricFamily] {
        let lanes = [("watch", client.counters(.watch)), ("unary", client.counters(.unary)), ("lease", client.counters(.lease))]
        func family(_ name: String, _ help: String, kind: MetricFamily.Kind = .gauge, _ value: (HTTPCounters) -> Double) -> MetricFamily {
            .init(name: name, help: help, kind: kind, samples: lanes.map { .init([("lane", $0.0)], value($0.1)) })
        }
        var out = [
            family("plimsoll_kube_connections_open", "Connections to the API server, by what they are for.") { Double($0.connectionsOpen) },
            family("plimsoll_kube_requests_in_flight", "Requests to the API server under way, open watches included.") { Double($0.inFlight) },
            family("plimsoll_kube_requests_waiting", "Requests to the API server that wait for others to end.") { Double($0.waiting) },
            family("plimsoll_kube_connections_killed_total", "Connections given up because nothing came from the API server.", kind: .counter) {
                Double($0.connectionsKilled)
            },
            gauge(
                "plimsoll_kube_credential_expiry_timestamp_seconds",
                "When what the daemon proves itself with to the API server, or the authority it trusts, ends.",
                client.credentialExpiries.map { .init([("credential", $0.credential)], $0.at.secondsSinceEpoch) }),
        ]
        if let finding {
            out += [
                gauge(
                    "plimsoll_apiserver_up", "Whether the API server answered the last probe (1) or not (0).",
                    [.init([], finding.failure == nil ? 1 : 0)]),
                gauge(
                    "plimsoll_apiserver_probe_duration_seconds", "How long the last probe of the API server took.",
                    [.init([], finding.latency / .seconds(1))]),
            ]
        }
        return out
    }

    private static func gauge(_ name: String, _ help: String, _ samples: [MetricSample]) -> MetricFamily {
        .init(name: name, help: help, samples: samples)
    }
}
