import FuzzReaders
import Glibc

/// The reader that PLIMSOLL_FUZZ_READER names. libFuzzer brings the main program, so this is the only way in.
private let chosen: FuzzReader = {
    let name = getenv("PLIMSOLL_FUZZ_READER").map { String(cString: $0) } ?? ""
    guard let reader = FuzzReader.all.first(where: { $0.name == name }) else {
        fputs("PLIMSOLL_FUZZ_READER must be one of \(FuzzReader.all.map(\.name).joined(separator: " ")), got \"\(name)\"\n", stderr)
        exit(2)
    }
    return reader
}()

/// libFuzzer's entry: a trap or an abort is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let complaint = chosen.complaint(about: Array(UnsafeBufferPointer(start: start, count: count)))
    if let complaint {
        fputs("\(complaint)\n", stderr)
        abort()
    }
    return 0
}
