package import Values

/// The course of one metric: its counters, and what follows from them.
package struct ClassicState: Sendable, Hashable {
    package private(set) var phase = ClassicPhase.pending
    package private(set) var successful = 0
    package private(set) var failed = 0
    package private(set) var inconclusive = 0
    package private(set) var errors = 0
    package private(set) var consecutiveErrors = 0
    package private(set) var consecutiveSuccesses = 0
    /// Of the last measurement that has ended.
    package private(set) var finishedAt: Instant?
    /// Of the last measurement, or why the phase is what it is.
    package private(set) var message = ""
    /// A measurement is under way.
    package internal(set) var isInFlight = false
    private var lastWasError = false

    /// After an error the next measurement comes so soon, whatever the interval.
    private static let errorRetry = PromDuration.seconds(10)

    package init() {}

    /// Measurements that count; errors don't.
    package var count: Int { successful + failed + inconclusive }

    var isGoodSoFar: Bool { successful > 0 && failed + inconclusive + consecutiveErrors == 0 }

    /// The end of a measurement.
    mutating func record(_ measured: ClassicPhase, message: String, at: Instant) {
        isInFlight = false
        finishedAt = at
        self.message = message
        lastWasError = measured == .error
        switch measured {
        case .successful: successful += 1
        case .failed: failed += 1
        case .inconclusive: inconclusive += 1
        case .error: errors += 1
        case .pending, .running: break
        }
        consecutiveErrors = measured == .error ? consecutiveErrors + 1 : 0
        consecutiveSuccesses = measured == .successful ? consecutiveSuccesses + 1 : 0
    }

    /// An answer that is no measurement: the next one comes after the interval.
    mutating func skip(at: Instant) {
        isInFlight = false
        finishedAt = at
        lastWasError = false
        message = "no data yet"
    }

    /// Argo's `assessMetricStatus`: once completed it does not change. Limits are judged in its order, in which a later one overrules an earlier one.
    ///
    /// Cautious where Argo passes in silence: a metric that is ended before its count is Successful only if it has no count and all it measured was good;
    /// and errors beyond their limit are no end, only as long as they last.
    mutating func assess(_ metric: ClassicMetric, isTerminating: Bool, _ semantics: ClassicSemantics) {
        let isFinal = phase.isCompleted && !(phase == .error && semantics == .cautious && !isTerminating)
        guard !isFinal else { return }
        phase = assessed(metric, isTerminating, semantics)
    }

    private mutating func assessed(_ metric: ClassicMetric, _ isTerminating: Bool, _ semantics: ClassicSemantics) -> ClassicPhase {
        if isInFlight { return .running }
        guard finishedAt != nil, count + errors > 0 else {
            guard isTerminating else { return finishedAt == nil ? .pending : .running }
            return terminated(metric, semantics)
        }
        var limit: ClassicPhase?
        if metric.failureLimit >= 0, failed > metric.failureLimit { limit = .failed }
        if inconclusive > metric.inconclusiveLimit { limit = .inconclusive }
        if consecutiveErrors > metric.consecutiveErrorLimit { limit = .error }
        if let limit { return limit }
        if metric.consecutiveSuccessLimit > 0, consecutiveSuccesses >= metric.consecutiveSuccessLimit { return .successful }
        if let total = metric.effectiveCount, count >= total {
            if metric.consecutiveSuccessLimit <= 0 { return .successful }
            return metric.failureLimit >= 0 ? .inconclusive : .failed
        }
        return isTerminating ? terminated(metric, semantics) : .running
    }

    private mutating func terminated(_ metric: ClassicMetric, _ semantics: ClassicSemantics) -> ClassicPhase {
        if semantics == .argo { return .successful }
        if metric.effectiveCount == nil, isGoodSoFar { return .successful }
        message = "it was ended before it had enough measurements"
        return .inconclusive
    }

    /// When the next measurement is due; nil where none is.
    func due(_ metric: ClassicMetric, runStart: Instant, _ semantics: ClassicSemantics) -> Instant? {
        let isOver = phase.isCompleted && !(phase == .error && semantics == .cautious)
        guard !isOver, !isInFlight else { return nil }
        guard let finishedAt else { return runStart.adding(metric.initialDelay) }
        if lastWasError { return finishedAt.adding(Self.errorRetry) }
        if let total = metric.effectiveCount, count >= total { return nil }
        return finishedAt.adding(metric.interval ?? Self.errorRetry)
    }
}
