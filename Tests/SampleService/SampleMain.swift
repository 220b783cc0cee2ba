import Glibc

/// A small service for tests in containers of their own, which behaves as badly as it is told to: see `SampleSettings.usage`.
@main
enum SampleMain {
    static func main() {
        if CommandLine.arguments.dropFirst() == ["--help"] {
            print(SampleSettings.usage)
            exit(0)
        }
        do {
            let settings = try SampleSettings(CommandLine.arguments.dropFirst())
            var service = try SampleService(settings)
            exit(service.run())
        } catch {
            let bytes = Array("\(error)\n\(SampleSettings.usage)\n".utf8)
            _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            exit(2)
        }
    }
}
