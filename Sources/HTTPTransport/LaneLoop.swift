import CCurl
import Glibc
import Logging
import Synchronization

/// What a lane's thread does. Made, used and let go on that thread alone.
final class LaneLoop {
    private static let probeID: UInt64 = 0

    let lane: Lane
    let core: ClientCore
    let multi: UnsafeMutableRawPointer
    var book = ConnectionBook()
    /// A deadline may have come nearer than the last look at all of them said.
    var deadlinesMoved = true
    private var transfers: [UInt64: Transfer] = [:]
    private var nextDeadline: MonotonicTime?
    private var isDraining = false
    private var isStopping = false
    /// Origins of the multiplexed lane that answered in HTTP/1.x.
    var http1Origins: Set<String> = []

    private var crowding = CrowdingDetector(patience: .seconds(1))
    private var crowdingCheck: MonotonicTime?

    private let probePlan: RequestPlan?
    private var probe: ProbeMachine
    /// Exchanges under way with the probe's origin.
    private var probedTransfers = 0
    /// Exchanges under way that carry a permit.
    private var permitted = 0

    init?(lane: Lane) {
        guard let multi = curl_multi_init() else { return nil }
        self.lane = lane
        self.multi = multi
        core = lane.core
        let configuration = lane.core.configuration
        probe = ProbeMachine(interval: configuration.probeInterval)
        probePlan = Self.probePlan(core)
        let connections = lane.kind == .multiplexed ? max(1, configuration.maxHTTP2ConnectionsPerHost) : 0
        // PIPEWAIT alone opens a connection for each exchange beyond the first hundred.
        plimsoll_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections)
        plimsoll_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    }

    private static func probePlan(_ core: ClientCore) -> RequestPlan? {
        guard let url = core.configuration.probeURL else { return nil }
        let timeout = core.configuration.probeTimeout
        let request = HTTPRequest(url: url, deadlines: HTTPDeadlines(connect: timeout, whole: timeout), maxBodyBytes: 64 << 10)
        do {
            return try core.plan(request)
        } catch {
            core.configuration.logger.error("no probes: the probe's URL is refused", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    func run() {
        lane.open(multi)
        repeat {
            for command in lane.take() { handle(command) }
            withdraw()
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect()
            handOver()
            let now = MonotonicTime.now
            makeRoom(now)
            expire(now)
            let probeDue = runProbe(now)
            if isStopping { endAll() }
            if isStopping || isDraining, transfers.isEmpty, lane.closeIfEmpty() { break }
            sleep(now, probeDue)
        } while true
        curl_multi_cleanup(multi)
        pruneBook()
    }

    // MARK: Commands

    private func handle(_ command: Lane.Command) {
        switch command {
        case .start(let exchange): start(exchange)
        case .cancel(let id):
            guard let transfer = transfers[id] else { return }
            end(transfer, .failure(transfer.error(.cancelled, "cancelled")))
        case .resume(let id):
            guard let transfer = transfers[id] else { return }
            transfer.clock.isPaused = false
            transfer.clock.lastActivity = .now
            deadlinesMoved = true
            curl_easy_pause(transfer.easy, CURLPAUSE_CONT)
        case .drain: isDraining = true
        case .stop: isStopping = true
        case .look: break
        }
    }

    private func start(_ exchange: Exchange) {
        guard let transfer = Transfer(exchange: exchange, loop: self) else {
            if exchange.id == Self.probeID { return probeEnded(wasTried: false) }
            core.finished(exchange, failed: true)
            exchange.fail(exchange.unsent(.invalidRequest, "libcurl refused the request's settings"))
            return
        }
        transfers[exchange.id] = transfer
        if exchange.plan.permit != nil { permitted += 1 }
        if exchange.plan.origin == probePlan?.origin, exchange.id != Self.probeID { probedTransfers += 1 }
        deadlinesMoved = true
        if lane.kind == .multiplexed, crowdingCheck == nil { crowdingCheck = .now + crowding.patience }
        if curl_multi_add_handle(multi, transfer.easy) != CURLM_OK {
            end(transfer, .failure(transfer.error(.connect, "libcurl could not take the request")))
        }
    }

    // MARK: Ends

    private func collect() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            var context: UnsafeMutableRawPointer?
            plimsoll_get_pointer(easy, CURLINFO_PRIVATE, &context)
            guard let context else { continue }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            end(transfer, transfer.outcome(plimsoll_message_result(message)))
        }
    }

    /// Takes the transfer out of libcurl and tells whoever waits.
    private func end(_ transfer: Transfer, _ outcome: Result<HTTPResponse, HTTPError>) {
        guard let transfer = detach(transfer.exchange.id) else { return }
        transfer.free()
        if transfer.mayLeaveStaleSockets { pruneBook() }
        if transfer.exchange.id == Self.probeID {
            probeEnded(wasTried: transfer.clock.sent != nil || transfer.clock.connectingSince != nil)
            return
        }
        var failed = false
        if case .failure = outcome { failed = true }
        core.finished(transfer.exchange, failed: failed)
        switch (transfer.exchange.receiver, outcome) {
        case (.unary(let reply), _): reply.resume(outcome)
        case (.stream(let buffer), .success): buffer.finish(nil)
        case (.stream(let buffer), .failure(let error)): buffer.finish(error)
        case (.probe, _): break
        }
    }

    /// Ends what may no longer be sent. Before libcurl gets its turn: this thread may have been stopped for long with half a request out.
    private func withdraw() {
        guard permitted > 0 else { return }
        for transfer in transfers.values where !transfer.isPermitted(.waiting) { end(transfer, .failure(transfer.withdrawal)) }
    }

    private func detach(_ id: UInt64) -> Transfer? {
        guard let transfer = transfers.removeValue(forKey: id) else { return nil }
        if transfer.plan.origin == probePlan?.origin, id != Self.probeID { probedTransfers -= 1 }
        if transfer.plan.permit != nil { permitted -= 1 }
        curl_multi_remove_handle(multi, transfer.easy)
        return transfer
    }

    private func endAll() {
        for transfer in transfers.values {
            end(transfer, .failure(transfer.error(.shutdown, "the client was shut down while the request was under way")))
        }
    }

    // MARK: Other lanes

    /// Exchanges that still wait for the connection of a host that turned out to speak HTTP/1.x go to the other lane.
    private func handOver() {
        guard !http1Origins.isEmpty else { return }
        let origins = http1Origins
        http1Origins = []
        reassign(origins)
    }

    /// Where a host's connections take nothing new, what waits for them goes to a new lane, that is to a new connection; this one then ends
    /// with the streams it has.
    private func makeRoom(_ now: MonotonicTime) {
        guard let check = crowdingCheck, check <= now, !isStopping else { return }
        if transfers.isEmpty { crowding.forget() }
        let pending = transfers.values.filter { $0.clock.sent == nil && $0.exchange.id != Self.probeID }.map { transfer in
            CrowdingDetector.Pending(origin: transfer.plan.origin, since: transfer.clock.started, isConnecting: transfer.clock.isConnecting)
        }
        let (crowded, next) = crowding.look(at: pending, now: now)
        crowdingCheck = next
        guard !crowded.isEmpty else { return }
        core.retire(lane)
        reassign(crowded)
    }

    func noteSent(to origin: String, at now: MonotonicTime) {
        deadlinesMoved = true
        crowding.sent(to: origin, at: now)
    }

    private func reassign(_ origins: Set<String>) {
        // The core sends nothing more here for them; what it sent before is in the mailbox at the latest.
        for command in lane.take() { handle(command) }
        for (id, transfer) in transfers where origins.contains(transfer.plan.origin) && !transfer.wasSent && id != Self.probeID {
            detach(id)?.free()
            pruneBook()
            core.reassign(transfer.exchange)
        }
    }

    // MARK: Deadlines

    private func expire(_ now: MonotonicTime) {
        if core.hasWaiting { core.expireWaiting(now: now) }
        if !deadlinesMoved, nextDeadline.map({ now < $0 }) ?? true { return }
        deadlinesMoved = false
        var expired: [(Transfer, HTTPTimeout)] = []
        var soonest: MonotonicTime?
        for transfer in transfers.values {
            let life = book.life(of: transfer.plan.origin)
            guard var next = transfer.clock.next(hostLife: life) else { continue }
            if next.at <= now, next.kind == .idle, transfer.noteUpload(now) {
                next = transfer.clock.next(hostLife: life) ?? next
            }
            if next.at <= now {
                expired.append((transfer, next.kind))
            } else {
                soonest = min(soonest ?? next.at, next.at)
            }
        }
        nextDeadline = soonest
        for (transfer, kind) in expired { expire(transfer, kind) }
    }

    private func expire(_ transfer: Transfer, _ kind: HTTPTimeout) {
        let origin = transfer.plan.origin
        let began = transfer.clock.started
        if !transfer.clock.isConnecting, transfer.exchange.id != Self.probeID {
            // libcurl would give this connection, if dead, to every later request: also to the next of whoever is told of this end.
            if origin == probePlan?.origin {
                probe.suspect()
            } else if !book.lives(origin, since: began) {
                kill(origin, "nothing came from it since a request began that reached its deadline")
            }
        }
        end(transfer, .failure(transfer.timeoutError(kind)))
    }

    private func sleep(_ now: MonotonicTime, _ probeDue: MonotonicTime?) {
        var until = min(nextDeadline ?? now + .seconds(60), probeDue ?? now + .seconds(60))
        if let crowdingCheck { until = min(until, crowdingCheck) }
        if deadlinesMoved { until = now }
        if core.hasWaiting { until = min(until, now + .milliseconds(50)) }
        let milliseconds = max(0, min(60_000, ((until - now).wholeNanoseconds + 999_999) / 1_000_000))
        curl_multi_poll(multi, nil, 0, Int32(milliseconds), nil)
    }

    // MARK: Dead connections

    /// - Returns: when to look again.
    private func runProbe(_ now: MonotonicTime) -> MonotonicTime? {
        guard let probePlan, !isStopping else { return nil }
        let busy = probedTransfers > 0
        guard let due = probe.due(now: now, busy: busy, hostLife: book.life(of: probePlan.origin)) else { return nil }
        if due > now { return due }
        probe.started(now: now)
        start(Exchange(id: Self.probeID, plan: probePlan, receiver: .probe, submitted: now))
        return now
    }

    /// - Parameter wasTried: it was sent, or tried to connect; otherwise it only waited for a free stream.
    private func probeEnded(wasTried: Bool) {
        guard let origin = probePlan?.origin else { return }
        guard wasTried else {
            probe.unsent(now: .now)
            // Nothing new would get out either: that goes to a new connection, and this lane ends with the streams it has.
            if !isDraining, !isStopping { core.retire(lane) }
            return
        }
        switch probe.finished(now: .now, hostLife: book.life(of: origin)) {
        case .alive: break
        case .unsure: core.tally.probesFailed.add(1, ordering: .relaxed)
        case .dead:
            core.tally.probesFailed.add(1, ordering: .relaxed)
            kill(origin, "it left two probes unanswered")
        }
    }

    private func pruneBook() {
        let stale = book.prune(identity: socketIdentity)
        core.tally.connectionsClosed.add(UInt64(stale), ordering: .relaxed)
    }

    private func kill(_ origin: String, _ why: String) {
        pruneBook()
        let sockets = book.sockets(of: origin)
        if sockets.isEmpty { return }
        core.configuration.logger.warning(
            "a host is taken for dead; its connections are closed",
            metadata: ["client": "\(core.configuration.label)", "host": "\(origin)", "reason": "\(why)", "connections": "\(sockets.count)"])
        core.tally.connectionsKilled.add(UInt64(sockets.count), ordering: .relaxed)
        // Not close(2): the descriptors are libcurl's, which now finds them at their end and frees them.
        for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
    }
}

/// The inode of an open descriptor, which no two sockets share; nil for a closed one.
func socketIdentity(_ socket: Int32) -> UInt64? {
    var status = stat()
    return fstat(socket, &status) == 0 ? UInt64(status.st_ino) : nil
}
