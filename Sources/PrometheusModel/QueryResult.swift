import Values

/// One series of an instant query's answer.
package struct VectorSample: Sendable, Hashable {
    package var metric: [String: String]
    /// Of the evaluation (not of the scrape), in seconds since 1970.
    package var timestamp: Double
    /// NaN where the sample is a native histogram.
    package var value: Double
    /// Of a native histogram, those that are not empty.
    package var buckets: [HistogramBucket]?

    package init(metric: [String: String], timestamp: Double, value: Double, buckets: [HistogramBucket]? = nil) {
        self.metric = metric
        self.timestamp = timestamp
        self.value = value
        self.buckets = buckets
    }
}

/// A bucket of a native histogram.
package struct HistogramBucket: Sendable, Hashable {
    package var lower: Double
    package var upper: Double
    package var count: Double

    package init(lower: Double, upper: Double, count: Double) {
        self.lower = lower
        self.upper = upper
        self.count = count
    }
}

/// One series over time.
package struct MatrixSeries: Sendable, Hashable {
    package struct Point: Sendable, Hashable {
        /// Seconds since 1970.
        package var timestamp: Double
        package var value: Double

        package init(timestamp: Double, value: Double) {
            self.timestamp = timestamp
            self.value = value
        }
    }

    package var metric: [String: String]
    package var points: [Point]

    package init(metric: [String: String], points: [Point]) {
        self.metric = metric
        self.points = points
    }
}

/// What a query answered.
package enum QueryResult: Sendable, Hashable {
    case vector([VectorSample])
    case matrix([MatrixSeries])
    case scalar(timestamp: Double, value: Double)
    case string(timestamp: Double, value: String)

    /// The samples of a vector; `nil` for other results.
    package var vector: [VectorSample]? {
        if case .vector(let samples) = self { samples } else { nil }
    }

    /// The series of a matrix; `nil` for other results.
    package var matrix: [MatrixSeries]? {
        if case .matrix(let series) = self { series } else { nil }
    }
}

/// An answer of Prometheus's HTTP API that says `"status":"error"`.
package struct PrometheusAPIError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Prometheus's own: `bad_data`, `timeout`, `execution`, `internal`, `unavailable`, `not_found`, `canceled`.
    package let type: String
    package let message: String

    package init(type: String, message: String) {
        self.type = type
        self.message = message
    }

    package var description: String { "\(type): \(message)" }
}

extension QueryResult {
    /// Reads the body of `/api/v1/query` or `/api/v1/query_range`.
    ///
    /// Throws `PrometheusAPIError` when the server says so, and `JSONError` when the body is not what Prometheus sends.
    package init(decoding body: [UInt8]) throws {
        self = try PrometheusEnvelope.decode(body) { (reader: inout JSONReader) in
            var type: String?
            var result: QueryResult?
            var waiting: JSONReader.Mark?
            try reader.readObject { key, reader in
                switch key {
                case "resultType": type = try reader.readString()
                case "result":
                    // Prometheus sends the type first; others may not.
                    if let type { result = try Self.read(type, &reader) } else { waiting = reader.mark() }
                default: break
                }
            }
            if result == nil, let type, let waiting {
                let end = reader.mark()
                reader.rewind(to: waiting)
                result = try Self.read(type, &reader)
                reader.rewind(to: end)
            }
            guard let result else { throw reader.error("expected an object with resultType and result") }
            return result
        }
    }

    private static func read(_ type: String, _ reader: inout JSONReader) throws -> QueryResult {
        switch type {
        case "vector":
            var samples: [VectorSample] = []
            try reader.readArray { reader in
                var metric: [String: String] = [:]
                var point: MatrixSeries.Point?
                var buckets: [HistogramBucket]?
                try reader.readObject { key, reader in
                    switch key {
                    case "metric": metric = try readLabels(&reader)
                    case "value": point = try readPoint(&reader)
                    case "histogram":
                        let (timestamp, found) = try readHistogram(&reader)
                        (point, buckets) = (MatrixSeries.Point(timestamp: timestamp, value: .nan), found)
                    default: break
                    }
                }
                if let point { samples.append(VectorSample(metric: metric, timestamp: point.timestamp, value: point.value, buckets: buckets)) }
            }
            return .vector(samples)
        case "matrix":
            var series: [MatrixSeries] = []
            try reader.readArray { reader in
                var one = MatrixSeries(metric: [:], points: [])
                try reader.readObject { key, reader in
                    switch key {
                    case "metric": one.metric = try readLabels(&reader)
                    case "values": try reader.readArray { one.points.append(try readPoint(&$0)) }
                    default: break
                    }
                }
                series.append(one)
            }
            return .matrix(series)
        case "scalar":
            let point = try readPoint(&reader)
            return .scalar(timestamp: point.timestamp, value: point.value)
        case "string":
            let (timestamp, text) = try readPair(&reader)
            return .string(timestamp: timestamp, value: text)
        default: throw reader.error("expected a vector, matrix, scalar or string, found a result of type \(type)")
        }
    }

