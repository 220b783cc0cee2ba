import Values

/// A support bundle in the making: files without secrets, and why others could not be had.
struct Bundle {
    /// No single file is larger; the rest is cut off.
    private static let largest = 32 << 20

    private let folder: String
    private let redaction: Redaction
    private let created: Instant
    private var archive: TarArchive
    private var contents: [JSON] = []
    private var missing: [JSON] = []

    init(created: Instant, redaction: Redaction) {
        folder = "plimsoll-support-" + String(created.secondsText.utf8.map { Character(Unicode.Scalar($0)) }.filter { $0 != ":" })
        self.created = created
        self.redaction = redaction
        archive = TarArchive(modified: created)
    }

    /// Adds a text.
    mutating func add(_ name: String, _ what: String, text: String) { add(name, what, redacted: redaction.bytes(Array(text.utf8))) }

    /// Adds what a server sent; as a tree, where it is one by its name.
    mutating func add(_ name: String, _ what: String, bytes: [UInt8]) {
        if name.hasSuffix(".json"), let json = try? JSON(parsing: bytes) { return add(name, what, json: json) }
        add(name, what, redacted: redaction.bytes(bytes))
    }

    /// Adds a tree: there secrets are known by their fields' names too.
    mutating func add(_ name: String, _ what: String, json: JSON) {
        // Known ones may lie where the tree has no text: in a number, or across an escape.
        add(name, what, redacted: redaction.withoutKnown(redaction.json(json).bytes() + [0x0A]))
    }

    /// Notes what could not be had.
    mutating func miss(_ name: String, _ why: String) {
        missing.append(["name": .string(name), "why": .string(redaction.text(why))])
    }

    private mutating func add(_ name: String, _ what: String, redacted: [UInt8]) {
        let isCut = redacted.count > Self.largest
        guard archive.add("\(folder)/\(name)", Array(redacted.prefix(Self.largest))) else {
            return miss(name, "the name can't be stored in a tar archive")
        }
        var entry: JSON = ["name": .string(name), "what": .string(what), "bytes": .int(min(redacted.count, Self.largest))]
        if isCut { entry["cutOffAt"] = .int(Self.largest) }
        contents.append(entry)
    }

    var isComplete: Bool { missing.isEmpty }
    var missingNames: [String] { missing.compactMap { $0["name"]?.stringValue } }

    /// The archive, with a `manifest.json` of what is inside and what is not.
    func finished() -> [UInt8] {
        let manifest: JSON = [
            "plimsoll": .string(PlimsollVersion.text), "created": .string(created.secondsText),
            "redaction": .string(
                "Secrets were never asked for. Tokens, passwords, private keys, credentials in URLs and environment variables' values were replaced by "
                    + Redaction.mark + "."),
            "files": .array(contents), "missing": .array(missing),
        ]
        var whole = archive
        whole.add("\(folder)/manifest.json", manifest.bytes() + [0x0A])
        return whole.bytes
    }
}
