/// Keeps a cache true to one collection of the API server: lists in pages, then watches, and knows what each failure asks for.
///
/// A value without I/O: the shell performs each action and tells the outcome. `now` is monotonic time since any fixed start.
package struct ReflectorMachine: Sendable {
    package struct Settings: Sendable, Hashable {
        package var pageSize = 500
        /// Seconds a watch may last; the server ends it then. Below 240 behind a load balancer that drops idle flows.
        package var watchSeconds = 300...600
        /// How long past that the stream may still be open.
        package var watchGrace = Swift.Duration.seconds(5)
        /// Bookmarks come every minute; once one was seen, longer silence than this is a dead stream.
        package var idleAfterBookmark = Swift.Duration.seconds(150)
        /// A watch that ends sooner and brought nothing is a failure.
        package var shortWatch = Swift.Duration.seconds(1)
        package var backoff = Backoff.reflector
        /// A failure so long after the last one begins the backoff anew.
        package var health = Swift.Duration.seconds(120)
        /// Between two tries where rights are missing or the kind is absent.
        package var slowRetry = Swift.Duration.seconds(30)
        /// How many denials in a row are met with the backoff before the slow retry.
        package var quickDenials = 4
        /// How long 404 must last before discovery is asked whether the kind is absent: an API server that is starting answers 404 for a while.
        package var absenceConfirmation = Swift.Duration.seconds(10)
        /// How long answers of 500 are met with another watch before a list.
        package var internalErrorPatience = Swift.Duration.seconds(30)
        /// How often paging starts over when its token expires, before everything is asked for at once.
        package var pagingRestarts = 2

        package init() {}
    }

    package enum Action: Sendable, Hashable {
        /// Ask for a page at resource version "" (none with a token). `startsOver`: pages collected so far are void.
        case list(limit: Int, continueToken: String?, startsOver: Bool)
        /// Put the pages collected into the store, then call `replaced`.
        case replace(resourceVersion: String)
        /// Ask discovery whether the kind is absent, then call `absenceAnswered` or `absenceUnanswered`.
        case confirmAbsence
        /// The kind is gone, and so are its objects: empty the store, then call `replaced`.
        case clear
        /// Watch from there, with bookmarks.
        case watch(resourceVersion: String, timeoutSeconds: Int)
        /// Wait, then call `waited`.
        case wait(Swift.Duration)
    }

    package enum Phase: Sendable, Hashable {
        case listing, confirming, replacing, watching, waiting
    }

    /// What keeps the cache from being true now, for the readiness board.
    package enum Trouble: Sendable, Hashable, CustomStringConvertible {
        case absent(String)
        case forbidden(String)
        case unauthorized(String)
        case failing(String)

        package var description: String {
            switch self {
            case .absent(let text): "the server has no such kind: \(text)"
            case .forbidden(let text): "not allowed: \(text)"
            case .unauthorized(let text): "not authenticated: \(text)"
            case .failing(let text): text
            }
        }
    }

    package struct Counters: Sendable, Hashable {
        package var lists = 0
        package var watches = 0
        package var shortWatches = 0
        package var undecodable = 0
    }

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

    // MARK: Listing

    package mutating func start() -> Action { list() }

    /// A page came and was set aside.
    package mutating func listed(
        resourceVersion: String, continueToken token: String?, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    )
        -> Action
    {
        guard phase == .listing else { return unexpected(&generator, now) }
        missingSince = nil
        if let token, !token.isEmpty {
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
        return watch(using: &generator, now: now)
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

    // MARK: Watching

    /// The server took the watch.
    package mutating func watchStarted(now: Swift.Duration) {
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

    /// An event that could not be read: watch again from the last good version, and list if it is still there.
    package mutating func undecodableEvent(_ text: String, now: Swift.Duration, using generator: inout some RandomNumberGenerator) -> Action {
        counters.undecodable += 1
        trouble = .failing("an event could not be read: \(text)")
        let again = undecodableAt == resourceVersion
        undecodableAt = resourceVersion
        return endWatch(then: again ? .list : .watch, now: now, using: &generator)
    }

    /// The watch could not start, broke off, or brought an ERROR event (`inStream`).
    package mutating func watchFailed(
        _ failure: RequestFailure, inStream: Bool, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    ) -> Action {
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
        default: return list()
        }
    }

    // MARK: Parts

    private mutating func list() -> Action {
        phase = .listing
        watchDeadline = nil
        continueToken = nil
        counters.lists += 1
        return .list(limit: restarts <= settings.pagingRestarts ? settings.pageSize : 0, continueToken: nil, startsOver: true)
    }

    private mutating func watch(using generator: inout some RandomNumberGenerator, now: Swift.Duration) -> Action {
        guard let resourceVersion else { return list() }
        let seconds = Int.random(in: settings.watchSeconds, using: &generator)
        phase = .watching
        counters.watches += 1
        (watchStart, watchEvents, bookmarkSeen) = (now, 0, false)
        watchEnd = now + .seconds(seconds) + settings.watchGrace
        watchDeadline = watchEnd
        return .watch(resourceVersion: resourceVersion, timeoutSeconds: seconds)
    }

    private mutating func advance(_ version: String, now: Swift.Duration) {
        if !version.isEmpty { resourceVersion = version }
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
