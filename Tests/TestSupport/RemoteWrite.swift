import HTTPTransport
package import Values

/// Prometheus's remote write protocol, version 0.1.0: samples, native histograms among them, brought to a real server.
///
/// The messages of prompb (`remote.proto`, `types.proto`) are written by field number, and snappy's block format has literals only, which it allows.
package enum RemoteWrite {
    package struct Series: Sendable {
        package var labels: [String: String]
        package var samples: [(time: Instant, value: Double)] = []
        package var histograms: [(time: Instant, value: NativeHistogram)] = []

        package init(_ name: String, _ labels: [String: String] = [:]) { self.labels = labels.merging(["__name__": name]) { $1 } }
    }

    /// - Parameter url: of the server, without a path.
    package static func send(_ series: [Series], to url: String) async throws {
        var request = Protobuf()
        for one in series { request.message(1, message(one)) }
        let client = HTTPClient(configuration: HTTPClientConfiguration(label: "remote-write", guardPolicy: .any))
        let answer: Result<HTTPResponse, any Error>
        do { answer = .success(try await client.send(post(request.bytes, url))) } catch { answer = .failure(error) }
        await client.shutdown()
        let response = try answer.get()
        guard response.status / 100 == 2 else {
            throw Missing("samples written to \(url): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
    }

    private static func post(_ message: [UInt8], _ url: String) -> HTTPRequest {
        HTTPRequest(
            method: "POST", url: "\(url)/api/v1/write",
            headers: [
                HTTPHeader("Content-Encoding", "snappy"), HTTPHeader("Content-Type", "application/x-protobuf"),
                HTTPHeader("X-Prometheus-Remote-Write-Version", "0.1.0"),
            ], body: snappy(message))
    }

    private static func message(_ series: Series) -> Protobuf {
        var message = Protobuf()
        for (name, value) in series.labels.sorted(by: { $0.key < $1.key }) {
            var label = Protobuf()
            label.text(1, name)
            label.text(2, value)
            message.message(1, label)
        }
        for (time, value) in series.samples {
            var sample = Protobuf()
            sample.double(1, value)
            sample.integer(2, milliseconds(time))
            message.message(2, sample)
        }
        for (time, value) in series.histograms { message.message(4, value.message(milliseconds(time))) }
        return message
    }

    private static func milliseconds(_ time: Instant) -> UInt64 { UInt64(clamping: time.microseconds / 1000) }

    /// The block format: the length, then pieces of at most 64 KiB as they are.
    private static func snappy(_ bytes: [UInt8]) -> [UInt8] {
        var block = Protobuf.varint(UInt64(bytes.count))
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(65_536)
            rest = rest.dropFirst(piece.count)
            // A literal whose length less one is in the two bytes that follow.
            let length = UInt16(piece.count - 1)
            block += [61 << 2, UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8)] + piece
        }
        return block
    }
}

/// A native histogram of values above zero.
package struct NativeHistogram: Sendable {
    /// Bounds are the powers of 2^(2^-schema).
    package let schema: Int
    private var counts: [Int: Int] = [:]
    private var sum = 0.0

    package init(schema: Int) { self.schema = schema }

    package mutating func observe(_ value: Double) {
        counts[index(value), default: 0] += 1
        sum += value
    }

    /// The bounds of the bucket that a value falls into; the upper belongs to it.
    package func bounds(around value: Double) -> (lower: Double, upper: Double) {
        let index = index(value)
        return (Self.power(index - 1, schema), Self.power(index, schema))
    }

    private func index(_ value: Double) -> Int {
        var index = 0
        while Self.power(index, schema) < value { index += 1 }
        while Self.power(index - 1, schema) >= value { index -= 1 }
        return index
    }

    private static func power(_ index: Int, _ schema: Int) -> Double {
        // 2^(index / 2^schema) by square roots, exact where it is a power of two.
        var root = 2.0
        for _ in 0..<schema { root = root.squareRoot() }
        let perDoubling = 1 << schema
        let whole = Int((Double(index) / Double(perDoubling)).rounded(.down))
        var power = 1.0
        for _ in 0..<(index - whole * perDoubling) { power *= root }
        return power * Double(sign: .plus, exponent: whole, significand: 1)
    }

    /// `prompb.Histogram`: buckets as runs of neighbours, each count as its difference from the one before.
    fileprivate func message(_ milliseconds: UInt64) -> Protobuf {
        var message = Protobuf()
        message.integer(1, UInt64(counts.values.reduce(0, +)))
        message.double(3, sum)
        message.signed(4, schema)
        message.double(5, 1e-128)
        message.integer(6, 0)
        var deltas = Protobuf()
        var spans: [(offset: Int, length: Int)] = []
        var (last, before): (Int?, Int) = (nil, 0)
        for (index, count) in counts.sorted(by: { $0.key < $1.key }) {
            let gap = index - (last.map { $0 + 1 } ?? 0)
            if last != nil, gap == 0 { spans[spans.count - 1].length += 1 } else { spans.append((gap, 1)) }
            deltas.bytes += Protobuf.varint(Protobuf.zigzag(count - before))
            (last, before) = (index, count)
        }
        for (offset, length) in spans {
            var span = Protobuf()
            span.signed(1, offset)
            span.integer(2, UInt64(length))
            message.message(11, span)
        }
        if !deltas.bytes.isEmpty { message.message(12, deltas) }
        message.integer(15, milliseconds)
        return message
    }
}

/// A message of protocol buffers, written field by field.
private struct Protobuf {
    var bytes: [UInt8] = []

    mutating func integer(_ field: Int, _ value: UInt64) { bytes += Self.varint(UInt64(field << 3)) + Self.varint(value) }
    mutating func signed(_ field: Int, _ value: Int) { integer(field, Self.zigzag(value)) }
    mutating func text(_ field: Int, _ value: String) { length(field, Array(value.utf8)) }
    mutating func message(_ field: Int, _ value: Protobuf) { length(field, value.bytes) }
    mutating func double(_ field: Int, _ value: Double) {
        bytes += Self.varint(UInt64(field << 3 | 1))
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    private mutating func length(_ field: Int, _ value: [UInt8]) {
        bytes += Self.varint(UInt64(field << 3 | 2)) + Self.varint(UInt64(value.count)) + value
    }

    static func zigzag(_ value: Int) -> UInt64 { UInt64(bitPattern: Int64(value << 1 ^ value >> 63)) }

    static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes): (UInt64, [UInt8]) = (value, [])
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }
}
