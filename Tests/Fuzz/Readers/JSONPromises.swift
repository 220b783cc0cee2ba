import Values

/// What is read is written back as it was, however it is written; and what is skipped is checked as if it were read.
enum JSONPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let tree = try? JSON(parsing: bytes)
        let skipped = (try? JSONReader.read(bytes) { reader in try reader.skipValue() }) != nil
        try promise(skipped == (tree != nil), "skipping says \(skipped ? "well-formed" : "malformed") where reading says the opposite")
        guard let tree else { return }
        try promise((try? JSON(parsing: tree.bytes())) == tree, "the text written is not read back as the same tree")
        try promise((try? JSON(parsing: tree.text(pretty: true))) == tree, "the indented text is not read back as the same tree")
        let sorted = tree.bytes(sortedKeys: true)
        let again = try? JSON(parsing: sorted)
        try promise(again == tree && again?.hashValue == tree.hashValue, "the sorted text is not read back as the same tree")
        try promise(again?.bytes(sortedKeys: true) == sorted, "equal trees give different sorted texts")
        try patches(from: tree[0] ?? .null, to: tree[1] ?? tree)
    }

    private static func patches(from: JSON, to: JSON) throws(BrokenPromise) {
        // RFC 7386 can't set a member to null.
        guard !hasNullMember(to) else { return }
        let patch = JSON.mergePatch(from: from, to: to)
        try promise(from.merged(patch: patch) == to, "the merge patch \(patch) does not turn \(from) into \(to)")
    }

    private static func hasNullMember(_ tree: JSON) -> Bool {
        switch tree {
        case .object(let members): members.contains { $0.value.isNull || hasNullMember($0.value) }
        case .array(let elements): elements.contains(where: hasNullMember)
        default: false
        }
    }
}
