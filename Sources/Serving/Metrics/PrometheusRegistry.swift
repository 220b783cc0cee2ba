package import CoreMetrics
import Synchronization

/// The back end of swift-metrics that serves Prometheus's text format.
///
/// Names are taken as given (sanitised, nothing appended): a counter is named `..._total`, a timer `..._seconds`, and records seconds.
/// Handles with the same name and labels share one series. A handle that finds no place (its name is taken by another type, or the metric
/// has too many series) still works; what became of it shows in `plimsoll_metrics_refused_total`.
package final class PrometheusRegistry: MetricsFactory {
    package struct Limits: Sendable {
        /// Series a registered metric may have; all further label sets share one series labelled `overflow="true"`.
        package var seriesPerMetric = 2_000
        /// Samples a collected family may have; the rest is left out.
        package var samplesPerCollectedFamily = 250_000

        package init() {}
    }

    /// For web requests and API calls; a metric with other needs is described with its own.
    package static let defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    typealias Refusal = CollectedFamilies.Refusal

    struct State {
        var families: [String: RegisteredFamily] = [:]
        /// Which metric writes under a name: a histogram also owns its `_bucket`, `_sum` and `_count`.
        var owners: [String: String] = [:]
        var descriptions: [String: MetricDescription] = [:]
        var collectors: [(id: UInt64, collect: @Sendable () -> [MetricFamily])] = []
        var nextCollector: UInt64 = 0
        var refused: [Refusal: UInt64] = [:]
    }

    private let limits: Limits
    private let state = Mutex(State())

    package init(limits: Limits = .init()) { self.limits = limits }

    /// Help texts and buckets. They hold for metrics whose first value comes later.
    package func describe(_ descriptions: [MetricDescription]) {
        state.withLock { state in
            for description in descriptions { state.descriptions[LabelText.metricName(description.name)] = description }
        }
    }

    /// Adds a source of whole families, asked at every scrape, on the metrics' own thread. The returned number removes it.
    @discardableResult
    package func registerCollector(_ collect: @escaping @Sendable () -> [MetricFamily]) -> UInt64 {
        state.withLock { state in
            state.nextCollector += 1
            state.collectors.append((state.nextCollector, collect))
            return state.nextCollector
        }
    }

    package func removeCollector(_ id: UInt64) {
        state.withLock { state in state.collectors.removeAll { $0.id == id } }
    }

    // MARK: swift-metrics

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { _ in CounterSeries() }
    }

    package func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter) { _ in CounterSeries() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { _ in GaugeSeries() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate { return series(label, dimensions, .histogram) { HistogramSeries(bounds: $0) } }
        return series(label, dimensions, .gauge) { _ in GaugeSeries() }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram) { HistogramSeries(bounds: $0) }
    }

    package func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func series<S: MetricSeries>(
        _ name: String, _ labels: [(String, String)], _ type: RegisteredFamily.Kind, make: ([Double]) -> S
    ) -> S {
        let name = LabelText.metricName(name)
        let text = LabelText.render(labels)
        return state.withLock { state in
            if state.families[name] == nil, type.names(name).allSatisfy({ state.owners[$0] == nil }) {
                for owned in type.names(name) { state.owners[owned] = name }
                let buckets = state.descriptions[name]?.buckets ?? Self.defaultBuckets
                state.families[name] = .init(kind: type, bounds: Set(buckets.filter(\.isFinite)).sorted())
            }
            guard let family = state.families[name], family.kind == type else {
                state.refused[.init(metric: name, reason: .conflict), default: 0] += 1
                return make([])
            }
            if let known = family.series[text] as? S { return known }
            if family.series.count >= limits.seriesPerMetric {
                state.refused[.init(metric: name, reason: .cardinality), default: 0] += 1
                if let shared = family.overflow as? S { return shared }
                let shared = make(family.bounds)
                state.families[name]?.overflow = shared
                return shared
            }
            let new = make(family.bounds)
            state.families[name]?.series[text] = new
            return new
        }
    }

    /// The series goes from the next scrape on; handles still held write to nothing. An overflow series has many owners and stays.
    private func destroy(_ handler: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                if let entry = family.series.first(where: { $0.value === handler }) {
                    state.families[name]?.series[entry.key] = nil
                    return
                }
            }
        }
    }

    /// Takes all gauges' series out, for when what they told of is gone; whoever makes them anew sets them anew. Handles still held write to nothing.
    package func forgetGauges() {
        state.withLock { state in
            for (name, family) in state.families where family.kind == .gauge {
                state.families[name]?.series = [:]
                state.families[name]?.overflow = nil
            }
        }
    }

    // MARK: The scrape

    /// All there is, in the text format 0.0.4: metrics by name, series by label text, so that equal states give equal bytes.
    package func exposition() -> [UInt8] {
        let collectors = state.withLock { $0.collectors }
        // Outside the lock: a collector may itself make metrics.
        let handed = collectors.flatMap { $0.collect() }
        let (families, descriptions, taken) = state.withLock { state in (state.families, state.descriptions, state.owners) }
        var collected = CollectedFamilies(taken: taken, limit: limits.samplesPerCollectedFamily)
        for family in handed { collected.add(family) }
        let refusals = state.withLock { state in
            state.refused.merge(collected.refused, uniquingKeysWith: +)
            return state.refused
        }
        collected.addRefusals(refusals)

        var out = ExpositionText()
        for name in (Array(families.keys) + Array(collected.families.keys)).sorted() {
            if let family = families[name] {
                family.write(name: name, help: descriptions[name]?.help, to: &out)
            } else if let family = collected.families[name] {
                family.write(name: name, to: &out)
            }
        }
        return out.bytes
    }
}
