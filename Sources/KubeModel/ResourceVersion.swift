/// Order of two resource versions of one resource type.
///
/// Kubernetes made them comparable (`apimachinery/pkg/util/resourceversion`): decimal digits without leading zero, "0" is none;
/// the longer is the newer, then the greater text.
package enum ResourceVersion {
    package enum Order: Sendable {
        case older, same, newer
    }

    /// How `left` stands to `right`; nil where either is no resource version, and then nobody should wait for it.
    package static func order(_ left: String, _ right: String) -> Order? {
        guard isValid(left), isValid(right) else { return nil }
        let (l, r) = (left.utf8, right.utf8)
        if l.count != r.count { return l.count < r.count ? .older : .newer }
        if left == right { return .same }
        return l.lexicographicallyPrecedes(r) ? .older : .newer
    }

    /// Whether a cache at `cached` has seen a write that answered `written`; nil where that can't be told.
    package static func has(_ cached: String, reached written: String) -> Bool? {
        order(cached, written).map { $0 != .older }
    }

    package static func isValid(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "0") else { return false }
        return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
