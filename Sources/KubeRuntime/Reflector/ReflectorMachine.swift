import KubeModel

/// Keeps a cache true to one collection of the API server: asks for all objects (as the beginning of a watch where the server can do that, else as
/// a list in pages), then watches, and knows what each failure asks for.
///
/// A value without I/O: the shell performs each action and tells the outcome. `now` is monotonic time since any fixed start.
package struct ReflectorMachine: Sendable {
    private enum Next: Sendable {
        case list, page, watch
    }

    private let settings: Settings
    package private(set) var phase = Phase.waiting
    package private(set) var trouble: Trouble?
    package private(set) var counters = Counters()
    /// The last version the store accepted.
    package private(set) var resourceVersion: String?
    /// The kind's path answers 404, did so long enough, and discovery doesn't have it.
    package private(set) var isAbsent = false
    /// By when the stream must bring something or have ended; nil where there is none.
    package private(set) var watchDeadline: Swift.Duration?

    private var next = Next.list
    private var streak: FailureStreak
    // Listing
    private var continueToken: String?
    private var restarts = 0
    private var missingSince: Swift.Duration?
    // Listing by a watch
    private var watchListRefused = false
    private var watchListFailures = 0
    private var streamIsOpen = false
    private var streamStarted = false
    // Watching
    private var watchEnd = Swift.Duration.zero
    private var watchStart = Swift.Duration.zero
    private var watchEvents = 0
    private var bookmarkSeen = false
    private var internalErrors: (since: Swift.Duration, last: Swift.Duration)?
    private var undecodableAt: String?

    package init(settings: Settings = Settings()) {
        self.settings = settings
        streak = FailureStreak(resetAfter: settings.health)
    }

    package mutating func start(now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        begin(now: now, using: &generator)
    }

    /// Whether the server was found not to begin watches with all objects.
    package var hasFallenBack: Bool { watchListRefused }

    // MARK: Listing

    /// A page came and was set aside.
    package mutating func listed(
        resourceVersion: String, continueToken token: String?, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    )
        -> Action
    {
        guard phase == .listing else { return unexpected(&generator, now) }
        missingSince = nil
        if let token, !token.isEmpty {
            if token == continueToken {
                // A proxy that ignores tokens gives the first page for ever.
                continueToken = nil
                trouble = .failing("the list does not advance: its continue token is the same again")
                return backOff(then: .list, now: now, using: &generator)
            }
            continueToken = token
            return .list(limit: settings.pageSize, continueToken: token, startsOver: false)
        }
        // Only the last page need have a version; without one there is nothing to watch from.
        guard !resourceVersion.isEmpty else { return listFailed(.other("the list has no resourceVersion"), now: now, using: &generator) }
        (isAbsent, restarts, continueToken) = (false, 0, nil)
        phase = .replacing
        self.resourceVersion = resourceVersion
        return .replace(resourceVersion: resourceVersion)
    }

    package mutating func listFailed(_ failure: RequestFailure, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        if case .notFound(let text) = failure { return missing(text, now: now, using: &generator) }
        missingSince = nil
        switch failure {
        case .expired where continueToken != nil:
            // The token for an inconsistent rest that comes with it is of no use to a cache.
            restarts += 1
            continueToken = nil
            return .list(limit: restarts <= settings.pagingRestarts ? settings.pageSize : 0, continueToken: nil, startsOver: true)
        case .forbidden(let text):
            trouble = .forbidden(text)
            return deny(then: .list, now: now, using: &generator)
        case .unauthorized(let text):
            trouble = .unauthorized(text)
            return backOff(then: .list, now: now, using: &generator)
        case .throttled(let after?):
            trouble = .failing(failure.description)
            return wait(bounded(after, using: &generator), then: .page)
        default:
            trouble = .failing(failure.description)
            return backOff(then: .page, now: now, using: &generator)
        }
    }

    /// The store took what `replace` or `clear` gave it, and its handlers ran.
    package mutating func replaced(now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        if isAbsent { return wait(slowRetry(&generator), then: .list) }
        trouble = nil
        guard streamIsOpen else { return watch(using: &generator, now: now) }
        streamIsOpen = false
        phase = .watching
        watchDeadline = min(watchEnd, now + settings.idleAfterBookmark)
        return .follow
    }

    private mutating func missing(_ text: String, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        trouble = .absent(text)
        continueToken = nil
        let since = missingSince ?? now
        missingSince = since
        if isAbsent { return wait(slowRetry(&generator), then: .list) }
        guard now - since >= settings.absenceConfirmation else { return wait(settings.absenceConfirmation / 2, then: .list) }
        phase = .confirming
        return .confirmAbsence
    }

    /// Discovery said whether the kind is absent.
    package mutating func absenceAnswered(_ answer: Bool, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        guard phase == .confirming else { return unexpected(&generator, now) }
        guard answer else {
            missingSince = nil
            trouble = .failing("the list answers 404, but discovery doesn't say that the kind is absent")
            return backOff(then: .list, now: now, using: &generator)
        }
        (isAbsent, resourceVersion) = (true, nil)
        phase = .replacing
        return .clear
    }

    /// Discovery failed: what the store has stays.
    package mutating func absenceUnanswered(
        _ failure: RequestFailure, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    ) -> Action {
        guard phase == .confirming else { return unexpected(&generator, now) }
        trouble = .failing("the list answers 404, and discovery can't confirm that the kind is absent: \(failure)")
        if case .throttled(let after?) = failure { return wait(bounded(after, using: &generator), then: .list) }
        return backOff(then: .list, now: now, using: &generator)
    }

    // MARK: Listing by a watch

    /// An object of the watch's beginning was set aside.
    package mutating func initialEvent(now: Swift.Duration) {
        guard phase == .streaming else { return }
        watchEvents += 1
        watchDeadline = min(watchEnd, now + settings.initialSilence)
    }

    /// The beginning is complete, up to that version.
    package mutating func initialEventsEnded(
        resourceVersion: String, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    ) -> Action {
        guard phase == .streaming else { return unexpected(&generator, now) }
        (isAbsent, watchListFailures, missingSince) = (false, 0, nil)
        (streamIsOpen, bookmarkSeen) = (true, true)
        phase = .replacing
        watchDeadline = watchEnd
        self.resourceVersion = resourceVersion
        return .replace(resourceVersion: resourceVersion)
    }

    /// The beginning did not come to its end.
    private mutating func watchListFailed(
        _ failure: RequestFailure, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    ) -> Action {
        watchDeadline = nil
        trouble = .failing(failure.description)
        switch failure {
        case .throttled(let after?): return wait(bounded(after, using: &generator), then: .list)
        case .throttled, .expired, .tooLargeResourceVersion: return backOff(then: .list, now: now, using: &generator)
        case .unauthorized(let text):
            trouble = .unauthorized(text)
            return backOff(then: .list, now: now, using: &generator)
        case .connection where watchEvents == 0 && !streamStarted: return backOff(then: .list, now: now, using: &generator)
        case .internalError(let text) where text.contains("RequestWatchProgress"):
            // An API server of today over an etcd before 3.4.31: no more a passing error than a refusal.
            watchListRefused = true
            return list()
        case .connection, .internalError, .undecodable:
            watchListFailures += 1
            watchListRefused = watchListFailures >= settings.watchListTries
            return backOff(then: .list, now: now, using: &generator)
        case .forbidden, .notFound, .other:
            // Servers before 1.32, and those with the feature off, refuse the parameters; what else may be wrong the list finds out.
            watchListRefused = true
            return list()
        }
    }

    // MARK: Watching

    /// The server took the watch.
    package mutating func watchStarted(now: Swift.Duration) {
        if phase == .streaming {
            streamStarted = true
            watchDeadline = min(watchEnd, now + settings.initialSilence)
        }
        guard phase == .watching else { return }
        trouble = nil
    }

    /// The store accepted an event, and its handlers ran.
    package mutating func accepted(resourceVersion: String, now: Swift.Duration) {
        guard phase == .watching else { return }
        watchEvents += 1
        advance(resourceVersion, now: now)
    }

    /// A bookmark came, and the store knows its version.
    package mutating func bookmark(resourceVersion: String, now: Swift.Duration) {
        guard phase == .watching else { return }
        bookmarkSeen = true
        watchEvents += 1
        advance(resourceVersion, now: now)
    }

    /// An event was left out: it is whole, and its object can't be read. What is known of that object stays.
    package mutating func skipped(resourceVersion: String, now: Swift.Duration) {
        counters.undecodable += 1
        if phase == .streaming { initialEvent(now: now) } else { accepted(resourceVersion: resourceVersion, now: now) }
    }

    /// An event that could not be read, nor told whose it is: watch again from the last good version, and list if it is still there.
    package mutating func undecodableEvent(_ text: String, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        counters.undecodable += 1
        if phase == .streaming { return watchListFailed(.undecodable(text), now: now, using: &generator) }
        trouble = .failing("an event could not be read: \(text)")
        let again = undecodableAt == resourceVersion
        undecodableAt = resourceVersion
        return endWatch(then: again ? .list : .watch, now: now, using: &generator)
    }

    /// The watch could not start, broke off, or brought an ERROR event (`inStream`).
    package mutating func watchFailed(
        _ failure: RequestFailure, inStream: Bool, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    ) -> Action {
        if phase == .streaming { return watchListFailed(failure, now: now, using: &generator) }
        guard phase == .watching else { return unexpected(&generator, now) }
        countShortWatch(now: now)
        trouble = .failing(failure.description)
        switch failure {
        case .expired, .tooLargeResourceVersion:
            // Both are healed by a list at resource version ""; the backoff keeps a server that expires everything from being flooded.
            return endWatch(then: .list, now: now, using: &generator)
        case .notFound:
            // The list decides whether the kind is absent; where it succeeds nevertheless, the backoff keeps the two from chasing each other.
            return endWatch(then: .list, now: now, using: &generator)
        case .throttled(let after?):
            watchDeadline = nil
            return wait(bounded(after, using: &generator), then: .watch)
        case .throttled, .connection:
            return endWatch(then: .watch, now: now, using: &generator)
        case .undecodable(let text):
            return undecodableEvent(text, now: now, using: &generator)
        case .forbidden(let text):
            trouble = .forbidden(text)
            watchDeadline = nil
            return deny(then: .watch, now: now, using: &generator)
        case .unauthorized(let text):
            trouble = .unauthorized(text)
            return endWatch(then: .watch, now: now, using: &generator)
        case .internalError:
            return endWatch(then: internalErrorAllowsWatch(now: now) ? .watch : .list, now: now, using: &generator)
        case .other:
            return endWatch(then: .list, now: now, using: &generator)
        }
    }

    /// The server ended the stream in good order.
    package mutating func watchEnded(now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        if phase == .streaming { return watchListFailed(.connection("the watch ended before all objects were there"), now: now, using: &generator) }
        guard phase == .watching else { return unexpected(&generator, now) }
        if countShortWatch(now: now) { return endWatch(then: .watch, now: now, using: &generator) }
        return watch(using: &generator, now: now)
    }

    /// `watchDeadline` passed.
    package mutating func watchTimedOut(now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        watchFailed(.connection("the watch brought nothing for too long"), inStream: true, now: now, using: &generator)
    }

    /// The wait is over.
    package mutating func waited(now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        switch next {
        case .watch where resourceVersion != nil: return watch(using: &generator, now: now)
        case .page where continueToken != nil:
            phase = .listing
            return .list(limit: settings.pageSize, continueToken: continueToken, startsOver: false)
        default: return begin(now: now, using: &generator)
        }
    }

    // MARK: Parts

    /// Asks for all objects, in the way that the server knows.
    private mutating func begin(now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        guard settings.usesWatchList, !watchListRefused else { return list() }
        let seconds = Int.random(in: settings.watchSeconds, using: &generator)
        phase = .streaming
        counters.watchLists += 1
        (streamStarted, streamIsOpen, continueToken) = (false, false, nil)
        openWatch(seconds, now: now)
        return .watchList(timeoutSeconds: seconds)
    }

    private mutating func list() -> Action {
        phase = .listing
        watchDeadline = nil
        continueToken = nil
        counters.lists += 1
        return .list(limit: restarts <= settings.pagingRestarts ? settings.pageSize : 0, continueToken: nil, startsOver: true)
    }

    private mutating func watch(using generator: inout some RandomNumberGenerator, now: Swift.Duration) -> Action {
        guard let resourceVersion else { return begin(now: now, using: &generator) }
        let seconds = Int.random(in: settings.watchSeconds, using: &generator)
        phase = .watching
        counters.watches += 1
        openWatch(seconds, now: now)
        return .watch(resourceVersion: resourceVersion, timeoutSeconds: seconds)
    }

    private mutating func openWatch(_ seconds: Int, now: Swift.Duration) {
        (watchStart, watchEvents, bookmarkSeen) = (now, 0, false)
        watchEnd = now + .seconds(seconds) + settings.watchGrace
        watchDeadline = watchEnd
    }

    private mutating func advance(_ version: String, now: Swift.Duration) {
        // A watch never goes back; what says so comes from no API server, and to watch from there would only expire.
        let isOlder = resourceVersion.map { ResourceVersion.order(version, $0) == .older } ?? false
        if !version.isEmpty, !isOlder { resourceVersion = version }
        watchDeadline = bookmarkSeen ? min(watchEnd, now + settings.idleAfterBookmark) : watchEnd
    }

    private mutating func endWatch(then next: Next, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        watchDeadline = nil
        return backOff(then: next, now: now, using: &generator)
    }

    @discardableResult
    private mutating func countShortWatch(now: Swift.Duration) -> Bool {
        guard watchEvents == 0, now - watchStart < settings.shortWatch else { return false }
        counters.shortWatches += 1
        return true
    }

    private mutating func internalErrorAllowsWatch(now: Swift.Duration) -> Bool {
        let since = internalErrors.flatMap { now - $0.last <= .seconds(60) ? $0.since : nil } ?? now
        internalErrors = (since, now)
        return now - since <= settings.internalErrorPatience
    }

    /// The time that a server asked for: within the backoff's cap, as no answer may silence a cache for long, and with jitter, as those that
    /// were turned away together should not return together.
    private func bounded(_ after: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Swift.Duration {
        let delay = min(max(after, .zero), settings.backoff.cap)
        return settings.backoff.jitter == .none ? delay : delay * Double.random(in: 1...1.2, using: &generator)
    }

    private func slowRetry(_ generator: inout some RandomNumberGenerator) -> Swift.Duration {
        settings.slowRetry * Double.random(in: 0.8...1.2, using: &generator)
    }

    /// An API server that is starting denies for a few seconds what it allows later; after that only a person can help.
    private mutating func deny(then next: Next, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        let failures = streak.fail(now: now)
        let delay = failures <= settings.quickDenials ? settings.backoff.delay(failures: failures, using: &generator) : slowRetry(&generator)
        return wait(delay, then: next)
    }

    private mutating func backOff(then next: Next, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        wait(settings.backoff.delay(failures: streak.fail(now: now), using: &generator), then: next)
    }

    private mutating func wait(_ delay: Swift.Duration, then next: Next) -> Action {
        phase = .waiting
        self.next = next
        return .wait(delay)
    }

    /// The shell told something that the phase doesn't know: begin anew rather than trust a state nobody meant.
    private mutating func unexpected(_ generator: inout some RandomNumberGenerator, _ now: Swift.Duration) -> Action {
        backOff(then: .list, now: now, using: &generator)
    }
}
