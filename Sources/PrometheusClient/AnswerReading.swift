import Glibc
import HTTPTransport
package import PrometheusModel
package import Values

/// Reads the parts of an answer's envelope that `PrometheusModel`'s decoders leave.
package enum AnswerReading {
    /// The `data` of an answer as a tree, for small answers. Throws `PrometheusAPIError` or `JSONError`.
    package static func data(_ body: [UInt8]) throws -> JSON {
        let answer = try JSON(parsing: body)
        if answer["status"]?.stringValue == "error" {
            throw PrometheusAPIError(type: answer["errorType"]?.stringValue ?? "", message: answer["error"]?.stringValue ?? "")
        }
        guard answer["status"]?.stringValue == "success", let data = answer["data"] else {
            throw JSONError(message: "expected an answer of Prometheus with status and data", offset: 0)
        }
        return data
    }

    /// The error that a body with a bad HTTP status says, if it is one of Prometheus's.
    package static func apiError(_ body: [UInt8]) -> PrometheusAPIError? {
        guard let answer = try? JSON(parsing: body), answer["status"]?.stringValue == "error", let type = answer["errorType"]?.stringValue else {
            return nil
        }
        return PrometheusAPIError(type: type, message: answer["error"]?.stringValue ?? "")
    }

    /// The warnings of an answer that is otherwise good.
    package static func warnings(_ body: [UInt8]) -> [String] {
        // Nearly all answers have none: a search is cheaper than a second pass.
        guard contains(body, Array("warnings\"".utf8)) else { return [] }
        let read = try? JSONReader.read(body) { reader in
            var warnings: [String] = []
            try reader.readObject { field, reader in
                guard field == "warnings", try reader.peek() == .array else { return }
                try reader.readArray { reader in warnings.append(BodySummary.oneLine(try reader.readString())) }
            }
            return warnings
        }
        return read ?? []
    }

    /// Whether `key`'s bytes occur in the body.
    package static func contains(_ body: [UInt8], _ key: [UInt8]) -> Bool {
        guard let first = key.first else { return true }
        return body.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            var at = 0
            // libc's search for one byte is the fastest there is; all comparisons stay within the buffer.
            while at + key.count <= bytes.count, let hit = memchr(start + at, Int32(first), bytes.count - at) {
                at = UnsafeRawPointer(hit) - start
                if at + key.count <= bytes.count, memcmp(hit, key, key.count) == 0 { return true }
                at += 1
            }
            return false
        }
    }

    /// Label sets, from `/api/v1/series`.
    package static func labelSets(_ body: [UInt8]) throws -> [[String: String]] {
        try list(body) { item in
            guard let object = item.objectValue else { return nil }
            var labels: [String: String] = [:]
            for (key, value) in object {
                guard let text = value.stringValue else { return nil }
                labels[key] = text
            }
            return labels
        }
    }

    package static func strings(_ body: [UInt8]) throws -> [String] { try list(body, \.stringValue) }

    private static func list<Item>(_ body: [UInt8], _ read: (JSON) -> Item?) throws -> [Item] {
        let data = try data(body)
        // VictoriaMetrics and Prometheus say null for an empty list.
        if data.isNull { return [] }
        guard let array = data.arrayValue else { throw JSONError(message: "expected data to be a list", offset: 0) }
        return try array.map { item in
            guard let value = read(item) else { throw JSONError(message: "an item of data has an unexpected shape: \(item.text())", offset: 0) }
            return value
        }
    }

    /// `15d`, `15d or 512MB`, `512MB` (nil) of `/api/v1/status/runtimeinfo`.
    static func retention(_ text: String) -> PromDuration? {
        text.split(separator: " ").first.flatMap { PromDuration(String($0)) }.flatMap { $0.isZero ? nil : $0 }
    }
}
