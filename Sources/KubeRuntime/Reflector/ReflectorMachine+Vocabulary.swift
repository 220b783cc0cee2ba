/// What the machine is told at its making, and the words in which it talks with its shell.
extension ReflectorMachine {
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
        /// Ask for all objects as the beginning of a watch (servers from 1.32 on), until the server shows that it can't do that.
        package var usesWatchList = true
        /// The longest silence among the objects at such a watch's beginning.
        package var initialSilence = Swift.Duration.seconds(30)
        /// How often such a beginning may fail by errors that say nothing of the way of asking, before a list is tried.
        package var watchListTries = 2

        package init() {}
    }

    package enum Action: Sendable, Hashable {
        /// Ask for a page at resource version "" (none with a token). `startsOver`: pages collected so far are void.
        case list(limit: Int, continueToken: String?, startsOver: Bool)
        /// Watch from the beginning: set the objects aside that come first, and call `initialEvent` for each.
        case watchList(timeoutSeconds: Int)
        /// Go on with the stream that is open.
        case follow
        /// Put what was set aside into the store, then call `replaced`.
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
        case listing, confirming, replacing, streaming, watching, waiting
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
        /// Watches that began with all objects.
        package var watchLists = 0
        package var shortWatches = 0
        package var undecodable = 0
    }
}
