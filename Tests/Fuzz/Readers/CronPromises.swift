import Values

/// A cron expression that is taken has slots that agree forwards and backwards, in any zone and under any policy, and names fit for objects.
enum CronPromises {
    private static let zones = ["UTC", "Europe/Oslo", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"].compactMap {
        try? TimeZoneRules.load($0)
    }
    /// Before clocks change in one of the zones, and an ordinary day.
    private static let moments: [Instant] = [1_774_742_000, 1_793_000_000, 1_325_100_000, 1_541_280_000, 951_782_400, 4_102_444_800].map {
        Instant(seconds: $0)
    }

    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let expression = try? CronExpression(text) else { return }
        let number = bytes.reduce(0) { $0 &+ Int($1) }
        guard !zones.isEmpty, let gap = CronSchedule.Gap.allCases.element(number / 5), let fold = CronSchedule.Fold.allCases.element(number / 7)
        else { return }
        let schedule = CronSchedule(expression, in: zones[number % zones.count], gap: gap, fold: fold)
        let moment = moments[number / 3 % moments.count]
        guard let slot = schedule.next(after: moment) else {
            // Only what falls into a gap each time it could be due.
            return try promise(gap == .skip, "\(text) is never due")
        }
        try promise(slot.at > moment, "\(text): \(slot.at) is not after \(moment)")
        try promise(schedule.previous(atOrBefore: slot.at) == slot, "\(text): \(slot.at) is not its own predecessor")
        let before = schedule.previous(atOrBefore: Instant(microseconds: slot.at.microseconds - 1))
        try promise(
            before.map { $0.at <= moment } ?? true, "\(text): \(before.map { "\($0.at)" } ?? "") lies between \(moment) and its next, \(slot.at)")
        if let next = schedule.next(after: slot.at) { try promise(next.at > slot.at, "\(text): \(next.at) is not after \(slot.at)") }
        try promise(
            slot.name.utf8.count <= 63
                && slot.name.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-.".utf8.contains($0) }, "\(slot.name) is no name of an object")
    }
}

extension Array {
    fileprivate func element(_ number: Int) -> Element? { isEmpty ? nil : self[number % count] }
}
