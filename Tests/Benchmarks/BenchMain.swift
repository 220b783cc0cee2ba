import Glibc
import TestSupport

/// What Deploy/bench.sh measures that is computed rather than asked of a server.
@main
struct BenchMain {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        func number(_ index: Int) -> Int? { arguments.count > index ? Int(arguments[index]) : nil }
        do {
            switch arguments.first {
            case "slo-months": try SLOMonths(months: number(1) ?? 200, seed: UInt64(number(2) ?? 1)).run()
            case "rollout": RolloutRuns(runs: max(1, number(1) ?? 2000), seed: UInt64(number(2) ?? 1)).run()
            default:
                print("usage: plimsoll-bench slo-months [MONTHS] [SEED] | rollout [RUNS] [SEED]")
                exit(2)
            }
        } catch {
            print("FAILED \(error)")
            exit(1)
        }
    }
}
