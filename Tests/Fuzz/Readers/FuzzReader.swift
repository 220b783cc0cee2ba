/// A reader of text or bytes that others write, as the fuzzer and the replay of its corpus drive it.
package struct FuzzReader: Sendable {
    /// Also the name of its folder in Tests/Fuzz/Corpus.
    package let name: String
    private let promises: @Sendable ([UInt8]) throws(BrokenPromise) -> Void

    init(_ name: String, _ promises: @escaping @Sendable ([UInt8]) throws(BrokenPromise) -> Void) {
        self.name = name
        self.promises = promises
    }

    /// Reads any bytes. Refusing them is well; the sentence says which promise of the reader they broke, nil where none. A trap is the worst.
    package func complaint(about bytes: [UInt8]) -> String? {
        do throws(BrokenPromise) {
            try promises(bytes)
            return nil
        } catch {
            return "\(name): \(error.sentence)"
        }
    }

    package static let all: [FuzzReader] = [
        FuzzReader("json", JSONPromises.check),
        FuzzReader("pull", PullPromises.check),
        FuzzReader("yaml", YAMLPromises.check),
        FuzzReader("watch", WatchPromises.check),
        FuzzReader("list", ListPromises.check),
        FuzzReader("status", StatusPromises.check),
        FuzzReader("kubeconfig", KubeConfigPromises.check),
        FuzzReader("execcredential", ExecCredentialPromises.check),
        FuzzReader("prometheus", PrometheusPromises.check),
        FuzzReader("slo", SLOPromises.check),
        FuzzReader("promql", PromQLPromises.check),
        FuzzReader("notation", NotationPromises.check),
        FuzzReader("zone", ZonePromises.check),
        FuzzReader("cron", CronPromises.check),
        FuzzReader("notify", NotifyPromises.check),
    ]
}

/// What a reader promises of any input, and did not keep for this one.
struct BrokenPromise: Error {
    let sentence: String
}

func promise(_ holds: Bool, _ sentence: @autoclosure () -> String) throws(BrokenPromise) {
    if !holds { throw BrokenPromise(sentence: sentence()) }
}
