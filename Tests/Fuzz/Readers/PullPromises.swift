import Values

/// Calls in any order end in an error, never in a trap or outside the input.
///
/// The first byte counts the calls (at most 63), the next ones choose them, the rest is the document.
enum PullPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard let first = bytes.first else { return }
        let calls = bytes.dropFirst().prefix(Int(first & 63))
        let document = Array(bytes.dropFirst(1 + calls.count))
        var strayed = false
        // What the calls throw is their right; where the reader then stands is what counts.
        try? JSONReader.read(document) { reader in
            var mark = reader.mark()
            for call in calls {
                make(call, &reader, &mark)
                if !(0...document.count).contains(reader.offset) || !(0...JSONReader.maximumDepth).contains(reader.depth) { strayed = true }
            }
        }
        try promise(!strayed, "the reader left its input, or its depth its bounds")
    }

    private static func make(_ call: UInt8, _ reader: inout JSONReader, _ mark: inout JSONReader.Mark) {
        switch call & 15 {
        case 0: _ = try? reader.peek()
        case 1: try? reader.beginObject()
        case 2: _ = try? reader.nextKey()
        case 3: try? reader.beginArray()
        case 4: _ = try? reader.nextElement()
        case 5: _ = try? reader.readString()
        case 6: _ = try? reader.readInternedString()
        case 7: _ = try? reader.readInt()
        case 8: _ = try? reader.readDouble()
        case 9: _ = try? reader.readBool()
        case 10: _ = try? reader.readNullIfPresent()
        case 11: _ = try? reader.skipValue()
        case 12: _ = try? reader.readJSON()
        case 13: mark = reader.mark()
        case 14: reader.rewind(to: mark)
        default: try? reader.readObject { _, reader in _ = try reader.readNumberText() }
        }
    }
}
