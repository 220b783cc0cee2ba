/// Polls `condition` until it holds; false when `timeout` has passed first.
package func eventually(
    within timeout: Swift.Duration = .seconds(30), every interval: Swift.Duration = .milliseconds(100),
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let deadline = ContinuousClock.now + timeout
    while true {
        if try await condition() { return true }
        if ContinuousClock.now >= deadline { return false }
        try? await Task.sleep(for: interval)
    }
}
