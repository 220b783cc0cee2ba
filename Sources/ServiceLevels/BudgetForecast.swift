import PlimsollAPI
package import Values

/// What becomes of a rolling budget when errors go on as they do now, and past days leave the window one by one.
package struct BudgetForecast: Sendable {
    /// When the budget will be gone.
    package struct Exhaustion: Sendable, Hashable {
        package let at: Instant
        /// At the most errors that the present count leaves likely.
        package let earliest: Instant
        /// At the fewest; nil where the budget then lasts.
        package let latest: Instant?
    }

    /// What the budget gains on the day when a bad one leaves the window.
    package struct Regain: Sendable, Hashable {
        package let from: CivilDate
        package let on: CivilDate
        /// Of the whole budget.
        package let share: Double
    }

    private let errors: Double
    private let allowed: Double
    private let recent: Double
    private let recentSeconds: Double
    private let sampled: Instant
    private let horizon: Double
    /// Seconds from now between which errors leave the window, in order.
    private let leaving: [(from: Double, to: Double, errors: Double)]

    /// 90 % between the two ends.
    private static let z = 1.645

    /// Nil where nothing can be said: no events, or a window beyond what is known by days.
    /// - Parameters:
    ///   - period: events of the whole window.
    ///   - recent: those of the last `recentWindow`.
    ///   - days: those of past days, the oldest first.
    package init?(
        budget: Double, window: PromDuration, period: EventCounts, recent: EventCounts, recentWindow: PromDuration, days: [PastDays.Day],
        sampled: Instant
    ) {
        guard window <= .days(Int64(PastDays.reach)), let errors = period.errors, let total = period.total, total > 0, budget > 0,
            let recentErrors = recent.errors
        else {
            return nil
        }
        self.errors = errors
        allowed = budget * total
        self.recent = recentErrors
        recentSeconds = recentWindow.seconds
        self.sampled = sampled
        horizon = window.seconds
        leaving = days.compactMap { day in
            guard let errors = day.counts.errors, errors > 0 else { return nil }
            let from = Double(day.date.daysSinceEpoch) * 86_400 + window.seconds - sampled.secondsSinceEpoch
            let to = from + 86_400
            // Part of the oldest day has left already.
            return to <= 0 ? nil : (from: max(0, from), to: to, errors: errors * min(1, to / 86_400))
        }
    }

    package var exhaustion: Exhaustion? {
        guard errors < allowed, let seconds = seconds(recent) else { return nil }
        let (middle, spread) = (recent + Self.z * Self.z / 2, Self.z * (recent + Self.z * Self.z / 4).squareRoot())
        func moment(_ seconds: Double) -> Instant { sampled.adding(PromDuration(milliseconds: Int64(seconds * 1000))) }
        return Exhaustion(
            at: moment(seconds), earliest: moment(self.seconds(middle + spread) ?? seconds), latest: self.seconds(max(0, middle - spread)).map(moment)
        )
    }

    /// When the errors in the window reach what is allowed, if as many come as in `recentSeconds`; nil when they don't within a window's length.
    private func seconds(_ count: Double) -> Double? {
        let pace = count / recentSeconds
        var now = 0.0
        var spent = errors
        let edges = Set(leaving.flatMap { [$0.from, $0.to] }.filter { $0 > 0 && $0 < horizon } + [horizon]).sorted()
        for edge in edges {
            let leaves = leaving.filter { $0.from < edge && $0.to > now }.reduce(0) { $0 + $1.errors / ($1.to - $1.from) }
            let slope = pace - leaves
            if slope > 0, spent + slope * (edge - now) >= allowed { return now + (allowed - spent) / slope }
            spent += slope * (edge - now)
            now = edge
        }
        return nil
    }

    /// The greatest gains to come, by date.
    package static func regains(budget: Double, window: PromDuration, total: Double, days: [PastDays.Day], sampled: Instant) -> [Regain] {
        guard window <= .days(Int64(PastDays.reach)), window.milliseconds.isMultiple(of: 86_400_000), total > 0 else { return [] }
        let length = Int(window.milliseconds / 86_400_000)
        let today = CivilDate(daysSinceEpoch: Int(sampled.wholeSeconds / 86_400))
        let gains = days.compactMap { day -> Regain? in
            let share = (day.counts.errors ?? 0) / (budget * total)
            let gain = Regain(from: day.date, on: day.date.adding(days: length), share: share)
            return share >= leastShare && gain.on >= today ? gain : nil
        }
        return gains.sorted { $0.share > $1.share }.prefix(SLOStatus.maximumRegains).sorted { $0.on < $1.on }
    }

    private static let leastShare = 0.02
}
