/// A cron expression by the clocks of a zone: which moments it means, forwards and backwards, exactly.
///
/// Clocks that change: what repeats (`*` in minute or hour) follows real time, so that a quarter of an hour stays one. A fixed time that the clocks
/// pass over is due right after the change, or skipped; one that they show twice is due the first time, or both times.
package struct CronSchedule: Sendable {
    /// What becomes of a fixed time that the clocks pass over.
    package enum Gap: String, Sendable, Hashable, CaseIterable {
        case runAtTransition = "RunAtTransition"
        case skip = "Skip"
    }

    /// What becomes of a fixed time that the clocks show twice.
    package enum Fold: String, Sendable, Hashable, CaseIterable {
        case firstOnly = "FirstOnly"
        case both = "Both"
    }

    /// A time at which something is due.
    package struct Slot: Sendable, Hashable {
        package let at: Instant
        /// What the expression means; the clocks may pass over it.
        package let wallClock: CivilDateTime
        /// The clocks show it for the second time.
        package let isRepeated: Bool
        /// IANA.
        package let zone: String

        /// By wall clock and zone, the same whoever computes it, and fit for the name of a Kubernetes object: `20261025-0230-europe.oslo`.
        package var name: String {
            let date = wallClock.date
            let zone = zone.lowercased().map { $0 == "/" ? "." : $0 == "_" ? "-" : $0 == "+" ? "plus" : String($0) }.joined()
            return "\(date.year.padded(4))\(date.month.padded(2))\(date.day.padded(2))-\(wallClock.hour.padded(2))\(wallClock.minute.padded(2))"
                + "\(isRepeated ? "b" : "")-\(zone)"
        }
    }

    package let expression: CronExpression
    package let zone: TimeZoneRules
    package let gap: Gap
    package let fold: Fold

    package init(_ expression: CronExpression, in zone: TimeZoneRules, gap: Gap = .runAtTransition, fold: Fold = .firstOnly) {
        self.expression = expression
        self.zone = zone
        self.gap = gap
        self.fold = fold
    }

    /// The 29th of February may be 8 years away, and fall into a gap that is skipped.
    private static let horizon = 366 * 40
    /// A longer one is no summer time but another calendar: no day was lost that a daily run belongs to.
    private static let longestGap: Int64 = 3 * 3600

    /// The first slot later than that; nil when there is none in 40 years.
    package func next(after instant: Instant) -> Slot? {
        var date = zone.local(at: instant).date.adding(days: -1)
        for _ in 0..<Self.horizon {
            if let slot = slots(on: date).first(where: { $0.at > instant }) { return slot }
            date = date.adding(days: 1)
        }
        return nil
    }

    /// The last slot no later than that; nil when there is none in 40 years.
    package func previous(atOrBefore instant: Instant) -> Slot? {
        var date = zone.local(at: instant).date.adding(days: 1)
        for _ in 0..<Self.horizon {
            if let slot = slots(on: date).last(where: { $0.at <= instant }) { return slot }
            date = date.adding(days: -1)
        }
        return nil
    }

    /// A day's, in order, one a moment.
    private func slots(on date: CivilDate) -> [Slot] {
        guard expression.includes(date) else { return [] }
        var slots: [Slot] = []
        for hour in 0..<24 where expression.hours >> UInt64(hour) & 1 == 1 { slots += self.slots(on: date, hour) }
        // Of what is due at one moment, a time that the clocks show comes before those that they pass over.
        let sorted = slots.enumerated().sorted { a, b in
            (a.element.at, isShown(a.element) ? 0 : 1, a.offset) < (b.element.at, isShown(b.element) ? 0 : 1, b.offset)
        }.map(\.element)
        return sorted.enumerated().filter { $0.offset == 0 || sorted[$0.offset - 1].at != $0.element.at }.map(\.element)
    }

    private func isShown(_ slot: Slot) -> Bool { zone.local(at: slot.at) == slot.wallClock }

    private func slots(on date: CivilDate, _ hour: Int) -> [Slot] {
        func clock(_ minute: Int) -> CivilDateTime? { CivilDateTime(date, hour: hour, minute: minute) }
        let minutes = (0..<60).filter { expression.minutes >> UInt64($0) & 1 == 1 }
        guard let first = clock(0), let last = clock(59) else { return [] }
        let (begins, ends) = (zone.instants(of: first), zone.instants(of: last))
        if begins.count == 1, ends.count == 1, ends[0].since(begins[0]) == .minutes(59) {
            return minutes.compactMap { minute in
                clock(minute).map { Slot(at: begins[0].adding(.minutes(Int64(minute))), wallClock: $0, isRepeated: false, zone: zone.identifier) }
            }
        }
        return minutes.flatMap { minute in clock(minute).map { slots(at: $0) } ?? [] }
    }

    private func slots(at clock: CivilDateTime) -> [Slot] {
        let instants = zone.instants(of: clock)
        func slot(_ at: Instant, isRepeated: Bool = false) -> Slot {
            Slot(at: at, wallClock: clock, isRepeated: isRepeated, zone: zone.identifier)
        }
        guard let first = instants.first else {
            guard gap == .runAtTransition, !expression.isRepeating, let (at, length) = zone.transition(over: clock), length <= Self.longestGap else {
                return []
            }
            return [slot(at)]
        }
        let isOnce = fold == .firstOnly && !expression.isRepeating
        return [slot(first)] + (isOnce ? [] : instants.dropFirst().map { slot($0, isRepeated: true) })
    }
}
