import CYAML

/// A place in the text, from 1; the column in characters.
struct YAMLMark {
    let line: Int
    let column: Int
}

/// What libyaml's parser tells.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, sequenceEnd, mappingEnd
        case alias(String)
        case scalar(String, isPlain: Bool)
        case sequenceStart, mappingStart
    }

    let kind: Kind
    /// In full, such as `tag:yaml.org,2002:str`.
    var tag: String?
    var anchor: String?
    let mark: YAMLMark
}

/// Reads events through libyaml. All unsafe code of the YAML part is here: the parser lives in memory of its own, since libyaml keeps pointers into it,
/// and can't outlive the bytes that `read` holds.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeBufferPointer<UInt8>
    private let file: String

    private init(_ input: UnsafeBufferPointer<UInt8>, file: String) throws(YAMLError) {
        parser = .allocate(capacity: 1)
        self.input = input
        self.file = file
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(position: SourcePosition(file: file, line: 1, column: 1), message: "no memory to read YAML")
        }
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// libyaml compares each `%TAG` with all before it; nobody needs more than a few.
    private static let mostDirectives = 1000

    static func read<T>(_ bytes: [UInt8], file: String, _ body: (inout YAMLEvents) throws(YAMLError) -> T) throws(YAMLError) -> T {
        let directive = Array("%TAG".utf8)
        let count = bytes.indices.count { bytes[$0] == directive[0] && bytes[$0...].starts(with: directive) }
        guard count <= mostDirectives else {
            throw YAMLError(position: SourcePosition(file: file, line: 1, column: 1), message: "more than \(mostDirectives) %TAG directives")
        }
        return try bytes.withUnsafeBufferPointer { (buffer) throws(YAMLError) -> T in
            var events = try YAMLEvents(buffer, file: file)
            return try body(&events)
        }
    }

    mutating func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw error() }
        defer { yaml_event_delete(&event) }
        let mark = Self.mark(event.start_mark)
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, mark: mark)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, mark: mark)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, mark: mark)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, mark: mark)
        case YAML_ALIAS_EVENT: return YAMLEvent(kind: .alias(Self.text(event.data.alias.anchor) ?? ""), mark: mark)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return YAMLEvent(
                kind: .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), tag: Self.text(scalar.tag), anchor: Self.text(scalar.anchor),
                mark: mark)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return YAMLEvent(kind: .sequenceStart, tag: Self.text(start.tag), anchor: Self.text(start.anchor), mark: mark)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return YAMLEvent(kind: .mappingStart, tag: Self.text(start.tag), anchor: Self.text(start.anchor), mark: mark)
        case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, mark: mark)
        default: return YAMLEvent(kind: .streamEnd, mark: mark)
        }
    }

    private static func mark(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(decodingCString: $0, as: UTF8.self) }
    }

    func error(_ message: String, at mark: YAMLMark) -> YAMLError {
        YAMLError(position: SourcePosition(file: file, line: mark.line, column: mark.column), message: message)
    }

    private func error() -> YAMLError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not readable"
        if parser.pointee.error == YAML_READER_ERROR {
            return error("\(problem); YAML is UTF-8 text without control characters", at: place(ofByte: Int(clamping: parser.pointee.problem_offset)))
        }
        let mark = Self.mark(parser.pointee.problem_mark)
        let begin = Int(clamping: parser.pointee.problem_mark.index)
        if problem.hasPrefix("found character that cannot start any token"), input.indices.contains(begin), input[begin] == UInt8(ascii: "\t") {
            return error("a tab can't indent YAML; use blanks", at: mark)
        }
        guard let context = parser.pointee.context.map({ String(cString: $0) }) else { return error(problem, at: mark) }
        let contextLine = Int(clamping: parser.pointee.context_mark.line) + 1
        return error("\(problem) \(context)\(contextLine == mark.line ? "" : " that begins in line \(contextLine)")", at: mark)
    }

    private func place(ofByte offset: Int) -> YAMLMark {
        let before = input.prefix(max(offset, 0))
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return YAMLMark(line: line, column: before[lineStart...].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 })
    }
}
