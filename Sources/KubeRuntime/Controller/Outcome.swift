/// How a reconcile ended, and so when its key runs again.
package enum Outcome: Sendable {
    /// Nothing to do until something changes.
    case done
    /// All is well; look again after this time. Replaces the timer that an earlier run set.
    case requeue(after: Swift.Duration)
    /// Failed; try again with the key's backoff.
    case retry(any Error)
    /// Failed in a way that only a change can heal; counted and logged, not tried again.
    case terminal(any Error)
    /// A write met a newer version: try again shortly, when the cache has caught up. No failure.
    case conflict
    /// Somebody asked us to wait. No failure.
    case throttled(after: Swift.Duration)
}
