/// Says whether this process may write, and for how long a write begun now may go on: a leader's right ends with its lease.
package struct WriteFence: Sendable {
    private let read: @Sendable () -> Swift.Duration?
    /// How long a request may wait to be sent before what it told the server about its end is no longer true: it is then made anew.
    let slack: Swift.Duration
    /// Told of a write that was sent and that nobody answered: for so long from now on it may still come about.
    package let unanswered: @Sendable (Swift.Duration) -> Void

    /// - Parameter allowance: how long a write begun now may take until the server must have done or dropped it; nil: none may begin. It is
    ///   asked on the thread that sends, so it must be quick and may not block.
    package init(
        slack: Swift.Duration = .zero, unanswered: @escaping @Sendable (Swift.Duration) -> Void = { _ in },
        allowance: @escaping @Sendable () -> Swift.Duration?
    ) {
        self.slack = slack
        self.unanswered = unanswered
        read = allowance
    }

    /// Nil: nothing may be written any more.
    package var allowance: Swift.Duration? { read() }

    /// How long the server may take from when it has the request, where that goes out within `slack`; nil: nothing may be written any more.
    var grant: Swift.Duration? { allowance.map { max(.milliseconds(1), $0 - slack) } }

    package var isOpen: Bool { read() != nil }

    /// For writers of things other than requests: files, say.
    package func check() throws(KubeError) {
        guard isOpen else { throw Self.refusal }
    }

    static let refusal = KubeError.fenced("not written: this process no longer surely holds its lease")
}
