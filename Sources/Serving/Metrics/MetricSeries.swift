import CoreMetrics
import Synchronization

/// One series of a registered metric: what its handle writes and a scrape reads.
protocol MetricSeries: AnyObject, Sendable {
    /// Appends the series' lines. `labels` is rendered text.
    func write(name: String, labels: String, to out: inout ExpositionText)
}

/// A Double in an atomic word.
struct AtomicDouble: ~Copyable, Sendable {
    private let bits: Atomic<UInt64>

    init(_ value: Double) { bits = .init(value.bitPattern) }

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let (done, original) = bits.weakCompareExchange(
                expected: seen, desired: (Double(bitPattern: seen) + amount).bitPattern, ordering: .relaxed)
            if done { return }
            seen = original
        }
    }
}

/// Serves both kinds of counter. Whole increments stay exact beside the fractional ones. A counter only rises: what is negative,
/// infinite or not a number is ignored.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<UInt64>(0)
    private let fractional = AtomicDouble(0)

    func increment(by amount: Int64) {
        if amount > 0 { whole.wrappingAdd(UInt64(amount), ordering: .relaxed) }
    }

    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { fractional.add(amount) }
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fractional.store(0)
    }

    func write(name: String, labels: String, to out: inout ExpositionText) {
        let whole = whole.load(ordering: .relaxed)
        let fractional = fractional.value
        out.sample(name, labels, fractional == 0 ? String(whole) : LabelText.number(Double(whole) + fractional))
    }
}

/// A value that goes up and down: swift-metrics' Meter and Gauge (a Recorder that doesn't aggregate).
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let current = AtomicDouble(0)

    func set(_ value: Int64) { current.store(Double(value)) }
    func set(_ value: Double) { current.store(value) }
    func increment(by amount: Double) { if amount.isFinite { current.add(amount) } }
    func decrement(by amount: Double) { if amount.isFinite { current.add(-amount) } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func write(name: String, labels: String, to out: inout ExpositionText) {
        out.sample(name, labels, LabelText.number(current.value))
    }
}

/// A distribution over fixed buckets: a Timer (in seconds) or an aggregating Recorder.
final class HistogramSeries: MetricSeries, TimerHandler, RecorderHandler {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }
    /// Ascending, without `+Inf`.
    private let bounds: [Double]
    // A lock, not atomics: a scrape must see buckets, sum and count of one moment.
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = .init(State(counts: .init(repeating: 0, count: bounds.count + 1)))
    }

    /// A clock that stepped back makes a negative time; it counts as none.
    func recordNanoseconds(_ duration: Int64) { record(Double(max(0, duration)) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    /// One value that is not a number would poison the sum for good, so it is ignored.
    func record(_ value: Double) {
        if value.isNaN { return }
        let slot = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[slot] += 1
            state.sum += value
        }
    }

    func write(name: String, labels: String, to out: inout ExpositionText) {
        let seen = state.withLock { $0 }
        let open = labels.isEmpty ? "{" : "\(labels.dropLast()),"
        var running: UInt64 = 0
        for (bound, count) in zip(bounds, seen.counts) {
            running += count
            out.sample("\(name)_bucket", "\(open)le=\"\(LabelText.number(bound))\"}", String(running))
        }
        running += seen.counts.last ?? 0
        out.sample("\(name)_bucket", "\(open)le=\"+Inf\"}", String(running))
        out.sample("\(name)_sum", labels, LabelText.number(seen.sum))
        out.sample("\(name)_count", labels, String(running))
    }
}
