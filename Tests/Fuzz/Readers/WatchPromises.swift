import KubeClient
import KubeModel
import PlimsollAPI
import Values

/// The stream's lines are the same wherever its chunks end, none is longer than the limit, and what a typed kind reads of an event the tree reads too.
///
/// The first byte chooses the chunks' sizes.
enum WatchPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        var generator = SeededGenerator(seed: UInt64(first))
        let whole = try lines([stream], limit: LineSplitter.defaultLimit)
        let cut = try lines(chunks(stream, &generator), limit: LineSplitter.defaultLimit)
        try promise(whole == cut, "the lines depend on where the chunks end")
        let short = 40
        do {
            var splitter = LineSplitter(limit: short)
            for chunk in chunks(stream, &generator) {
                let found = try splitter.push(chunk)
                try promise(found.allSatisfy { $0.count <= short && !$0.isEmpty }, "a line is empty, or longer than the limit")
            }
        } catch let broken as BrokenPromise {
            throw broken
        } catch {
            try promise(stream.split(separator: UInt8(ascii: "\n")).contains { $0.count > short }, "\(error), though no line is too long")
        }
        for line in whole ?? [] { try events(line) }
    }

    private static func chunks(_ stream: [UInt8], _ generator: inout SeededGenerator) -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let size = Int.random(in: 0...40, using: &generator)
            chunks.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return chunks
    }

    private static func lines(_ chunks: [[UInt8]], limit: Int) throws(BrokenPromise) -> [[UInt8]]? {
        var splitter = LineSplitter(limit: limit)
        var lines: [[UInt8]] = []
        for chunk in chunks {
            guard let more = try? splitter.push(chunk) else { return nil }
            lines += more
        }
        if let last = splitter.finish() { lines.append(last) }
        return lines
    }

    private static func events(_ line: [UInt8]) throws(BrokenPromise) {
        let tree = WatchEvent<JSON>.decode(line, resource: SLO.resource)
        let typed = WatchEvent<SLO>.decode(line, resource: SLO.resource)
        switch (tree, typed) {
        case (.added, .added), (.modified, .modified), (.deleted, .deleted), (.undecodable, .undecodable), (_, .undecodable): break
        case (.bookmark(let version, let isEnd), .bookmark(let other, let isOtherEnd)):
            try promise(version == other && isEnd == isOtherEnd && !version.isEmpty, "a bookmark is read as two")
        case (.error(let status), .error(let other)): try promise(status == other, "an error is read as two")
        default: throw BrokenPromise(sentence: "an event is \(tree) as a tree and \(typed) as an SLO")
        }
        if case .undecodable(let sentence) = typed { try promise(!sentence.isEmpty, "an unreadable event without a word") }
    }
}
