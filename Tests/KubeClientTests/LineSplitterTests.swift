import Testing
import Values

@testable import KubeClient

@Suite struct LineSplitterTests {
    static func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }

    static func split(_ chunks: [[UInt8]]) throws -> [String] {
        var splitter = LineSplitter()
        var lines: [String] = []
        for chunk in chunks { lines += try splitter.push(chunk).map(text) }
        if let rest = splitter.finish() { lines.append(text(rest)) }
        return lines
    }

    @Test func bordersAnywhere() throws {
        #expect(try Self.split([Array("a\nb\n".utf8)]) == ["a", "b"])
        #expect(try Self.split([Array("a".utf8), Array("b".utf8), Array("\n".utf8), Array("\nc".utf8)]) == ["ab", "c"])
        #expect(try Self.split([Array("a\r".utf8), Array("\nb\r\n\r\n".utf8)]) == ["a", "b"])
        #expect(try Self.split([[], Array("\n\n".utf8), []]) == [])
    }

    @Test(arguments: 0..<50) func anyChunkingGivesTheSameLines(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            for _ in 0..<Int.random(in: 0...30, using: &random) { bytes.append(UInt8.random(in: 0x20...0xFF, using: &random)) }
            bytes += Bool.random(using: &random) ? [0x0A] : [0x0D, 0x0A]
        }
        for _ in 0..<Int.random(in: 0...5, using: &random) { bytes.append(UInt8(ascii: "z")) }
        let expected = bytes.split(separator: 0x0A).map { $0.last == 0x0D ? Array($0.dropLast()) : Array($0) }.filter { !$0.isEmpty }
        for _ in 0..<10 {
            var splitter = LineSplitter()
            var lines: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...min(17, rest.count), using: &random)
                lines += try splitter.push(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            if let last = splitter.finish() { lines.append(last) }
            #expect(lines == expected, "seed \(seed)")
        }
    }

    @Test func boundsALine() throws {
        var splitter = LineSplitter(limit: 4)
        #expect(try splitter.push(Array("abcd\n".utf8)).count == 1)
        #expect(try splitter.push(Array("abcd".utf8)).isEmpty)
        #expect(throws: LineSplitter.LineTooLong(limit: 4)) { try splitter.push(Array("e".utf8)) }
        var inOnePiece = LineSplitter(limit: 4)
        #expect(throws: LineSplitter.LineTooLong(limit: 4)) { try inOnePiece.push(Array("abcde\n".utf8)) }
    }
}
