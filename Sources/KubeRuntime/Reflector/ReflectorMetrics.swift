import CoreMetrics
import Synchronization

/// A reflector's metrics, labelled with its kind.
struct ReflectorMetrics: Sendable {
    let undecodable: Counter
    private let lists: Gauge
    private let watches: Gauge
    private let shortWatches: Gauge
    private let objects: Gauge
    private let unreadable: Gauge
    private let synced: Gauge

    init(name: String) {
        let labels = [("kind", name)]
        undecodable = Counter(label: "plimsoll_reflector_undecodable_total", dimensions: labels)
        lists = Gauge(label: "plimsoll_reflector_lists", dimensions: labels)
        watches = Gauge(label: "plimsoll_reflector_watches", dimensions: labels)
        shortWatches = Gauge(label: "plimsoll_reflector_short_watches", dimensions: labels)
        objects = Gauge(label: "plimsoll_reflector_objects", dimensions: labels)
        unreadable = Gauge(label: "plimsoll_reflector_unreadable_objects", dimensions: labels)
        synced = Gauge(label: "plimsoll_reflector_synced", dimensions: labels)
        undecodable.increment(by: 0)
    }

    func report(_ counters: ReflectorMachine.Counters, objects count: Int, unreadable unreadableCount: Int, isSynced: Bool) {
        lists.record(counters.lists)
        watches.record(counters.watches)
        shortWatches.record(counters.shortWatches)
        objects.record(count)
        unreadable.record(unreadableCount)
        synced.record(isSynced ? 1 : 0)
    }
}
