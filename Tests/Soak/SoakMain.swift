import Glibc
import TestSupport

/// Long runs against the real cluster that Deploy/soak.sh and Deploy/bench.sh started; prints a table's rows on stdout.
@main
struct SoakMain {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        do {
            switch arguments.first {
            case "storm":
                try await Storm(
                    seed: number(arguments, 1) ?? 1, rounds: Int(number(arguments, 2) ?? 3), places: Int(number(arguments, 3) ?? 0)
                ).run()
            case "quiet": try await Quiet(seconds: Int(number(arguments, 1) ?? 300)).run()
            case "faults": try await FaultStorm(repeats: Int(number(arguments, 1) ?? 1)).run()
            case "random": try RandomDays(seed: number(arguments, 1) ?? 1, count: number(arguments, 2) ?? 1000).run()
            case "scale": try await Scale(count: Int(number(arguments, 1) ?? 1000), places: Int(number(arguments, 2) ?? 0)).run()
            case "leader":
                let isUsual = arguments.dropFirst(2).first == "usual"
                try await Leader(
                    runs: Int(number(arguments, 1) ?? 100), spans: isUsual ? .usual : .short, pause: isUsual ? .seconds(60) : .seconds(8)
                ).run()
            default:
                say(
                    "usage: plimsoll-soak storm [SEED] [ROUNDS] [PLACES] | quiet [SECONDS] | scale [COUNT] [PLACES] | faults [REPEATS] | random [SEED] [COUNT] | leader [RUNS] [usual]"
                )
                exit(2)
            }
        } catch {
            say("FAILED \(error)")
            exit(1)
        }
    }

    private static func number(_ arguments: ArraySlice<String>, _ offset: Int) -> UInt64? {
        arguments.count > offset ? UInt64(arguments[arguments.startIndex + offset]) : nil
    }
}

/// A line on stdout at once, pipe or not.
func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    bytes.withUnsafeBytes { _ = write(1, $0.baseAddress, $0.count) }
}
