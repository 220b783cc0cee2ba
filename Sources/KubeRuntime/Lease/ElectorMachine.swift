package import Values

/// Decides what to do about a lease: who leads, when to renew, when to give up, when to take over. Pure; time and randomness are handed in.
///
/// A record is judged by how long it has stood unchanged before our own clocks, never by the times in it: clocks may be set wrong, they must only
/// run at about the same rate. A leader counts from when it sent its last good write, by the clock on which most has passed, and stops at
/// `renewDeadline`; a candidate counts from when it learned of the last change, by the clock on which least has passed, and begins no sooner than
/// `leaseDuration`. What lies between the two covers clocks that run at different rates, and writes that are still under way.
package struct ElectorMachine: Sendable {
    package enum Role: Sendable, Hashable {
        case standby
        case leading
        /// The lease is no longer surely ours: whatever a leader does must stop at once.
        case lost(String)
        /// Told to end; `released`: somebody else may begin at once.
        case ended(released: Bool)
    }

    /// What to do next; each but `finish` is answered by one call of `answered` or `waited`.
    package enum Action: Sendable, Hashable {
        case read(timeout: Swift.Duration)
        case create(JSON, timeout: Swift.Duration)
        /// Its `metadata.resourceVersion` makes it conditional.
        case replace(JSON, timeout: Swift.Duration)
        /// May be cut short by `stop`.
        case wait(Swift.Duration)
        case finish
    }

    /// What came of a request.
    package enum Answer: Sendable, Hashable {
        case lease(JSON)
        case absent
        /// The Lease is another by now, or one is there already.
        case conflict
        /// Nobody knows what came of it.
        case failed(String)
    }

    private enum Step: Sendable, Hashable {
        case reading
        case writing(sent: LeaseTime)
        case releasing
        case waiting
    }

    private struct Sight: Sendable {
        var record: LeaseRecord
        var lease: JSON
        /// When we learned that it stands like this.
        var since: LeaseTime
    }

    package let settings: LeaseSettings
    package private(set) var role = Role.standby
    /// When the write was sent that last proved the lease ours.
    package private(set) var renewed: LeaseTime?
    /// Whose lease it is as far as we know; empty: nobody's.
    package var holder: String { sight?.record.holder ?? "" }
    /// Times that a renewal needed more than its one write.
    package private(set) var slowPaths = 0

    private var step = Step.waiting
    private var sight: Sight?
    private var absentSince: LeaseTime?
    private var absentSeen: LeaseTime?
    private var acquireTime = Instant.epoch
    private var renewTime = Instant.epoch
    private var transitions: Int64 = 0
    /// Requests since the last wait: nobody makes us spin.
    private var tries = 0
    private var stopping: LeaseTime?
    /// The times in our latest writes: we may be in the Lease without knowing.
    private var attempts: [String] = []
    private var trouble = "no renewal came through"

    private static let mostTries = 3

    package init(_ settings: LeaseSettings) { self.settings = settings }

    /// The first action.
    package mutating func begin() -> Action { read() }

    /// Told to end: a leader whose work is over, or a candidate. Nil: what is under way is to be answered first; else the next action.
    package mutating func stop(at now: LeaseTime) -> Action? {
        guard stopping == nil, !isOver else { return nil }
        stopping = now
        guard step == .waiting else { return nil }
        return proceedToStop(now)
    }

    /// A wait is over.
    package mutating func waited(at now: LeaseTime, wall: Instant, using generator: inout some RandomNumberGenerator) -> Action {
        guard !isOver else { return .finish }
        tries = 0
        if hasLost(now) { return .finish }
        if stopping != nil { return proceedToStop(now) }
        // A leader writes on what it knows, without asking first.
        if role == .leading, let sight { return write(sight.lease, at: now, wall: wall) }
        return read(now)
    }

    /// A request was answered.
    package mutating func answered(
        _ answer: Answer, at now: LeaseTime, wall: Instant, using generator: inout some RandomNumberGenerator
    ) -> Action {
        guard !isOver else { return .finish }
        let step = step
        if case .failed(let why) = answer { trouble = why }
        if hasLost(now) { return .finish }
        switch step {
        case .reading: return hasRead(answer, at: now, wall: wall, using: &generator)
        case .writing(let sent): return hasWritten(answer, sent, at: now, wall: wall, using: &generator)
        case .releasing: return hasReleased(answer, at: now)
        case .waiting: return wait(settings.retryPeriod, now)
        }
    }

    /// Whether the lease is surely ours at this moment.
    package func leads(at now: LeaseTime) -> Bool { role == .leading && stopping == nil && isFresh(now) }

    private var isOver: Bool {
        switch role {
        case .lost, .ended: true
        case .standby, .leading: false
        }
    }

    private func isFresh(_ now: LeaseTime) -> Bool { renewed.map { now.most(since: $0) < settings.renewDeadline } ?? false }

    /// A leader that could not renew in time, or was away for too long, is none any more, whatever came in since.
    private mutating func hasLost(_ now: LeaseTime) -> Bool {
        guard role == .leading, stopping == nil, !isFresh(now) else { return false }
        role = .lost("not renewed within \(settings.renewDeadline): \(trouble)")
        return true
    }

    // MARK: What was read

    private mutating func hasRead(
        _ answer: Answer, at now: LeaseTime, wall: Instant, using generator: inout some RandomNumberGenerator
    ) -> Action {
        switch answer {
        case .lease(let lease):
            guard lease["metadata"]?["resourceVersion"]?.stringValue?.isEmpty == false else {
                trouble = "the server's answer is no Lease"
                return pause(now, using: &generator)
            }
            absentSince = nil
            note(lease, now)
            return judge(at: now, wall: wall, using: &generator)
        case .absent: return judgeAbsence(at: now, wall: wall, using: &generator)
        case .conflict, .failed: return pause(now, using: &generator)
        }
    }

    private mutating func note(_ lease: JSON, _ now: LeaseTime) {
        let record = LeaseRecord(lease)
        let since = sight.flatMap { $0.record.stamp == record.stamp ? $0.since : nil } ?? now
        sight = Sight(record: record, lease: lease, since: since)
    }

    private mutating func judge(at now: LeaseTime, wall: Instant, using generator: inout some RandomNumberGenerator) -> Action {
        guard let sight else { return read(now) }
        // Our name over a time that we never wrote is a forgery: somebody else may lead.
        let isOurs = sight.record.holder == settings.identity && (role == .leading || attempts.contains(sight.record.renewTime))
        if stopping != nil { return isOurs ? release(sight.lease, wall: wall) : end(released: false) }
        if isOurs { return write(sight.lease, at: now, wall: wall) }
        if role == .leading {
            role = .lost("the lease is held by \(sight.record.holder.isEmpty ? "nobody" : "\"\(sight.record.holder)\"")")
            return .finish
        }
        if sight.record.isReleased { return acquire(sight, at: now, wall: wall) }
        let left = sight.record.patience(own: settings.leaseDuration) - now.least(since: sight.since)
        if left <= .zero { return acquire(sight, at: now, wall: wall) }
        return wait(min(retry(using: &generator), left), now)
    }

    private mutating func judgeAbsence(at now: LeaseTime, wall: Instant, using generator: inout some RandomNumberGenerator) -> Action {
        if stopping != nil { return end(released: false) }
        if role == .leading {
            // Nobody else can have had it between: those who knew it wait as for a holder gone silent.
            return create(at: now, wall: wall)
        }
        guard let sight else {
            // There never was one, as far as we know.
            acquireTime = wall
            transitions = 0
            return create(at: now, wall: wall)
        }
        // Somebody deleted a Lease that we knew: its holder may not know yet.
        // Who did not look for a while may have missed another Lease, whose holder does not know of its end either.
        let isUnbroken = absentSeen.map { now.most(since: $0) <= settings.retryPeriod * 2 } ?? false
        let since = isUnbroken ? absentSince ?? now : now
        (absentSince, absentSeen) = (since, now)
        let left = sight.record.patience(own: settings.leaseDuration) - now.least(since: since)
        guard left <= .zero else { return wait(min(retry(using: &generator), left), now) }
        acquireTime = wall
        transitions = sight.record.transitions
        return create(at: now, wall: wall)
    }

    // MARK: Writing

    private mutating func acquire(_ sight: Sight, at now: LeaseTime, wall: Instant) -> Action {
        acquireTime = wall
        let changes = sight.record.holder != settings.identity
        transitions = min(sight.record.transitions + (changes ? 1 : 0), Int64(Int32.max))
        return write(sight.lease, at: now, wall: wall)
    }

    /// Acquires or renews.
    private mutating func write(_ lease: JSON, at now: LeaseTime, wall: Instant) -> Action {
        guard let timeout = begun(at: now, wall: wall) else { return wait(settings.retryPeriod, now) }
        let body = LeaseBody.changed(
            lease, holder: settings.identity, durationSeconds: settings.leaseDuration.components.seconds, acquired: acquireTime, renewed: renewTime,
            transitions: transitions)
        return .replace(body, timeout: timeout)
    }

    private mutating func create(at now: LeaseTime, wall: Instant) -> Action {
        guard let timeout = begun(at: now, wall: wall) else { return wait(settings.retryPeriod, now) }
        let body = LeaseBody.new(settings, holder: settings.identity, acquired: acquireTime, renewed: renewTime, transitions: transitions)
        return .create(body, timeout: timeout)
    }

    /// Notes a write; its timeout, or nil when there were enough tries for now.
    private mutating func begun(at now: LeaseTime, wall: Instant) -> Swift.Duration? {
        guard tries < Self.mostTries else { return nil }
        tries += 1
        // A write that changes nothing is no sign of life, even where the wall clock stands still.
        var time = wall
        // And one time for acquisition and renewal is how a released Lease is known.
        while time == renewTime || time == acquireTime { time = Instant(microseconds: time.microseconds + 1) }
        renewTime = time
        attempts = attempts.suffix(7) + [renewTime.microsecondsText]
        step = .writing(sent: now)
        return timeout(now)
    }

    private mutating func hasWritten(
        _ answer: Answer, _ sent: LeaseTime, at now: LeaseTime, wall: Instant, using generator: inout some RandomNumberGenerator
    ) -> Action {
        guard case .lease(let lease) = answer, LeaseRecord(lease).holder == settings.identity,
            lease["metadata"]?["resourceVersion"]?.stringValue?.isEmpty == false
        else {
            if case .lease = answer { trouble = "the server's answer to the write is not what was written" }
            if role == .leading { slowPaths += 1 }
            if answer == .absent { return judgeAbsence(at: now, wall: wall, using: &generator) }
            return stopping == nil && tries >= Self.mostTries ? pause(now, using: &generator) : read(now)
        }
        absentSince = nil
        note(lease, now)
        if stopping != nil { return release(lease, wall: wall) }
        renewed = sent
        // An answer so late that the time to lead is over: known now to be ours, it is renewed before anything is done.
        guard isFresh(now) else { return write(lease, at: now, wall: wall) }
        role = .leading
        trouble = "no renewal came through"
        return wait(settings.retryPeriod, now)
    }

    // MARK: The end

    private mutating func proceedToStop(_ now: LeaseTime) -> Action {
        guard !attempts.isEmpty else { return end(released: false) }
        return read(now)
    }

    /// Only after all work has ended, and only what was just seen to be ours.
    private mutating func release(_ lease: JSON, wall: Instant) -> Action {
        step = .releasing
        let body = LeaseBody.changed(
            lease, holder: "", durationSeconds: 1, acquired: wall, renewed: wall, transitions: LeaseRecord(lease).transitions)
        return .replace(body, timeout: settings.requestTimeout)
    }

    private mutating func hasReleased(_ answer: Answer, at now: LeaseTime) -> Action {
        switch answer {
        case .lease: end(released: true)
        case .absent: end(released: false)
        // Changed since, or unknown: look again.
        case .conflict, .failed: giveUpStopping(now) ? end(released: false) : wait(settings.retryPeriod / 4, now)
        }
    }

    private func giveUpStopping(_ now: LeaseTime) -> Bool { stopping.map { now.most(since: $0) >= settings.renewDeadline } ?? false }

    private mutating func end(released: Bool) -> Action {
        role = .ended(released: released)
        return .finish
    }

    // MARK: Times

    private mutating func read(_ now: LeaseTime? = nil) -> Action {
        step = .reading
        return .read(timeout: now.map { timeout($0) } ?? settings.requestTimeout)
    }

    /// After what did not work.
    private mutating func pause(_ now: LeaseTime, using generator: inout some RandomNumberGenerator) -> Action {
        if stopping != nil { return giveUpStopping(now) ? end(released: false) : wait(settings.retryPeriod / 4, now) }
        return wait(retry(using: &generator), now)
    }

    /// A leader waits no longer than it leads.
    private mutating func wait(_ time: Swift.Duration, _ now: LeaseTime) -> Action {
        step = .waiting
        guard role == .leading, stopping == nil, let renewed else { return .wait(time) }
        return .wait(max(.zero, min(time, settings.renewDeadline - now.most(since: renewed))))
    }

    private func timeout(_ now: LeaseTime) -> Swift.Duration {
        guard role == .leading, stopping == nil, let renewed else { return settings.requestTimeout }
        return max(.milliseconds(1), min(settings.requestTimeout, settings.renewDeadline - now.most(since: renewed)))
    }

    /// Candidates that saw the same change don't come back together; none waits longer than the period.
    private func retry(using generator: inout some RandomNumberGenerator) -> Swift.Duration {
        settings.retryPeriod / Double.random(in: 1...LeaseSettings.jitter, using: &generator)
    }
}
