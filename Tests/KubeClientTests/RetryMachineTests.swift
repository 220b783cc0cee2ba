import HTTPTransport
import Testing

@testable import KubeClient

@Suite struct RetryMachineTests {
    static func lost(safe: Bool) -> HTTPError { HTTPError(kind: .connectionLost, curlCode: 55, isRetrySafe: safe, message: "lost") }

    @Test func unauthorizedGetsNewCredentialsOnce() {
        var machine = RetryMachine(limits: .init(), isIdempotent: false)
        #expect(machine.after(status: 401, retryAfterSeconds: nil) == .reauthenticate)
        #expect(machine.after(status: 401, retryAfterSeconds: nil) == .finish)
    }

    @Test(
        arguments: [
            (429, 1, false, RetryMachine.Action.wait(.seconds(1), shared: true)),
            (429, 1, true, .wait(.seconds(1), shared: true)),
            (429, nil, true, .finish),
            (503, 2, false, .wait(.seconds(2), shared: false)),
            (503, nil, true, .finish),
            (500, 1, true, .wait(.seconds(1), shared: false)),
            (500, 1, false, .finish),
            (504, 1, false, .finish),
            (409, 1, true, .finish),
            (422, 1, true, .finish),
            (429, 31, true, .finish),
            (429, Int.max, true, .finish),
        ] as [(Int, Int?, Bool, RetryMachine.Action)])
    func answers(status: Int, retryAfter: Int?, idempotent: Bool, expected: RetryMachine.Action) {
        var machine = RetryMachine(limits: .init(), isIdempotent: idempotent)
        #expect(machine.after(status: status, retryAfterSeconds: retryAfter) == expected)
    }

    @Test func repeatsAreBoundedInNumberAndTime() {
        var short = RetryMachine(limits: .init(), isIdempotent: true)
        var repeats = 0
        while short.after(status: 429, retryAfterSeconds: 1) != .finish { repeats += 1 }
        #expect(repeats == 10)
        var long = RetryMachine(limits: .init(), isIdempotent: true)
        repeats = 0
        while long.after(status: 429, retryAfterSeconds: 14) != .finish { repeats += 1 }
        #expect(repeats == 2)
    }

    @Test(arguments: [
        (429, 1, 1), (429, 30, 30), (429, 31, 30), (429, Int.max, 30), (429, 0, 1), (429, nil, 1), (503, 5, nil), (500, 5, nil), (200, nil, nil),
    ])
    func every429IsForAll(status: Int, retryAfter: Int?, expected: Int?) {
        #expect(RetryMachine.sharedPause(status: status, retryAfterSeconds: retryAfter) == expected.map { .seconds($0) })
    }

    @Test func brokenConnections() {
        var machine = RetryMachine(limits: .init(), isIdempotent: true)
        #expect(machine.after(Self.lost(safe: true), jitter: 0) == .wait(.milliseconds(100), shared: false))
        #expect(machine.after(Self.lost(safe: true), jitter: 0.5) == .wait(.milliseconds(300), shared: false))
        #expect(machine.after(Self.lost(safe: true), jitter: 0) == .finish)
        var unsafe = RetryMachine(limits: .init(), isIdempotent: false)
        #expect(unsafe.after(Self.lost(safe: false), jitter: 0) == .finish)
        for kind in [HTTPError.Kind.cancelled, .timeout(.whole), .tls(.hostnameMismatch), .shutdown, .tooLarge, .forbiddenAddress, .invalidRequest] {
            var machine = RetryMachine(limits: .init(), isIdempotent: true)
            #expect(machine.after(HTTPError(kind: kind, isRetrySafe: true, message: ""), jitter: 0) == .finish)
        }
        var lease = RetryMachine(limits: .none, isIdempotent: true)
        #expect(lease.after(Self.lost(safe: true), jitter: 0) == .finish)
        #expect(lease.after(status: 429, retryAfterSeconds: 1) == .finish)
    }

    @Test func thePauseIsTheLongestAskedFor() {
        var gate = PauseGate()
        #expect(gate.remaining(now: .zero) == nil)
        gate.pause(for: .seconds(5), now: .seconds(10))
        gate.pause(for: .seconds(1), now: .seconds(11))
        #expect(gate.remaining(now: .seconds(12)) == .seconds(3))
        #expect(gate.remaining(now: .seconds(15)) == nil)
        // Those who wait don't all send at once.
        #expect(gate.remaining(now: .seconds(11), jitter: 0.5) == .milliseconds(4_500))
        #expect(gate.remaining(now: .seconds(15), jitter: 0.5) == nil)
    }
}
