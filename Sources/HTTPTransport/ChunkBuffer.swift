/// The body bytes between libcurl's thread and a stream's consumer. Pure.
///
/// Full, it has libcurl stop reading. That doesn't bound memory by itself: over HTTP/2 libcurl 7.88 grants the server a window of
/// 32 MB a stream and holds what comes. So decode fast and coalesce behind the stream.
struct ChunkBuffer {
    let limit: Int
    private(set) var bytes: [UInt8] = []
    /// libcurl was told to stop.
    private(set) var isPaused = false

    init(limit: Int) {
        self.limit = limit
    }

    /// False: not taken; offer it again after `take` said to resume. A chunk larger than the limit is taken by an empty buffer.
    mutating func offer(_ chunk: some Collection<UInt8>) -> Bool {
        guard bytes.isEmpty || bytes.count + chunk.count <= limit else {
            isPaused = true
            return false
        }
        bytes.append(contentsOf: chunk)
        return true
    }

    /// Everything held, and whether libcurl is to go on.
    mutating func take() -> (bytes: [UInt8], resume: Bool)? {
        if bytes.isEmpty { return nil }
        let taken = bytes
        bytes = []
        let resume = isPaused
        isPaused = false
        return (taken, resume)
    }
}
