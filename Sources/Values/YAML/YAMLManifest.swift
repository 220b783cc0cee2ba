extension YAML {
    /// Reads a manifest: YAML, or JSON, which is nearly YAML.
    ///
    /// libyaml refuses JSON's escaped surrogate pairs ("\\ud83d\\ude00"), so that in JSON they are written out before. Columns behind one on the
    /// same line are then less by its length.
    package static func parseManifest(bytes: [UInt8], file: String = "<stdin>") throws(YAMLError) -> [YAMLDocument] {
        let start = bytes.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let next = start.dropFirst().first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let isNamedJSON = file.hasSuffix(".json")
        guard isNamedJSON || start.first == UInt8(ascii: "{") else { return try parse(bytes: bytes, file: file) }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: bytes)
        } catch {
            let malformed = YAMLError(position: position(ofByte: error.offset, in: bytes, file: file), message: "malformed JSON: \(error.message)")
            guard !isNamedJSON else {
                guard start.isEmpty else { throw malformed }
                return []
            }
            // A flow mapping is YAML and begins like this too.
            do throws(YAMLError) {
                return try parse(bytes: bytes, file: file)
            } catch let asYAML {
                throw next == UInt8(ascii: "\"") ? malformed : asYAML
            }
        }
        // Read as YAML for the places of values and for keys that come twice only: YAML folds some characters that JSON keeps, such as U+0085.
        var places = YAMLPlace(YAMLMark(line: 1, column: 1))
        do throws(YAMLError) {
            let documents = try parse(bytes: writingOutPairs(bytes), file: file)
            if let only = documents.first, documents.count == 1 { places = only.places }
        } catch {
            guard !error.message.contains("a second time") else { throw error }
        }
        return [YAMLDocument(json: json, file: file, places: places)]
    }

    /// Well-formed JSON with each escaped surrogate pair replaced by its character.
    private static func writingOutPairs(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            // Backslashes are in strings only, and escape what follows them.
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                text.append(bytes[index])
                index += 1
                continue
            }
            if let high = escaped(bytes, index), (0xD800..<0xDC00).contains(high), let low = escaped(bytes, index + 6),
                (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            {
                text += Array(String(Character(scalar)).utf8)
                index += 12
            } else {
                text += bytes[index...(index + 1)]
                index += 2
            }
        }
        return text
    }

    /// The code unit that `\\uXXXX` at an index stands for.
    private static func escaped(_ bytes: [UInt8], _ index: Int) -> UInt32? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else { return nil }
        return UInt32(String(decoding: bytes[(index + 2)..<(index + 6)], as: UTF8.self), radix: 16)
    }

    private static func position(ofByte offset: Int, in bytes: [UInt8], file: String) -> SourcePosition {
        let before = bytes.prefix(max(offset, 0))
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return SourcePosition(file: file, line: line, column: before[lineStart...].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 })
    }
}