    private static func readPoint(_ reader: inout JSONReader) throws -> MatrixSeries.Point {
        let (timestamp, text) = try readPair(&reader)
        guard let value = number(text) else { throw reader.error("expected a number in quotes, found \"\(text)\"") }
        return MatrixSeries.Point(timestamp: timestamp, value: value)
    }

    /// `[time, {"count": "7", "sum": "1.5", "buckets": [[0, "0.25", "0.5", "7"]]}]`
    private static func readHistogram(_ reader: inout JSONReader) throws -> (timestamp: Double, buckets: [HistogramBucket]) {
        var timestamp: Double?
        var buckets: [HistogramBucket] = []
        try reader.readArray { reader in
            guard timestamp != nil else {
                timestamp = try reader.readDouble()
                return
            }
            try reader.readObject { key, reader in
                if key == "buckets" { try reader.readArray { buckets.append(try readBucket(&$0)) } }
            }
        }
        guard let timestamp else { throw reader.error("expected [time, {count, sum, buckets}]") }
        return (timestamp, buckets)
    }

    /// `[which ends are in it, "lower", "upper", "count"]`
    private static func readBucket(_ reader: inout JSONReader) throws -> HistogramBucket {
        var texts: [String?] = []
        try reader.readArray { reader in try texts.append(texts.isEmpty ? nil : reader.readString()) }
        let numbers = texts.compactMap { $0.flatMap(number) }
        guard texts.count == 4, numbers.count == 3 else { throw reader.error("expected a bucket: [0, \"lower\", \"upper\", \"count\"]") }
        return HistogramBucket(lower: numbers[0], upper: numbers[1], count: numbers[2])
    }

    private static func readPair(_ reader: inout JSONReader) throws -> (Double, String) {
        var timestamp: Double?
        var text: String?
        try reader.readArray { reader in
            if timestamp == nil {
                timestamp = try reader.readDouble()
            } else if text == nil {
                text = try reader.readString()
            }
        }
        guard let timestamp, let text else { throw reader.error("expected [time, \"value\"]") }
        return (timestamp, text)
    }

    static func readLabels(_ reader: inout JSONReader) throws -> [String: String] {
        var labels: [String: String] = [:]
        try reader.readObject { key, reader in labels[key] = try reader.readInternedString() }
        return labels
    }

    /// A sample's value as Prometheus prints it, `NaN`, `+Inf` and `-Inf` included.
    static func number(_ text: String) -> Double? {
        switch text {
        case "NaN": .nan
        case "+Inf", "Inf": .infinity
        case "-Inf": -.infinity
        default: Double(text)
        }
    }
}

/// The envelope of every answer of the API: status, data, error.
enum PrometheusEnvelope {
    static func decode<T>(_ body: [UInt8], _ data: (inout JSONReader) throws -> T) throws -> T {
        try JSONReader.read(body) { reader in
            var status: String?
            var errorType = ""
            var message = ""
            var result: T?
            var failure: (any Error)?
            try reader.readObject { key, reader in
                switch key {
                case "status": status = try reader.readString()
                case "errorType": errorType = try reader.readString()
                case "error": message = try reader.readString()
                case "data":
                    if try reader.readNullIfPresent() { return }
                    // An error may come with data of any shape: what counts is the status, which may follow.
                    let mark = reader.mark()
                    do {
                        result = try data(&reader)
                    } catch {
                        failure = error
                        reader.rewind(to: mark)
                        try reader.skipValue()
                    }
                default: break
                }
            }
            if status == "error" { throw PrometheusAPIError(type: errorType, message: message) }
            if let failure { throw failure }
            guard status == "success", let result else { throw reader.error("expected an answer of Prometheus with status and data") }
            return result
        }
    }
}
