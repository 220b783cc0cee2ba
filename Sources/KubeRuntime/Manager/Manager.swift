package import Logging
import Synchronization
import UnixSignals

/// Starts the daemon's parts in order, keeps them running, and stops them in order.
///
/// Up: servers, events, the check of rights, caches, their sync, ready; with an election, once it is won: sweeps, samplers and the like,
/// controllers. A standby's caches stay synced and its queues fill. Down, on SIGTERM or when a part fails: not ready, nothing more taken from
/// queues, reconciles under way finished or after the grace cancelled, samplers and caches, the events' recorder, the lease released,
/// servers. Whoever loses the lease has no such end: `Election` ends the process.
///
/// Its own structured concurrency rather than swift-service-lifecycle's `ServiceGroup`: the group knows no steps between two services (queues stop
/// long before the tasks behind them do), no waiting for sync, no exit at the second signal and no exit codes. Its `UnixSignals` serves here.
package final class Manager: Sendable {
    package struct Settings: Sendable {
        /// How long the caches' first lists, and the check of rights, may take.
        package var syncTimeout = Swift.Duration.seconds(120)
        /// How long reconciles under way may take at the end before they are cancelled.
        package var grace = Swift.Duration.seconds(30)
        /// How long a part may take to end once it is cancelled.
        package var stopLimit = Swift.Duration.seconds(2)
        package var eventFlush = Swift.Duration.seconds(2)
        /// How long letting go of the lease may take.
        package var releaseLimit = Swift.Duration.seconds(5)

        package init() {}
    }

    /// The parts, by their turn.
    package struct Parts: Sendable {
        /// Up first and down last: health and metrics.
        package var servers: [ManagedPart] = []
        package var events: EventRecorder?
        /// Throws a `ManagerFailure` when the world can't do; anything else it throws is tried again.
        package var preflight: @Sendable () async throws -> Void = {}
        package var caches: [any CacheService] = []
        /// Nil: this process works in any case.
        package var election: (any Election)?
        /// Once, when the caches have synced and the election is won, before the controllers: sweeps of orphans.
        package var afterSync: @Sendable () async throws -> Void = {}
        /// Samplers and whatever else the controllers rely on.
        package var background: [ManagedPart] = []
        package var controllers: [Controller] = []

        package init() {}
    }

    private let parts: Parts
    private let settings: Settings
    private let health: HealthBoard
    private let timeline: Timeline
    private let logger: Logger
    private let handlesSignals: Bool
    private let terminate: @Sendable (Int32) -> Void
    private let stopping = Latch()
    private let failure = Mutex<ManagerFailure?>(nil)

    /// - Parameter terminate: ends the process at once, for a second signal and for parts that don't end.
    package init(
        _ parts: Parts, settings: Settings = Settings(), health: HealthBoard, timeline: Timeline = Timeline(), handlesSignals: Bool = true,
        logger: Logger = Logger(label: "plimsoll.manager"), terminate: @escaping @Sendable (Int32) -> Void
    ) {
        self.parts = parts
        self.settings = settings
        self.health = health
        self.timeline = timeline
        self.handlesSignals = handlesSignals
        self.logger = logger
        self.terminate = terminate
        for cache in parts.caches { health.add(cache) }
    }

    /// Begins the end, as a first SIGTERM does.
    package func requestStop() { stopping.open() }

    /// Runs everything until it is told to stop or a part fails.
    package func run() async -> ExitCode {
        // Trapped before anything starts, so that no signal meets the default handler.
        let signals = handlesSignals ? await UnixSignalsSequence(trapping: .sigterm, .sigint) : nil
        return await withTaskGroup(of: Void.self) { group in
            if let signals { group.addTask { await self.listen(to: signals) } }
            var started = Started()
            do throws(ManagerFailure) {
                try await start(&group, &started)
                await stopping.wait()
            } catch {
                fail(error)
            }
            let ended = await stop(started)
            let failure = failure.withLock { $0 }
            let code = failure?.exitCode ?? .good
            if let failure { logger.error("ended", metadata: ["reason": "\(failure)", "exitCode": "\(code.rawValue)"]) }
            if !ended { terminate(code.rawValue) }
            group.cancelAll()
            return code
        }
    }

    // MARK: Up

    /// What runs, so that exactly that is stopped.
    private struct Started {
        var servers: [Supervised] = []
        var events: Supervised?
        var caches: [Supervised] = []
        var election: Supervised?
        var background: [Supervised] = []
        var controllers: [(controller: Controller, supervised: Supervised)] = []
    }

    private func start(_ group: inout TaskGroup<Void>, _ started: inout Started) async throws(ManagerFailure) {
        for part in parts.servers { started.servers.append(launch(part, &group)) }
        if let events = parts.events { started.events = launch(ManagedPart("events") { await events.run() }, &group) }
        let deadline = timeline.now + settings.syncTimeout
        try await attempt("the check of rights", until: deadline, parts.preflight)
        for cache in parts.caches {
            guard !stopping.isOpen else { return }
            started.caches.append(launch(ManagedPart("cache \(cache.name)") { await cache.run() }, &group))
        }
        try await waitForSync(until: deadline)
        guard !stopping.isOpen else { return }
        if let election = parts.election {
            // Who has not synced is no candidate: leading it would do nothing.
            started.election = launch(ManagedPart("leader election") { try await election.run() }, &group)
            health.phase = .running
            logger.info("running as a candidate")
            await winOrStop(election)
        }
        guard !stopping.isOpen else { return }
        try await attempt("what follows the first lists", until: timeline.now + settings.syncTimeout, parts.afterSync)
        guard !stopping.isOpen else { return }
        for part in parts.background { started.background.append(launch(part, &group)) }
        for controller in parts.controllers {
            let part = ManagedPart("controller \(controller.name)") { await controller.run() }
            started.controllers.append((controller, launch(part, &group)))
        }
        health.phase = .running
        logger.info("running")
    }

    /// Returns when the election is won, or when the end has begun.
    private func winOrStop(_ election: any Election) async {
        await withDiscardingTaskGroup { group in
            let either = Latch()
            group.addTask {
                await election.waitUntilLeading()
                either.open()
            }
            group.addTask { [stopping] in
                await stopping.wait()
                either.open()
            }
            await either.wait()
            group.cancelAll()
        }
    }

    private func launch(_ part: ManagedPart, _ group: inout TaskGroup<Void>) -> Supervised {
        let supervised = Supervised(part)
        group.addTask {
            // On the way down parts end by themselves: a controller when its queue has drained.
            guard let reason = await supervised.run(), !self.stopping.isOpen else { return }
            self.fail(ManagerFailure("\(part.name) \(reason)"))
        }
        return supervised
    }

    /// Tries until it works, the time is over, or the end begins. A `ManagerFailure` is final.
    private func attempt(_ what: String, until deadline: Swift.Duration, _ body: @escaping @Sendable () async throws -> Void)
        async throws(ManagerFailure)
    {
        var delay = Swift.Duration.milliseconds(500)
        while !stopping.isOpen {
            let result: Result<Void, any Error>? = await unlessStopping(within: deadline - timeline.now) {
                do { return .success(try await body()) } catch { return .failure(error) }
            }
            switch result {
            case .success?: return
            case .failure(let failure as ManagerFailure)?: throw failure
            case .failure(let error)?:
                logger.warning("\(what) failed; trying again", metadata: ["error": "\(error)"])
                guard timeline.now + delay < deadline else { throw ManagerFailure("\(what) failed: \(error)") }
                _ = await timeline.within(delay) { [stopping] in await stopping.wait() }
                delay = min(delay * 2, .seconds(10))
            case nil where stopping.isOpen: return
            case nil: throw ManagerFailure("\(what) took longer than \(settings.syncTimeout)")
            }
        }
    }

    private func waitForSync(until deadline: Swift.Duration) async throws(ManagerFailure) {
        let caches = parts.caches
        let synced: Void? = await unlessStopping(within: deadline - timeline.now) {
            for cache in caches { await cache.waitUntilSynced() }
        }
        guard synced == nil, !stopping.isOpen else { return }
        let missing = caches.filter { !$0.hasSynced }.map { "\($0.name): \($0.trouble ?? "not listed yet")" }
        throw ManagerFailure("not synced within \(settings.syncTimeout): " + missing.joined(separator: "; "))
    }

    /// Nil when the time is over or the end has begun.
    private func unlessStopping<Value: Sendable>(within limit: Swift.Duration, _ body: @escaping @Sendable () async -> Value) async -> Value? {
        await timeline.within(limit) { [stopping] in
            await withTaskGroup(of: Value?.self) { group in
                group.addTask { await body() }
                group.addTask {
                    await stopping.wait()
                    return nil
                }
                let first = await group.next() ?? nil
                group.cancelAll()
                return first
            }
        } ?? nil
    }

    // MARK: Down

    /// False when a part would not end.
    private func stop(_ started: Started) async -> Bool {
        health.phase = .stopping
        logger.info("stopping")
        for (controller, _) in started.controllers { controller.stopTaking() }
        _ = await timeline.within(settings.grace) {
            for (controller, _) in started.controllers { await controller.waitUntilIdle() }
        }
        var ended = await stop(started.controllers.map(\.supervised))
        ended = await stop(started.background + started.caches) && ended
        if let election = parts.election, let part = started.election {
            // While they may still be written: nothing is, once the lease is free.
            if let events = parts.events { await events.settle(within: settings.eventFlush) }
            if let events = started.events { ended = await stop([events]) && ended }
            // Work that goes on keeps the lease, until it runs out.
            if ended { _ = await timeline.within(settings.releaseLimit) { await election.release() } }
            ended = await stop([part]) && ended
        }
        if let events = started.events, started.election == nil {
            ended = await stop([events]) && ended
            await parts.events?.flush(within: settings.eventFlush)
        }
        return await stop(started.servers) && ended
    }

    /// Stops parts of one turn together.
    private func stop(_ supervised: [Supervised]) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for one in supervised {
                group.addTask { [self] in
                    let ended = await one.stop(within: settings.stopLimit, timeline)
                    if !ended { logger.error("a part does not end", metadata: ["part": "\(one.part.name)"]) }
                    return ended
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
    }

    private func fail(_ reason: ManagerFailure) {
        failure.withLock { $0 = $0 ?? reason }
        stopping.open()
    }

    private func listen(to signals: UnixSignalsSequence) async {
        for await signal in signals {
            if stopping.isOpen {
                logger.warning("second signal: ending at once", metadata: ["signal": "\(signal)"])
                terminate(ExitCode.world.rawValue)
                return
            }
            logger.info("ending", metadata: ["signal": "\(signal)"])
            stopping.open()
        }
    }
}
