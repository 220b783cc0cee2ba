/// Says whether this process may write, and for how long a write begun now may go on: a leader's right ends with its lease.
package struct WriteFence: Sendable {
    private let read: @Sendable () -> Swift.Duration?

    /// - Parameter allowance: how long a write begun now may take until the server must have done or dropped it; nil: none may begin. It is
    ///   asked on the thread that sends, so it must be quick and may not block.
    package init(allowance: @escaping @Sendable () -> Swift.Duration?) { read = allowance }

    /// Nil: nothing may be written any more.
    package var allowance: Swift.Duration? { read() }

    package var isOpen: Bool { read() != nil }

    /// For writers of things other than requests: files, say.
    package func check() throws(KubeError) {
        guard isOpen else { throw Self.refusal }
    }

    static let refusal = KubeError.fenced("not written: this process no longer surely holds its lease")
}
