extension JSON {
    /// This value with an RFC 7386 merge patch applied: members of an object are merged, `null` removes, anything else replaces.
    package func merged(patch: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var result = objectValue ?? JSONObject()
        for (key, change) in changes {
            // Optional.none: a bare nil could be taken for the literal of JSON's null.
            result[key] = change.isNull ? JSON?.none : (result[key] ?? .null).merged(patch: change)
        }
        return .object(result)
    }

    /// The RFC 7386 patch that turns `from` into `to`: the members that differ, `null` for those that go, arrays whole.
    ///
    /// `from.merged(patch: mergePatch(from: from, to: to)) == to`, unless `to` holds a member that is `null`: a merge patch can't set one, and gives
    /// an object without it.
    package static func mergePatch(from: JSON, to: JSON) -> JSON {
        guard case .object(let old) = from, case .object(let new) = to else { return to }
        var patch = JSONObject()
        for (key, _) in old where new[key] == nil { patch[key] = .null }
        for (key, value) in new {
            guard let before = old[key] else {
                patch[key] = value
                continue
            }
            if before != value { patch[key] = mergePatch(from: before, to: value) }
        }
        return .object(patch)
    }
}
