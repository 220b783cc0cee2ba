import Testing
import Values

@Suite struct JSONReaderTests {
    private struct Item: Equatable {
        var name = ""
        var count: Int64 = 0
        var ratio = 0.0
        var ready: Bool?
        var labels: [String] = []
    }

    private func item(_ reader: inout JSONReader) throws -> Item {
        var item = Item()
        try reader.readObject { key, reader in
            switch key {
            case "name": item.name = try reader.readInternedString()
            case "count": item.count = try reader.readInt()
            case "ratio": item.ratio = try reader.readDouble()
            case "ready": item.ready = try reader.readNullIfPresent() ? nil : reader.readBool()
            case "labels":
                try reader.readObject { key, reader in item.labels.append("\(key)=\(try reader.readString())") }
            default: break
            }
        }
        return item
    }

    @Test func readsTypedValues() throws {
        let text = """
            {"kind": "List", "items": [
              {"name": "a name beyond fifteen bytes", "count": -9223372036854775808, "ratio": 0.25, "ready": true, "labels": {"a": "b", "app.kubernetes.io/name": "x"}},
              {"unknown": {"deep": [1, {"x": "}"}]}, "name": "a name beyond fifteen bytes", "ready": null, "ratio": -1e3, "count": 9223372036854775807}
            ], "metadata": {"resourceVersion": "1"}}
            """
        var items: [Item] = []
        try JSONReader.read(Array(text.utf8)) { reader in
            try reader.readObject { key, reader in
                guard key == "items" else { return }
                try reader.readArray { reader in items.append(try item(&reader)) }
            }
        }
        #expect(
            items == [
                Item(name: "a name beyond fifteen bytes", count: .min, ratio: 0.25, ready: true, labels: ["a=b", "app.kubernetes.io/name=x"]),
                Item(name: "a name beyond fifteen bytes", count: .max, ratio: -1000, ready: nil),
            ])
    }

    @Test(arguments: [
        (#"{"count": 1.5}"#, "expected a whole number, found 1.5 at byte 13"),
        (#"{"count": 9223372036854775808}"#, "9223372036854775808 is beyond 64 bits at byte 29"),
        (#"{"count": "1"}"#, "expected a number, found '\"' at byte 10"), (#"{"ratio": 1e999}"#, "1e999 is beyond the range of doubles at byte 15"),
        (#"{"name": null}"#, "expected a string, found 'n' at byte 9"), (#"{"ready": "yes"}"#, "expected a boolean, found '\"' at byte 10"),
        (#"{"labels": []}"#, "expected an object, found '[' at byte 11"), (#"[]"#, "expected an object, found '[' at byte 0"),
        (#"{"unknown": [1,,2]}"#, "expected a value, found ',' at byte 15"),
    ])
    func tellsWhatIsWrong(text: String, message: String) {
        #expect { try JSONReader.read(Array(text.utf8)) { try item(&$0) } } throws: { "\($0)" == message }
    }

    @Test func keyByKey() throws {
        let seen = try JSONReader.read(Array(#"{"a": [1, 2, [3]], "b": {"c": {}}, "d": "x"}"#.utf8)) { reader in
            var seen: [String] = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                seen.append("\(key) \(try reader.peek().rawValue)")
                if key == "a" {
                    try reader.beginArray()
                    while try reader.nextElement() { seen.append("element") }
                }
            }
            return seen
        }
        #expect(seen == ["a an array", "element", "element", "element", "b an object", "d a string"])
    }

    @Test func anItemThatCannotBeReadCanBeSkipped() throws {
        var names: [String] = []
        var bad = 0
        try JSONReader.read(Array(#"[{"name": "a"}, {"name": {"x": [1, true]}}, {"name": "c"}]"#.utf8)) { reader in
            try reader.readArray { reader in
                let mark = reader.mark()
                do {
                    names.append(try item(&reader).name)
                } catch {
                    bad += 1
                    reader.rewind(to: mark)
                    try reader.skipValue()
                }
            }
        }
        #expect(names == ["a", "c"])
        #expect(bad == 1)
    }

    @Test func readsOutOfRawMemoryAndSlices() throws {
        let bytes = Array(#"xx[1,2]"#.utf8)
        let sum = try bytes.withUnsafeBytes { buffer in
            try JSONReader.read(UnsafeRawBufferPointer(rebasing: buffer[2...])) { reader in
                var sum: Int64 = 0
                try reader.readArray { reader in sum += try reader.readInt() }
                return sum
            }
        }
        #expect(sum == 3)
        #expect(try JSON(parsing: bytes[2...]) == [1, 2])
        #expect(throws: JSONError.self) { try JSONReader.read(UnsafeRawBufferPointer(start: nil, count: 0)) { try $0.readInt() } }
    }

    @Test func skippingTellsWhereTheBytesAre() throws {
        let text = #" {"a" : {"b":[1, 2]} , "c":3}"#
        let bytes = Array(text.utf8)
        var range = 0..<0
        try JSONReader.read(bytes) { reader in
            try reader.readObject { key, reader in
                if key == "a" { range = try reader.skipValue() }
            }
        }
        #expect(String(decoding: bytes[range], as: UTF8.self) == #"{"b":[1, 2]}"#)
    }

    @Test func callsInAWrongOrderEndInErrors() {
        let bytes = Array(#"{"a": [1, {"b": 2}], "c": 3}"#.utf8)
        func expectError(_ body: (inout JSONReader) throws -> Void) {
            #expect(throws: JSONError.self) { try JSONReader.read(bytes, body) }
        }
        expectError { _ = try $0.nextKey() }
        expectError { _ = try $0.nextElement() }
        expectError { reader in
            try reader.beginObject()
            _ = try reader.nextElement()
            _ = try reader.readInt()
        }
        expectError { try $0.readObject { _, reader in try reader.beginArray() } }
        expectError { reader in
            try reader.readObject { _, reader in
                while try reader.nextKey() != nil {}
            }
        }
        expectError { reader in
            try reader.skipValue()
            try reader.skipValue()
        }
        expectError { reader in
            try reader.skipValue()
            _ = try reader.nextKey()
        }
    }

    /// Calls at random on documents that are right or wrong: an error may come, a trap may not.
    @Test(arguments: seeds)
    func randomCallsNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var bytes = random.json().bytes()
            if random.below(3) == 0, !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            try? JSONReader.read(bytes) { reader in
                var marks = [reader.mark()]
                for _ in 0..<60 {
                    do {
                        switch random.below(14) {
                        case 0: try reader.beginObject()
                        case 1: try reader.beginArray()
                        case 2, 3: _ = try reader.nextKey()
                        case 4, 5: _ = try reader.nextElement()
                        case 6: _ = try reader.readString()
                        case 7: _ = try reader.readInt()
                        case 8: _ = try reader.readDouble()
                        case 9: _ = try reader.readBool()
                        case 10: _ = try reader.readNullIfPresent()
                        case 11: try reader.skipValue()
                        case 12: marks.append(reader.mark())
                        default: _ = try reader.readJSON()
                        }
                    } catch {
                        #expect(error is JSONError)
                        if random.below(4) == 0 { reader.rewind(to: random.pick(marks)) }
                    }
                    #expect((0...bytes.count).contains(reader.offset))
                }
            }
        }
    }
}
