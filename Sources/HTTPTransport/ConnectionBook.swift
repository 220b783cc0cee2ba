/// Which sockets lead to which origin, and when each origin last sent anything. Pure.
///
/// libcurl 7.88 tells of the end of established connections only; a socket whose connecting failed or was cancelled it closes in silence,
/// and the number may belong to someone else a moment later. So each entry carries the socket's identity, to be compared before use.
struct ConnectionBook {
    private struct Entry {
        let origin: String
        let identity: UInt64
    }

    private var entries: [Int32: Entry] = [:]
    private var lives: [String: MonotonicTime] = [:]

    /// - Parameter identity: the socket's inode.
    /// - Returns: how many entries this replaced, which were closed in silence.
    mutating func opened(_ socket: Int32, identity: UInt64, origin: String) -> Int {
        entries.updateValue(Entry(origin: origin, identity: identity), forKey: socket) == nil ? 0 : 1
    }

    /// - Returns: whether the socket was known.
    mutating func closed(_ socket: Int32) -> Bool {
        guard let entry = entries.removeValue(forKey: socket) else { return false }
        forget(entry.origin)
        return true
    }

    /// Takes out the sockets that are no longer what they were.
    /// - Parameter identity: what the number stands for now; nil for nothing.
    /// - Returns: how many those were.
    mutating func prune(identity: (Int32) -> UInt64?) -> Int {
        let stale = entries.filter { identity($0.key) != $0.value.identity }
        for (socket, entry) in stale {
            entries[socket] = nil
            forget(entry.origin)
        }
        return stale.count
    }

    mutating func heard(from origin: String, at now: MonotonicTime) {
        lives[origin] = now
    }

    func life(of origin: String) -> MonotonicTime? { lives[origin] }

    func lives(_ origin: String, since time: MonotonicTime) -> Bool {
        lives[origin].map { $0 >= time } ?? false
    }

    func sockets(of origin: String) -> [Int32] {
        entries.filter { $0.value.origin == origin }.map(\.key).sorted()
    }

    private mutating func forget(_ origin: String) {
        if !entries.values.contains(where: { $0.origin == origin }) { lives[origin] = nil }
    }
}
