import KubeRuntime
import Values

/// A machine with its time and generator, and short words for what the server does.
struct ReflectorBench {
    var machine: ReflectorMachine
    var now = Swift.Duration.zero
    var generator = SeededGenerator(seed: 1)

    init(_ adjust: (inout ReflectorMachine.Settings) -> Void = { _ in }) {
        var settings = ReflectorMachine.Settings()
        settings.backoff.jitter = .none
        settings.watchSeconds = 400...400
        settings.usesWatchList = false
        adjust(&settings)
        machine = ReflectorMachine(settings: settings)
    }

    mutating func start() -> ReflectorMachine.Action { machine.start(now: now, using: &generator) }
    mutating func page(_ version: String, token: String? = nil) -> ReflectorMachine.Action {
        machine.listed(resourceVersion: version, continueToken: token, now: now, using: &generator)
    }
    mutating func listFails(_ failure: RequestFailure) -> ReflectorMachine.Action { machine.listFailed(failure, now: now, using: &generator) }
    mutating func discovered(absent: Bool) -> ReflectorMachine.Action { machine.absenceAnswered(absent, now: now, using: &generator) }
    mutating func discoveryFails(_ failure: RequestFailure) -> ReflectorMachine.Action {
        machine.absenceUnanswered(failure, now: now, using: &generator)
    }
    /// Lists until 404 has lasted long enough to be looked into.
    mutating func missing() -> ReflectorMachine.Action {
        var action = listFails(.notFound("no slos"))
        while let next = sits(out: action), next == .firstPage { action = listFails(.notFound("no slos")) }
        return action
    }
    mutating func replaced() -> ReflectorMachine.Action { machine.replaced(now: now, using: &generator) }
    mutating func watchFails(_ failure: RequestFailure, inStream: Bool = false) -> ReflectorMachine.Action {
        machine.watchFailed(failure, inStream: inStream, now: now, using: &generator)
    }
    mutating func initialEventsEnd(_ version: String) -> ReflectorMachine.Action {
        machine.initialEventsEnded(resourceVersion: version, now: now, using: &generator)
    }
    mutating func watchEnds() -> ReflectorMachine.Action { machine.watchEnded(now: now, using: &generator) }
    mutating func undecodable() -> ReflectorMachine.Action { machine.undecodableEvent("no JSON", now: now, using: &generator) }
    mutating func event(_ version: String) { machine.accepted(resourceVersion: version, now: now) }
    mutating func bookmark(_ version: String) { machine.bookmark(resourceVersion: version, now: now) }
    /// Goes through a wait; nil where the action is none.
    mutating func sits(out action: ReflectorMachine.Action) -> ReflectorMachine.Action? {
        guard case .wait(let delay) = action else { return nil }
        now += delay
        return machine.waited(now: now, using: &generator)
    }
    /// Lists and watches from `version`, for cases about what comes after.
    mutating func watching(_ version: String) {
        _ = start()
        _ = page(version)
        _ = replaced()
        machine.watchStarted(now: now)
    }
}

extension ReflectorMachine.Action {
    static let firstPage = list(limit: 500, continueToken: nil, startsOver: true)
    static func watchFrom(_ version: String) -> Self { watch(resourceVersion: version, timeoutSeconds: 400) }
    static func waitFor(_ milliseconds: Int) -> Self { wait(.milliseconds(milliseconds)) }
}
