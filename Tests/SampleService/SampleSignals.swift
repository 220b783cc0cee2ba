import Glibc

/// Tells the loop of a signal, by a pipe: all that a handler may do is write.
enum SampleSignals {
    private static let pipe: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = Glibc.pipe(&ends)
        return (ends[0], ends[1])
    }()

    /// To be asked for before the handler is set, so that the handler finds the pipe made.
    static var ending: Int32 { pipe.read }

    static func note() {
        var byte: UInt8 = 0
        _ = write(pipe.write, &byte, 1)
    }
}
