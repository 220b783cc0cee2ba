/// An answer's body on its way through the proxy, and what a fault makes of it. A value without I/O.
struct FaultyBody: Sendable {
    enum Step: Sendable, Equatable {
        /// Send these bytes as a chunk of their own.
        case chunk([UInt8])
        /// Break the connection off.
        case cut
        /// End the body in good order.
        case end
        /// Send nothing any more, and leave the connection as it is.
        case stall
    }

    private let fault: Fault?
    /// The fault has done to the body what it is there for.
    private(set) var hasStruck = false
    private var bytes = 0
    private var lines = 0
    private var isOver = false

    init(_ fault: Fault?) { self.fault = fault }

    /// What to do before the server has sent anything.
    mutating func begin() -> [Step] { strike() }

    /// What becomes of some bytes of the body.
    mutating func push(_ chunk: [UInt8]) -> [Step] {
        guard !isOver else { return [] }
        switch fault {
        case .split(let size):
            if chunk.count > size { hasStruck = true }
            return stride(from: 0, to: chunk.count, by: max(1, size)).map { .chunk(Array(chunk[$0..<min($0 + max(1, size), chunk.count)])) }
        case .cutBody(let limit), .truncateBody(let limit):
            let rest = limit - bytes
            bytes += chunk.count
            // A body that is no longer than that is whole.
            guard chunk.count > rest else { return [.chunk(chunk)] }
            (isOver, hasStruck) = (true, true)
            let last: Step = if case .cutBody = fault { .cut } else { .end }
            return (rest > 0 ? [.chunk(Array(chunk[..<rest]))] : []) + [last]
        case .insert, .end, .stall: return byLine(chunk)
        default: return [.chunk(chunk)]
        }
    }

    private mutating func byLine(_ chunk: [UInt8]) -> [Step] {
        var steps: [Step] = []
        var rest = chunk[...]
        while !isOver, let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            steps.append(.chunk(Array(rest[...newline])))
            rest = rest[(newline + 1)...]
            lines += 1
            steps += strike()
        }
        if !isOver, !rest.isEmpty { steps.append(.chunk(Array(rest))) }
        return steps
    }

    /// The fault between two lines, when its turn has come.
    private mutating func strike() -> [Step] {
        switch fault {
        case .insert(let line, lines):
            hasStruck = true
            return [.chunk(Array("\(line)\n".utf8))]
        case .end(let line, lines):
            (isOver, hasStruck) = (true, true)
            return [.chunk(Array("\(line)\n".utf8)), .end]
        case .stall(lines):
            (isOver, hasStruck) = (true, true)
            return [.stall]
        default: return []
        }
    }
}
