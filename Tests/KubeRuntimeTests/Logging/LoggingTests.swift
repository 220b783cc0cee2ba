import KubeModel
import KubeRuntime
import Logging
import Synchronization
import TestSupport
import Testing
import Values

/// Lines that were written.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

private let time = Instant(seconds: 1_700_000_000)

@Suite struct LoggingTests {
    private func line(_ message: String, _ fields: [String: String] = [:]) -> LogLine {
        LogLine(time: time, level: "info", logger: "plimsoll", message: message, fields: fields)
    }

    @Test func text() {
        let head = "ts=2023-11-14T22:13:20.000000Z level=info logger=plimsoll msg="
        #expect(line("running").text(.text) == head + "running")
        #expect(line("two words", ["b": "1", "a": ""]).text(.text) == head + #""two words" a="" b=1"#)
        #expect(line("x", ["k": "a\"b\\c\nd=e", "odd key=": "v"]).text(.text) == head + #"x k="a\"b\\c\nd=e" odd_key_=v"#)
        #expect(line("x", ["msg": "m", "level": "l"]).text(.text) == head + "x level_=l msg_=m")
    }

    @Test func json() throws {
        let parsed = try JSON(parsing: line("two\nlines \"quoted\"", ["object": "shop/checkout", "ts": "t"]).text(.json))
        #expect(
            parsed == [
                "ts": "2023-11-14T22:13:20.000000Z", "level": "info", "logger": "plimsoll", "msg": "two\nlines \"quoted\"", "object": "shop/checkout",
                "ts_": "t",
            ])
    }

    @Test(arguments: LogFormat.allCases)
    func oneLineAndBounded(format: LogFormat) {
        let text = line("a\nb\r\n\u{2028}c", ["k": "x\ny", "big": String(repeating: "é\n", count: 100_000)]).text(format)
        #expect(!text.utf8.contains(0x0A) && !text.utf8.contains(0x0D))
        #expect(text.utf8.count < 100_000)
    }

    private func logger(_ lines: Lines, _ control: LogControl) -> Logger {
        Logger(label: "test") { label in
            StructuredLogHandler(
                label: label, format: .text, control: control, metadataProvider: ReconcileContext.metadataProvider, now: { time },
                write: { lines.add($0) })
        }
    }

    /// All loggers follow the control at once, but for one that was given a level of its own.
    @Test func theLevelChangesWhileItRuns() {
        let (lines, control) = (Lines(), LogControl(level: .warning))
        let logger = logger(lines, control)
        var own = logger
        own.logLevel = .error
        logger.info("1")
        control.toggleDebug()
        logger.debug("2")
        logger.trace("3")
        own.info("4")
        control.configure(.trace)
        logger.trace("5")
        control.toggleDebug()
        control.configure(.info)
        logger.debug("6")
        logger.info("7")
        own.error("8")
        #expect(lines.all.compactMap { $0.split(separator: "msg=").last.map(String.init) } == ["2", "5", "7", "8"])
    }

    @Test func metadataOfTheMessageWins() {
        let (lines, control) = (Lines(), LogControl())
        var logger = logger(lines, control)
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "b"] = "logger"
        logger.info("x", metadata: ["a": "message"])
        #expect(lines.all.first?.hasSuffix("msg=x a=message b=logger") ?? false)
    }

    /// Each run has an id of its own, on every line that anything logs within it.
    @Test func linesOfOneReconcileBelongTogether() async {
        let (lines, control) = (Lines(), LogControl(level: .debug))
        let foreign = logger(lines, control)
        let done = Latch()
        let runs = Mutex(0)
        let controller = Controller(name: "test", workers: 1, logger: logger(lines, control)) { _ in
            foreign.info("by another logger")
            ReconcileContext.logger.info("by the run's own")
            await Task { foreign.info("by a task") }.value
            if runs.withLock({ runs in
                runs += 1
                return runs
            }) == 2 {
                done.open()
            }
            return .conflict
        }
        controller.enqueue(ObjectKey(namespace: "shop", name: "checkout"))
        let task = Task { await controller.run() }
        await done.wait()
        controller.stopTaking()
        await task.value
        let ids = lines.all.map { line in line.split(separator: " ").first { $0.hasPrefix("reconcileID=") }.map(String.init) ?? "none" }
        #expect(ids.count == 8, "three lines and what became of it, twice: \(lines.all)")
        #expect(Set(ids.prefix(4)).count == 1 && Set(ids.suffix(4)).count == 1 && Set(ids).count == 2 && !ids.contains("none"), "\(ids)")
    }
}
