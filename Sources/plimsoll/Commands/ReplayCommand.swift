import ArgumentParser
import Rollouts
import Values

/// `plimsoll replay`
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Judge a stored RolloutRun again, with the same settings or others.",
        discussion: """
            Takes a RolloutRun as JSON (kubectl get rolloutrun NAME -o json), and puts the counts that its gates saw through the same evidence. With \
            the same settings it comes to the same verdicts; with others it shows what they would have done.
            """)

    @Argument(help: "The file, or - for stdin.")
    var path: String

    @Option(name: .customLong("false-alarm"), help: "In place of the run's risk.falseAlarm, such as 1%.")
    var falseAlarm: String?

    @Option(help: "In place of the run's and its gates' tolerance, such as 1.2x.")
    var tolerance: String?

    @Flag(help: "Print JSON instead of text.")
    var json = false

    mutating func run() throws {
        var changed = ReplaySettings()
        if let falseAlarm {
            guard let share = Percentage(falseAlarm)?.fraction.doubleValue, share > 0, share < 1 else {
                throw CommandFailure.usage("replay", "--false-alarm: expected a percentage such as 1% (got \(falseAlarm))")
            }
            changed.falseAlarm = share
        }
        if let tolerance {
            guard let factor = Factor(tolerance)?.value.doubleValue, factor >= 1 else {
                throw CommandFailure.usage("replay", "--tolerance: expected a factor of at least 1 such as 1.2x (got \(tolerance))")
            }
            changed.tolerance = factor
        }
        let replay = try Self.read(path)
        let changes = replay.judge(changed)
        if json {
            StandardOutput.write(JSON.array(changes.map(\.json)).text(pretty: true) + "\n")
        } else {
            if !replay.isExact { StandardOutput.write("The run was long: its ticks are stored several together, so that times are coarser.\n") }
            for change in changes { StandardOutput.write(change.text + "\n") }
            if changes.isEmpty { StandardOutput.write("No tick of the new version was seen.\n") }
        }
    }

    private static func read(_ path: String) throws -> RunReplay {
        let file: InputFile
        do throws(FileReading.Failure) {
            file = path == "-" ? try FileReading.standardInput() : try FileReading.file(path)
        } catch { throw CommandFailure.input(error.message) }
        do { return try RunReplay(run: try JSON(parsing: file.bytes)) } catch { throw CommandFailure.input("\(file.name): \(error)") }
    }
}

extension RunReplay.Change {
    fileprivate var text: String {
        let counts = figures.counts
        return "\(at.secondsText)  \(gate)  \(word)  new version \(Int(counts.canary.bad)) of \(Int(counts.canary.requests)) bad, "
            + "stable \(Int(counts.stable.bad)) of \(Int(counts.stable.requests))"
    }

    fileprivate var json: JSON {
        [
            "at": .string(at.secondsText), "gate": .string(gate), "verdict": .string(word), "badness": .double(figures.badness),
            "canary": ["requests": .double(figures.counts.canary.requests), "bad": .double(figures.counts.canary.bad)],
            "stable": ["requests": .double(figures.counts.stable.requests), "bad": .double(figures.counts.stable.bad)],
        ]
    }

    private var word: String {
        switch verdict {
        case .bad: "Bad"
        case .safe: "Safe"
        case .notEnoughEvidence: "NotEnoughEvidence"
        case .inconclusive: "Inconclusive"
        case .blind: "Blind"
        }
    }
}
