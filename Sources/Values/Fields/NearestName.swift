/// The name somebody meant who wrote another.
package enum NearestName {
    /// The candidate that differs least, if it differs little; nil where nothing is near.
    package static func of(_ text: String, among candidates: [String]) -> String? {
        let folded = Array(text.lowercased().utf8)
        // Text that long is nobody's misspelling, and its distance costs.
        guard folded.count <= 64 else { return nil }
        let ranked = candidates.map { (name: $0, distance: distance(folded, Array($0.lowercased().utf8))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= max(1, folded.count / 3) else { return nil }
        return best.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
