import KubeRuntime
import Testing
import Values

private func at(_ seconds: Int64) -> Instant { Instant(microseconds: 1_700_000_000_000_000 + seconds * 1_000_000) }
private func content(_ reason: String = "RulesWritten", object: String = "checkout", note: String = "n", type: EventType = .normal) -> EventContent {
    let object = ObjectReference(apiVersion: "plimsoll.dev/v1alpha1", kind: "SLO", namespace: "shop", name: object, uid: "u-\(object)")
    return EventContent(regarding: object, type: type, reason: reason, action: "Reconcile", note: note)
}

struct EventSeriesMachineTests {
    @Test func aClockThatIsSetBackHoldsNothingUp() {
        var machine = EventSeriesMachine()
        let day: Int64 = 86_400
        for reason in 0..<25 { _ = machine.record(content("Reason\(reason)"), now: at(day)) }
        var writes = 0
        _ = machine.sweep(now: at(0))
        for second in 0..<1_000 {
            if case .update = machine.record(content("Reason0"), now: at(Int64(second))) { writes += 1 }
        }
        #expect(writes == 2 + 2, "the second, the tenth, and one every six minutes")
        guard case .create = machine.record(content("Another"), now: at(1_000)) else { return #expect(Bool(false), "no share of events any more") }
    }

    @Test func firstSecondAndTenthAreWritten() {
        var machine = EventSeriesMachine()
        var written: [Int] = []
        for count in 1...15 {
            switch machine.record(content(note: "note \(count)"), now: at(Int64(count))) {
            case .create(let record):
                #expect(record.count == 1)
                written.append(count)
            case .update(let record):
                #expect(record.count == count)
                #expect(record.lastSeen == at(Int64(count)))
                // Only the series of an Event may change, so the note stays the first.
                #expect(record.content.note == "note 1")
                written.append(count)
            case .hold: break
            case .drop: Issue.record("dropped \(count)")
            }
        }
        #expect(written == [1, 2, 10])
    }

    @Test func anEndlessSeriesIsWrittenEverySixMinutes() {
        var machine = EventSeriesMachine()
        var writes = 0
        for second in 0..<3_600 {
            switch machine.record(content(), now: at(Int64(second))) {
            case .create, .update: writes += 1
            case .hold, .drop: break
            }
        }
        #expect(writes == 3 + 9)
    }

    @Test func whatDiffersInAnythingButTheNoteIsAnotherEvent() {
        var machine = EventSeriesMachine()
        let one = content()
        var related = one
        related.related = one.regarding
        var action = one
        action.action = "Delete"
        for other in [content("Other"), content(object: "cart"), content(type: .warning), related, action] {
            _ = machine.record(one, now: at(0))
            guard case .create = machine.record(other, now: at(0)) else {
                Issue.record("\(other) was taken for the same")
                continue
            }
        }
        guard case .update = machine.record(other(one), now: at(1)) else { return }
        func other(_ content: EventContent) -> EventContent {
            var content = content
            content.note = "another note"
            return content
        }
    }

    @Test func aSeriesEndsAfterSixMinutesOfSilence() {
        var machine = EventSeriesMachine()
        guard case .create(let first) = machine.record(content(), now: at(0)) else { return #expect(Bool(false)) }
        guard case .create(let second) = machine.record(content(), now: at(361)) else {
            Issue.record("the old series went on")
            return
        }
        #expect(first.name != second.name)
        #expect(second.count == 1)
    }

    @Test func sweepWritesWhatWasOnlyCountedAndForgetsTheRest() {
        var machine = EventSeriesMachine()
        for second in 0..<5 { _ = machine.record(content(), now: at(Int64(second))) }
        _ = machine.record(content("Once"), now: at(0))
        #expect(machine.sweep(now: at(60)).isEmpty)
        let due = machine.sweep(now: at(361))
        #expect(due.map(\.count) == [5])
        #expect(machine.openSeries == 1)
        #expect(machine.sweep(now: at(365)).isEmpty)
        #expect(machine.openSeries == 0)
    }

    @Test func flushWritesTheRemainderOnce() {
        var machine = EventSeriesMachine()
        for second in 0..<7 { _ = machine.record(content(), now: at(Int64(second))) }
        #expect(machine.flush(now: at(8)).map(\.count) == [7])
        #expect(machine.flush(now: at(8)).isEmpty)
    }

    @Test func anObjectHasItsShareAndOthersTheirs() {
        var machine = EventSeriesMachine()
        var created = 0
        for index in 0..<100 {
            if case .create = machine.record(content("Reason\(index)"), now: at(0)) { created += 1 }
        }
        #expect(created == 25)
        guard case .create = machine.record(content(object: "cart"), now: at(0)) else { return #expect(Bool(false)) }
        #expect(machine.record(content("ReasonX"), now: at(59)) == .drop)
        guard case .create = machine.record(content("ReasonX"), now: at(60)) else { return #expect(Bool(false)) }
        #expect(machine.record(content("ReasonY"), now: at(61)) == .drop)
    }

    @Test func openSeriesAreBounded() {
        var settings = EventSeriesMachine.Settings()
        settings.maximumSeries = 100
        var machine = EventSeriesMachine(settings: settings)
        for index in 0..<1_000 { _ = machine.record(content(object: "o\(index)"), now: at(Int64(index) / 100)) }
        #expect(machine.openSeries <= 100)
    }

    @Test(arguments: ["checkout", "system:node:a", "UPPER", String(repeating: "a", count: 253), ""])
    func namesAreDNSNames(object: String) {
        var machine = EventSeriesMachine()
        guard case .create(let record) = machine.record(content(object: object), now: at(0)) else { return #expect(Bool(false)) }
        #expect(record.name.utf8.count <= 253)
        #expect(record.name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 })
        #expect(record.name.utf8.first != UInt8(ascii: "."))
    }
}
