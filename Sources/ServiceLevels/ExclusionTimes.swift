import PlimsollAPI
import Values

/// The times that an SLO's exclusions leave out.
struct ExclusionTimes {
    struct Span: Hashable {
        let start: Instant
        let end: Instant
    }

    /// How many of one exclusion may lie in a week, or a day, that is written at once.
    private static let most = 8
    private static let ahead = 4

    private let exclusions: [(starts: CronSchedule, duration: PromDuration)]

    /// A moment's events come from the base window before it: what ends earlier would let the last failures in.
    /// - Throws: for a spec that validation would refuse.
    init(_ spec: SLOSpec, settings: RuleSettings) throws(RuleProblems) {
        var exclusions: [(CronSchedule, PromDuration)] = []
        for (index, exclusion) in spec.exclusions.enumerated() {
            do {
                exclusions.append((try exclusion.starts(), exclusion.duration + settings.baseWindow))
            } catch {
                let path: FieldPath = "spec.exclusions"
                throw RuleProblems([Problem(path.appending(index).appending("schedule"), "\(error)")])
            }
        }
        self.exclusions = exclusions.map { (starts: $0.0, duration: $0.1) }
    }

    /// Those around a moment, in order, and until when they will do. The same whenever it is asked within a week (a day, an hour, where a week has
    /// too many), so that a daemon that starts again finds the rules as it would write them.
    func spans(around now: Instant) -> (spans: [Span], until: Instant?) {
        var spans: Set<Span> = []
        var until: Instant?
        for (starts, duration) in exclusions {
            let own = Self.spans(starts, duration, now)
            spans.formUnion(own.spans)
            until = min(until ?? own.until, own.until)
        }
        return (spans.sorted { ($0.start, $0.end) < ($1.start, $1.end) }, until)
    }

    private static let cells: [PromDuration] = [.days(7), .days(1), .hours(1)]

    private static func spans(_ starts: CronSchedule, _ duration: PromDuration, _ now: Instant) -> (spans: [Span], until: Instant) {
        var found: [Span] = []
        var until = now
        for cell in cells {
            let length = cell.milliseconds * 1000
            let begin = Instant(microseconds: now.microseconds / length * length)
            until = begin.adding(cell)
            found = []
            // One that began before may last.
            var at = Instant(microseconds: begin.microseconds - duration.milliseconds * 1000)
            while let slot = starts.next(after: at), slot.at < until, found.count <= most || cell == cells.last {
                found.append(Span(start: slot.at, end: slot.at.adding(duration)))
                at = slot.at
            }
            if found.count <= most { break }
        }
        // Further ones, with which the rules hold on without the daemon.
        var at = max(found.last?.start ?? until, until.adding(.zero - .seconds(1)))
        for _ in 0..<ahead {
            guard let slot = starts.next(after: at) else { break }
            found.append(Span(start: slot.at, end: slot.at.adding(duration)))
            at = slot.at
        }
        return (found, until)
    }

    /// Whether any moment of the next five weeks counts.
    func leaveAnything(after now: Instant) -> Bool {
        var at = now
        while at < now.adding(.days(35)) {
            var end = at
            for (starts, duration) in exclusions {
                var from = Instant(microseconds: at.microseconds - duration.milliseconds * 1000)
                while let slot = starts.next(after: from), slot.at <= at {
                    end = max(end, slot.at.adding(duration))
                    from = slot.at
                }
            }
            if end == at { return true }
            at = end
        }
        return false
    }

    /// Those that touch a stretch of the past.
    func spans(from start: Instant, to end: Instant) -> [Span] {
        var spans: [Span] = []
        for (starts, duration) in exclusions {
            var at = Instant(microseconds: start.microseconds - duration.milliseconds * 1000)
            while let slot = starts.next(after: at), slot.at <= end {
                spans.append(Span(start: slot.at, end: slot.at.adding(duration)))
                at = slot.at
            }
        }
        return spans
    }

    /// A scalar: 0 within the spans and 1 else. It reads no series, so that nothing can take it away.
    static func factor(_ spans: [Span]) -> String {
        spans.map { "((time() <= bool \($0.start.wholeSeconds)) + (time() > bool \($0.end.wholeSeconds)))" }.joined(separator: " * ")
    }
}
