/// When something is due, as five fields of cron: minute, hour, day of month, month, day of week. Without zone: see `CronSchedule`.
///
/// The grammar is that of Kubernetes' CronJob: lists, ranges, steps, `?` for `*`, English names in any case, `@hourly` and its like; a `7` is Sunday
/// too, which Kubernetes refuses. Where day of month and day of week are both restricted, either suffices; a step above 1 restricts.
package struct CronExpression: Sendable, Hashable {
    /// Bits by value.
    let minutes: UInt64
    let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let anyDay: Bool
    private let anyWeekday: Bool
    /// Minute or hour begin with `*`: it is meant as "every so often", and follows real time when clocks change.
    let isRepeating: Bool
    /// As it was written.
    package let text: String

    /// Why a text is no cron expression, and what would be.
    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    private static let descriptors = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    package init(_ text: String) throws(Fault) {
        self.text = text
        var words = text.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { String(Substring($0)) }
        if let first = words.first, first.hasPrefix("@") {
            guard words.count == 1, let fields = Self.descriptors[first.lowercased()] else {
                throw Fault(
                    description: "is no descriptor known here; use five fields, or one of \(Self.descriptors.keys.sorted().joined(separator: ", "))")
            }
            words = fields.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
        }
        if let first = words.first, first.hasPrefix("TZ=") || first.hasPrefix("CRON_TZ=") {
            throw Fault(description: "must not name a zone; use the field timeZone")
        }
        guard words.count == 5 else {
            throw Fault(
                description:
                    "has \(words.count) fields; use five (minute, hour, day of month, month, day of week), such as \"0 3 * * 1-5\", or @daily")
        }
        minutes = try Field.minute.bits(words[0])
        hours = try Field.hour.bits(words[1])
        days = try Field.day.bits(words[2])
        months = try Field.month.bits(words[3])
        let weekdays = try Field.weekday.bits(words[4])
        self.weekdays = weekdays >> 7 & 1 | weekdays & 0x7F
        anyDay = Field.isAny(words[2])
        anyWeekday = Field.isAny(words[4])
        isRepeating = [words[0], words[1]].contains { $0.hasPrefix("*") || $0.hasPrefix("?") }
        guard canFire else { throw Fault(description: "is never due: none of its months has such a day") }
    }

    private var canFire: Bool {
        guard anyWeekday, !anyDay else { return true }
        return (1...12).contains { month in
            months >> UInt64(month) & 1 == 1 && (1...CivilDate.days(inMonth: month, of: 2000)).contains { days >> UInt64($0) & 1 == 1 }
        }
    }

    /// Whether it is due on that day at all.
    func includes(_ date: CivilDate) -> Bool {
        guard months >> UInt64(date.month) & 1 == 1 else { return false }
        let day = days >> UInt64(date.day) & 1 == 1
        let weekday = weekdays >> UInt64(date.weekday) & 1 == 1
        return anyDay || anyWeekday ? day && weekday : day || weekday
    }

    /// One of the five.
    private struct Field {
        let name: String
        let range: ClosedRange<Int>
        var names: [String] = []

        static let minute = Field(name: "minute", range: 0...59)
        static let hour = Field(name: "hour", range: 0...23)
        static let day = Field(name: "day of month", range: 1...31)
        static let month = Field(
            name: "month", range: 1...12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
        static let weekday = Field(name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

        static func isAny(_ text: String) -> Bool {
            text.split(separator: ",", omittingEmptySubsequences: false).contains { ["*", "?", "*/1", "?/1"].contains($0) }
        }

        func bits(_ text: String) throws(Fault) -> UInt64 {
            var bits: UInt64 = 0
            for item in text.split(separator: ",", omittingEmptySubsequences: false) { bits |= try self.item(item) }
            return bits
        }

        private func fault(_ item: Substring, _ message: String) -> Fault { Fault(description: "\(name) '\(item)' \(message)") }

        /// `*`, `5`, `1-5`, each with or without `/2`.
        private func item(_ item: Substring) throws(Fault) -> UInt64 {
            let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var step = 1
            if parts.count == 2 {
                guard let number = number(parts[1]), number > 0 else { throw fault(item, "has no step of 1 or more after its /") }
                step = number
            }
            // A * for weekdays ends at Saturday: its 7 would be Sunday once more, and out of step.
            let last = name == Self.weekday.name ? 6 : range.upperBound
            var span = range.lowerBound...last
            if !["*", "?"].contains(parts[0]) {
                let ends = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                guard let low = value(ends[0]) else { throw fault(item, "is none of \(range.lowerBound) to \(range.upperBound)\(nameHint)") }
                var high = parts.count == 2 ? max(last, low) : low
                if ends.count == 2 {
                    guard let end = value(ends[1]) else { throw fault(item, "does not end in \(range.lowerBound) to \(range.upperBound)\(nameHint)") }
                    high = end
                }
                guard low <= high else { throw fault(item, "ends before it begins") }
                span = low...high
            }
            return stride(from: span.lowerBound, through: span.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
        }

        private var nameHint: String { names.isEmpty ? "" : " or \(names[0]) to \(names[names.count - 1])" }

        private func value(_ text: Substring) -> Int? {
            if let index = names.firstIndex(of: text.lowercased()) { return index + (range.lowerBound == 1 ? 1 : 0) }
            guard let number = number(text), range.contains(number) else { return nil }
            return number
        }

        /// Digits alone: `Int` would take a sign.
        private func number(_ text: Substring) -> Int? {
            guard text.utf8.count <= 9, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
            return Int(text)
        }
    }
}

extension CronExpression: CustomStringConvertible {
    package var description: String { text }
}
