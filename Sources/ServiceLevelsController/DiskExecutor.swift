import Dispatch

/// Runs an actor's jobs on a thread that may block: file work must not hold up the two cooperative threads.
final class DiskExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "plimsoll.disk")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
