import Glibc

/// Ends a process that still takes itself for the leader though its lease is over: the elector's own thread may hang, in a credential that does not
/// come, or in a log that nobody reads. Until then the fence has kept it from writing, by the clocks.
package enum LeaseWatchdog {
    struct StartError: Error, CustomStringConvertible {
        let description: String
    }

    private static let period: useconds_t = 250_000

    private final class Watch: Sendable {
        let fence: LeaseFence
        let tolerance: Swift.Duration
        let lapsed: @Sendable () -> Void

        init(_ fence: LeaseFence, _ tolerance: Swift.Duration, _ lapsed: @escaping @Sendable () -> Void) {
            (self.fence, self.tolerance, self.lapsed) = (fence, tolerance, lapsed)
        }

        func run() {
            while !fence.isClosed {
                if fence.isOverdue(by: tolerance) { return lapsed() }
                usleep(LeaseWatchdog.period)
            }
        }
    }

    /// Starts its thread, which ends when the fence is closed.
    /// - Parameters:
    ///   - tolerance: how long after the lease's end the elector has for ending the process itself.
    ///   - lapsed: called once, on that thread; must not wait for anything.
    package static func start(_ fence: LeaseFence, tolerance: Swift.Duration = .seconds(1), lapsed: @escaping @Sendable () -> Void) throws {
        let context = Unmanaged.passRetained(Watch(fence, tolerance, lapsed))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw StartError(description: "no thread for the lease's watchdog: \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }
}
