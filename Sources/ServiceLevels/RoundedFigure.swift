import Values

/// Figures as status shows them: two digits, and steady. A shown figure stays until the true one has left its rounding interval by a good part, so that
/// one on an edge does not swing with every reading.
enum RoundedFigure {
    /// Parts of the last shown digit that the true figure may stray before another is shown; half of one is mere rounding.
    private static let play = 0.8
    private static let least = 0.1

    /// `72%`, `0.4%`, `-310%`; `share` is of one.
    static func percent(_ share: Double, shown: String?) -> String {
        let previous = shown.flatMap(Percentage.init).map(\.percent.doubleValue)
        return text(share * 100, previous: previous) + "%"
    }

    /// The measured share of a window: as any percentage from 90 % on, where a gap matters; below in steps of 5, as a young SLO's grows all the time.
    /// Zero means that nothing was measured.
    static func coverage(_ share: Double, shown: String?) -> String {
        let value = share * 100
        let before = shown.flatMap(Percentage.init)?.percent.doubleValue
        if value >= 90 || (value >= 89 && before ?? 0 >= 90) { return percent(share, shown: shown) }
        if let shown, let before, before < 90, before > 0 || value <= 0, abs(value - before) < 5 { return shown }
        return digits(max((value / 5).rounded(.down) * 5, value > 0 ? 1 : 0)) + "%"
    }

    /// `14x`, `0.3x`.
    static func factor(_ value: Double, shown: String?) -> String {
        let previous = shown.flatMap(Factor.init).map(\.value.doubleValue)
        return text(value, previous: previous) + "x"
    }

    private static func text(_ value: Double, previous: Double?) -> String {
        // Beyond any figure a person reads; keeps the arithmetic finite.
        let value = value.isFinite ? min(max(value, -999_999), 999_999) : 0
        if let previous, abs(value - previous) <= play * unit(min(abs(previous), abs(value))) { return digits(previous) }
        return digits(rounded(value))
    }

    /// The worth of the second digit: 10 from 100 on, 1 from 10 on, never less than a tenth.
    private static func unit(_ magnitude: Double) -> Double {
        var unit = least
        while magnitude >= unit * 99.5 { unit *= 10 }
        return unit
    }

    private static func rounded(_ value: Double) -> Double {
        let unit = unit(abs(value))
        return unit < 1 ? (value * 10).rounded() / 10 : (value / unit).rounded() * unit
    }

    private static func digits(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
        return (tenths < 0 ? "-" : "") + (rest == 0 ? "\(whole)" : "\(whole).\(rest)")
    }

    /// A forecast moment, as roughly as it is far away; a shown one stays while the new one is within that roughness of it.
    static func moment(_ at: Instant, in horizon: PromDuration, shown: Instant?) -> Instant {
        let grain: PromDuration =
            switch horizon {
            case ..<PromDuration.hours(1): .minutes(5)
            case ..<PromDuration.hours(6): .minutes(15)
            case ..<PromDuration.days(1): .hours(1)
            case ..<PromDuration.days(7): .hours(6)
            default: .days(1)
            }
        if let shown, abs(shown.since(at).milliseconds) <= grain.milliseconds { return shown }
        let micro = grain.milliseconds * 1000
        return Instant(microseconds: (at.microseconds + micro / 2) / micro * micro)
    }
}
