import CoreMetrics
import KubeModel
import KubeRuntime
import PlimsollAPI
import Serving
import Values

/// `GET /gate/{namespace}/{name}`: may I release? Any replica answers, leader or not.
struct GateRoute: Sendable {
    static let path = "/gate/"
    private static let usage = "\(path){namespace}/{name}[?deny=status][&whenUnknown=Allow|Deny]"

    let access: BearerAccess
    /// The SLO as the cache has it.
    let slo: @Sendable (ObjectKey) -> SLO?
    /// Whether the cache has been filled, and what keeps it from following the API server.
    let cache: @Sendable () -> (isSynced: Bool, trouble: String?)
    let now: @Sendable () -> Instant

    static let descriptions: [MetricDescription] = [
        .init("plimsoll_gate_answers_total", "Answers of the gate, by reason and by whether they allow."),
        .init("plimsoll_gate_refused_requests_total", "Requests to the gate that got no answer, by status."),
    ]

    var route: Route { Route(Self.path) { await respond(to: $0) } }

    private func respond(to request: ServedRequest) async -> ServedResponse {
        switch await answer(to: request) {
        case .success(let response): return response
        case .failure(let refusal):
            Counter(label: "plimsoll_gate_refused_requests_total", dimensions: [("status", "\(refusal.status)")]).increment()
            var response = ServedResponse.error(refusal.status, refusal.message)
            if refusal.status == 401 { response.headers.append((name: "www-authenticate", value: "Bearer")) }
            if refusal.status == 503 { response.headers.append((name: "retry-after", value: "1")) }
            return response
        }
    }

    private struct Refusal: Error {
        var status: Int
        var message: String
    }

    private func answer(to request: ServedRequest) async -> Result<ServedResponse, Refusal> {
        let parts = request.path.dropFirst(Self.path.count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, FieldPattern.dnsLabel.accepts(parts[0]), FieldPattern.dnsSubdomain.accepts(parts[1]) else {
            return .failure(Refusal(status: 404, message: "expected \(Self.usage)"))
        }
        let key = ObjectKey(namespace: parts[0], name: parts[1])
        guard let whenUnknown = WhenUnknown(rawValue: request.value("whenUnknown") ?? WhenUnknown.allow.rawValue) else {
            return .failure(Refusal(status: 400, message: "whenUnknown must be Allow or Deny"))
        }
        guard ["status", nil].contains(request.value("deny")) else {
            return .failure(Refusal(status: 400, message: "deny must be status, or left out"))
        }
        if let refusal = await refusal(request, key) { return .failure(refusal) }
        let cache = cache()
        guard cache.isSynced else { return .failure(Refusal(status: 503, message: "the daemon is starting; try again")) }
        guard let slo = slo(key) else {
            return .failure(Refusal(status: 404, message: "there is no SLO \(key), or this instance does not work on it"))
        }
        let answer = ReleaseGate.answer(
            slo, doubt: cache.trouble.map { "the API server can't be followed: \($0)" }, whenUnknown: whenUnknown, now: now())
        Counter(label: "plimsoll_gate_answers_total", dimensions: [("reason", answer.reason.rawValue), ("allowed", "\(answer.allowed)")]).increment()
        let denies = !answer.allowed && request.value("deny") != nil
        var response = ServedResponse.json(answer.json, status: denies ? 409 : 200)
        response.headers.append((name: "cache-control", value: "no-store"))
        return .success(response)
    }

    /// Whether an SLO is there is told to nobody who may not read it.
    private func refusal(_ request: ServedRequest, _ key: ObjectKey) async -> Refusal? {
        guard let token = request.bearerToken else {
            return Refusal(status: 401, message: "send a Kubernetes token whose bearer may get the SLO, as Authorization: Bearer ...")
        }
        do {
            let asked = RequiredAccess("get", SLO.resource, namespace: key.namespace, name: key.name)
            switch try await access.check(token: token, may: asked, from: request.peer) {
            case .allowed: return nil
            case .unauthenticated: return Refusal(status: 401, message: "the API server does not know this token")
            case .forbidden(let user):
                return Refusal(status: 403, message: "\(user) may not get slos.plimsoll.dev \"\(key.name)\" in \(key.namespace)")
            }
        } catch {
            return Refusal(status: 503, message: "the token can't be checked now: \(error)")
        }
    }
}
