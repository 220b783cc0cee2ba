/// Reading and writing YAML, to and from JSON trees.
package enum YAML {
    /// Reads a stream of documents; empty ones are left out.
    ///
    /// Scalars are read as kubectl reads them (see `YAMLScalar`). Anchors, aliases and merge keys work within bounds; the tags of the core schema too,
    /// others are refused by name. A key that comes twice in a mapping is an error.
    package static func parse(_ text: String, file: String = "<stdin>") throws(YAMLError) -> [YAMLDocument] {
        try parse(bytes: Array(text.utf8), file: file)
    }

    /// The same for bytes: UTF-8, or UTF-16 with a byte order mark.
    package static func parse(bytes: [UInt8], file: String = "<stdin>") throws(YAMLError) -> [YAMLDocument] {
        try YAMLEvents.read(bytes, file: file) { (events) throws(YAMLError) in
            var composer = YAMLComposer()
            return try composer.documents(&events, file: file)
        }
    }

    /// One document's text, in block style with the order of keys kept, ended by a line break. The same tree gives the same bytes. Strings are quoted
    /// where YAML 1.1 or 1.2 would take them for something else.
    package static func text(_ json: JSON) -> String {
        var writer = YAMLWriter()
        writer.document(json)
        return writer.text
    }
}
