extension FieldType where Value == PromDuration {
    /// A duration in Prometheus notation, within bounds, which CEL checks too.
    package static func duration(_ range: ClosedRange<PromDuration>, example: String) -> FieldType {
        let what = "a duration from \(range.lowerBound) to \(range.upperBound)"
        let milliseconds = CEL.milliseconds("self")
        let rule = "\(milliseconds) >= \(range.lowerBound.milliseconds) && \(milliseconds) <= \(range.upperBound.milliseconds)"
        return parsed(
            min: 1, max: 20, .duration, what: what, example: example,
            validations: [CEL.validation(rule, message: "expected \(what), like \(example)")],
            read: { PromDuration($0).flatMap { range.contains($0) ? $0 : nil } }, write: \.description)
    }

    /// A duration that nothing reads yet.
    package static func duration(example: String) -> FieldType {
        parsed(min: 1, max: 20, .duration, what: "a duration", example: example, read: { PromDuration($0) }, write: \.description)
    }
}

extension FieldType where Value == Instant {
    /// A time in RFC 3339, written in whole seconds UTC.
    package static var instant: FieldType {
        let text = parsed(
            max: 40, nil, what: "a time in RFC 3339", example: "2026-01-31T12:00:00Z", read: { Instant(rfc3339: $0) }, write: \.secondsText)
        return FieldType(schema: { ["type": "string", "format": "date-time"] }, decode: text.decode, encode: text.encode)
    }
}

extension FieldType where Value == Percentage {
    /// A percentage of a pattern that bounds it.
    package static func percentage(_ pattern: FieldPattern, max: Int, example: String) -> FieldType {
        parsed(max: max, pattern, what: pattern.what, example: example, read: { Percentage($0) }, write: \.text)
    }
}

extension FieldType where Value == Factor {
    /// A factor of a pattern that bounds it.
    package static func factor(_ pattern: FieldPattern, max: Int, example: String) -> FieldType {
        parsed(max: max, pattern, what: pattern.what, example: example, read: { Factor($0) }, write: \.text)
    }
}

extension FieldPattern {
    /// From 0 % to 100 %, at most three digits after the point.
    package static let share = FieldPattern("^(100|[0-9]{1,2}(\\.[0-9]{1,3})?)%$", what: "a percentage from 0% to 100%") { text in
        guard text.utf8.last == UInt8(ascii: "%") else { return false }
        let digits = text.utf8.dropLast()
        if digits.elementsEqual("100".utf8) { return true }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let whole = parts.first, (1...2).contains(whole.count), parts.count <= 2, parts.allSatisfy({ $0.allSatisfy(isDigit) }) else {
            return false
        }
        return parts.count == 1 || (1...3).contains(parts[1].count)
    }

    /// A decimal number of at most 15 digits before and after the point.
    package static let decimal = FieldPattern("^-?[0-9]{1,15}(\\.[0-9]{1,15})?$", what: "a decimal number") { text in
        let parts = text.utf8.drop { $0 == UInt8(ascii: "-") }.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let signs = text.utf8.count - text.utf8.drop { $0 == UInt8(ascii: "-") }.count
        return signs <= 1 && (1...2).contains(parts.count) && parts.allSatisfy { (1...15).contains($0.count) && $0.allSatisfy(isDigit) }
    }

    /// Above 0 % and below 100 %, at most six digits after the point (trailing zeros aside).
    package static let properPercentage = FieldPattern(
        "^([1-9][0-9]?(\\.[0-9]{1,6})?|0\\.[0-9]{0,5}[1-9]0*)%$", what: "a percentage above 0% and below 100%"
    ) { text in
        guard text.utf8.last == UInt8(ascii: "%") else { return false }
        return isPositiveDecimal(text.utf8.dropLast(), wholeDigits: 2, fractionDigits: 6)
    }

    /// Above 0x and below 10000x, at most three digits after the point (trailing zeros aside).
    package static let positiveFactor = FieldPattern(
        "^([1-9][0-9]{0,3}(\\.[0-9]{1,3})?|0\\.[0-9]{0,2}[1-9]0*)x$", what: "a factor above 0x and below 10000x"
    ) { text in
        guard text.utf8.last == UInt8(ascii: "x") else { return false }
        return isPositiveDecimal(text.utf8.dropLast(), wholeDigits: 4, fractionDigits: 3)
    }

    /// Without sign, leading zeros or a bare point; more fraction digits only as trailing zeros of what is below one.
    private static func isPositiveDecimal(_ bytes: some BidirectionalCollection<UInt8>, wholeDigits: Int, fractionDigits: Int) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.allSatisfy(isDigit) else { return false }
        let zero = UInt8(ascii: "0")
        if whole.first != zero {
            guard whole.count <= wholeDigits else { return false }
            guard parts.count == 2 else { return true }
            return (1...fractionDigits).contains(parts[1].count) && parts[1].allSatisfy(isDigit)
        }
        guard whole.count == 1, parts.count == 2, parts[1].allSatisfy(isDigit), let last = parts[1].lastIndex(where: { $0 != zero }) else {
            return false
        }
        return parts[1].distance(from: parts[1].startIndex, to: last) < fractionDigits
    }
}
