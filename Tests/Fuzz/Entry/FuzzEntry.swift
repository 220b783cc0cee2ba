import FuzzReaders
import Glibc

/// The reader that PLIMSOLL_FUZZ_READER names. libFuzzer brings the main program, so this is the only way in.
private let chosen: FuzzReader = {
    let name = getenv("PLIMSOLL_FUZZ_READER").map { String(cString: $0) } ?? ""
    guard let reader = FuzzReader.all.first(where: { $0.name == name }) else {
        fatalError("PLIMSOLL_FUZZ_READER must be one of \(FuzzReader.all.map(\.name).joined(separator: " ")), got \"\(name)\"")
    }
    return reader
}()

/// libFuzzer's entry: a trap is a finding, and so is a broken promise.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    if let complaint = chosen.complaint(about: Array(UnsafeBufferPointer(start: start, count: count))) { fatalError(complaint) }
    return 0
}
