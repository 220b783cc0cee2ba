import HTTPTransport
import KubeClient
import KubeModel
import Values

/// What all of a simulation shares: time, chance, the server, the weather.
final class SimulatedWorld {
    let schedule = Schedule()
    let server: SimulatedServer
    var dice: SeededGenerator
    var weather = Weather.fair

    init(seed: UInt64) {
        dice = SeededGenerator(seed: seed)
        server = SimulatedServer(hasWatchList: Bool.random(using: &dice))
    }
}

/// The network between one life of the daemon and the server. When the daemon dies, nothing reaches it any more; what it has sent goes its way.
final class SimulatedLink {
    private let world: SimulatedWorld
    private var isAlive = true
    /// The client's own deadline.
    private static let deadline = Swift.Duration.seconds(30)

    init(_ world: SimulatedWorld) { self.world = world }

    var server: SimulatedServer { world.server }
    var weather: Weather { world.weather }
    var now: Swift.Duration { world.schedule.now }

    func die() { isAlive = false }

    func at(_ time: Swift.Duration, _ body: @escaping () -> Void) {
        world.schedule.at(time) { [self] in if isAlive { body() } }
    }

    func after(_ delay: Swift.Duration, _ body: @escaping () -> Void) { at(now + delay, body) }

    func chance(_ probability: Double) -> Bool { world.dice.chance(probability) }

    func latency() -> Swift.Duration { world.weather.latency * Double.random(in: 0.02...1, using: &world.dice) }

    func generator() -> SeededGenerator { SeededGenerator(seed: UInt64.random(in: 0 ... .max, using: &world.dice)) }

    /// Sends a request, which `execute` carries out when it reaches the server.
    ///
    /// - Parameter expires: the server may say 410, or that the version is too large for it.
    func request<Value>(
        expires: Bool = false, isRead: Bool = true, _ execute: @escaping () -> Result<Value, KubeError>,
        reply: @escaping (Result<Value, KubeError>) -> Void
    ) {
        let (weather, there, back) = (weather, latency(), latency())
        func refuse(_ error: KubeError) { after(there) { reply(.failure(error)) } }
        if chance(weather.refused) { return refuse(SimulatedServer.lost("connection refused")) }
        if chance(weather.throttled) { return refuse(throttled()) }
        if chance(weather.failed) { return refuse(failed()) }
        if isRead, chance(weather.missing) { return refuse(SimulatedServer.missing) }
        if expires, chance(weather.expired) { return refuse(chance(0.5) ? SimulatedServer.expired : Self.tooLarge) }
        if chance(weather.hung) {
            if chance(0.5) { world.schedule.after(world.dice.span(0...60_000)) { _ = execute() } }
            return after(Self.deadline) { reply(.failure(SimulatedServer.lost("no answer in time"))) }
        }
        let isLost = chance(weather.lost)
        world.schedule.after(there) { [self] in
            let answer = execute()
            after(back) { reply(isLost ? .failure(SimulatedServer.lost("connection reset")) : answer) }
        }
    }

    /// What an ERROR event may say.
    func streamError() -> KubeStatus {
        switch Int.random(in: 0..<4, using: &world.dice) {
        case 0: KubeStatus(code: 410, reason: "Expired", message: "too old resource version")
        case 1: KubeStatus(code: 429, reason: "TooManyRequests", message: "busy", retryAfterSeconds: chance(0.5) ? 5 : nil)
        case 2: KubeStatus(code: 500, reason: "InternalError", message: "etcdserver: leader changed")
        default: KubeStatus(code: 504, reason: "Timeout", message: "Too large resource version: 9, current: 8")
        }
    }

    private func throttled() -> KubeError {
        .status(KubeStatus(code: 429, reason: "TooManyRequests", message: "busy", retryAfterSeconds: chance(0.5) ? 2 : nil))
    }

    private func failed() -> KubeError {
        let code = chance(0.5) ? 500 : 503
        return .status(KubeStatus(code: code, reason: code == 500 ? "InternalError" : "ServiceUnavailable", message: "etcdserver: request timed out"))
    }

    private static let tooLarge = KubeError.status(
        KubeStatus(code: 504, reason: "Timeout", message: "Too large resource version", causes: [.init(reason: "ResourceVersionTooLarge")]))
}
