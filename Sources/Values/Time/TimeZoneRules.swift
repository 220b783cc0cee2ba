/// When the clocks of a place stood, stand and will stand how far from UTC: the transitions of its TZif file (RFC 8536), and the POSIX rule of the
/// file's footer for all time after them.
package struct TimeZoneRules: Sendable {
    /// How clocks stand for a while.
    struct LocalTime: Hashable {
        /// Seconds to add to UTC.
        let offset: Int
        let isDST: Bool
        let abbreviation: String
    }

    struct Transition {
        /// Seconds since 1970 UTC.
        let at: Int64
        /// Into `times`.
        let time: Int
    }

    /// The IANA name, such as `Europe/Oslo`.
    package let identifier: String
    /// The first is for all time before the first transition.
    let times: [LocalTime]
    /// In ascending order.
    let transitions: [Transition]
    /// For all time from the last transition on.
    let footer: PosixZone?

    /// How far local time is from UTC: seconds to add to UTC, whether it is daylight saving time, and what it is called (`CEST`).
    package func offset(at instant: Instant) -> (seconds: Int, isDST: Bool, abbreviation: String) {
        let time = localTime(at: instant.wholeSeconds)
        return (time.offset, time.isDST, time.abbreviation)
    }

    /// What the clocks show.
    package func local(at instant: Instant) -> CivilDateTime {
        let seconds = instant.wholeSeconds
        return CivilDateTime(secondsSinceEpoch: seconds.saturatingAdded(Int64(localTime(at: seconds).offset)))
    }

    /// When the clocks show a time, in order: once as a rule, never where they are put forward past it, twice where they are put back over it.
    package func instants(of local: CivilDateTime) -> [Instant] {
        let offsets = Set(times.map(\.offset) + (footer?.offsets ?? []))
        let seconds = offsets.map { (offset: $0, at: local.secondsSinceEpoch - Int64($0)) }
        return seconds.filter { localTime(at: $0.at).offset == $0.offset }.map { Instant(seconds: $0.at) }.sorted()
    }

    /// When the clocks are put forward past a time that they never show, and by how many seconds. Nil for a time that they show.
    func transition(over local: CivilDateTime) -> (at: Instant, seconds: Int64)? {
        guard instants(of: local).isEmpty else { return nil }
        // Offsets are within 26 hours of each other, and the first moment that shows a later time is the change.
        var low = local.secondsSinceEpoch - 27 * 3600
        var high = local.secondsSinceEpoch + 27 * 3600
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if self.local(at: Instant(seconds: middle)) > local { high = middle } else { low = middle }
        }
        return (Instant(seconds: high), Int64(localTime(at: high).offset - localTime(at: low).offset))
    }

    /// When a day begins: at midnight, or when the clocks are put forward past it.
    package func start(of date: CivilDate) -> Instant {
        guard let midnight = CivilDateTime(date) else { return .epoch }
        return instants(of: midnight).first ?? transition(over: midnight)?.at ?? .epoch
    }

    private func localTime(at seconds: Int64) -> LocalTime {
        // The first transition that is later.
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        if low == transitions.count, let footer { return footer.localTime(at: seconds) }
        return times[low == 0 ? 0 : transitions[low - 1].time]
    }
}
