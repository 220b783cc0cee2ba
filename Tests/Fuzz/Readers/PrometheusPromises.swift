import PrometheusClient
import PrometheusModel
import Values

/// Answers of Prometheus, of servers that resemble it and of those that don't are read or refused in words.
enum PrometheusPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let isJSON = (try? JSON(parsing: bytes)) != nil
        let readings: [([UInt8]) throws -> Void] = [
            { bytes in _ = try QueryResult(decoding: bytes) }, { bytes in _ = try RulesResult(decoding: bytes) },
            { bytes in _ = try AlertInstance.decode(bytes) }, { bytes in _ = try AnswerReading.data(bytes) },
            { bytes in _ = try AnswerReading.labelSets(bytes) }, { bytes in _ = try AnswerReading.strings(bytes) },
        ]
        for (index, read) in readings.enumerated() {
            do {
                try read(bytes)
                try promise(isJSON, "reading \(index) takes what is no JSON")
            } catch let broken as BrokenPromise {
                throw broken
            } catch {
                try promise(!"\(error)".isEmpty, "reading \(index) refuses without a word")
            }
        }
        let none = try? RulesResult(decoding: bytes) { _ in false }
        try promise(none?.groups.isEmpty ?? true, "groups that nobody wanted")
        _ = AnswerReading.apiError(bytes)
        let warnings = AnswerReading.warnings(bytes)
        try promise(warnings.isEmpty || isJSON, "warnings of what is no JSON")
        let key = Array(bytes.suffix(3))
        try promise(AnswerReading.contains(bytes, key), "the end of the body is not found in it")
        let absent = bytes.prefix(5) + [0, 255, 0]
        try promise(AnswerReading.contains(bytes, Array(absent)) == find(absent, in: bytes), "the search is wrong")
    }

    private static func find(_ key: ArraySlice<UInt8>, in bytes: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: key) }
    }
}
