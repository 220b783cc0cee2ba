/// Which sockets lead to which origin, and when each origin last sent anything. Pure.
struct ConnectionBook {
    private var origins: [Int32: String] = [:]
    private var lives: [String: MonotonicTime] = [:]

    mutating func opened(_ socket: Int32, origin: String) {
        origins[socket] = origin
    }

    /// False: not one of ours.
    mutating func closed(_ socket: Int32) -> Bool {
        guard let origin = origins.removeValue(forKey: socket) else { return false }
        if !origins.values.contains(origin) { lives[origin] = nil }
        return true
    }

    mutating func heard(from origin: String, at now: MonotonicTime) {
        lives[origin] = now
    }

    func life(of origin: String) -> MonotonicTime? { lives[origin] }

    func lives(_ origin: String, since time: MonotonicTime) -> Bool {
        lives[origin].map { $0 >= time } ?? false
    }

    func sockets(of origin: String) -> [Int32] {
        origins.filter { $0.value == origin }.map(\.key).sorted()
    }
}
