package import Values

/// The ticks that evidence was made of, so that a run can be judged again, with the same settings or others.
///
/// It is kept small enough for a run object: beyond a number of cells neighbouring ticks are taken together, which makes a replay coarser and no more exact.
package struct TickJournal: Sendable, Hashable {
    package struct Pod: Sendable, Hashable {
        package var name: String
        package var arm: Arm
    }

    /// What one pod did in a tick.
    package struct Cell: Sendable, Hashable {
        /// Its number in `pods`.
        package var pod: Int
        package var requests: Double
        /// By outcome.
        package var bad: [Double]
    }

    package struct Entry: Sendable, Hashable {
        /// From the origin, in ticks.
        package var index: Int64
        /// In the order of pods.
        package var cells: [Cell]
    }

    package let origin: Instant
    package let settings: EvidenceSettings
    package let risk: Risk
    /// Gates that shared the risk.
    package let gates: Int
    package private(set) var pods: [Pod] = []
    package private(set) var entries: [Entry] = []
    /// How many ticks one entry may span; 1: it is exact.
    package private(set) var resolution: Int64 = 1

    /// Of about 12 bytes each.
    package static let mostCells = 4000

    package init(origin: Instant, settings: EvidenceSettings, risk: Risk, gates: Int) {
        self.origin = origin
        self.settings = settings
        self.risk = risk
        self.gates = gates
    }

    private var cells: Int { entries.reduce(0) { $0 + $1.cells.count } }

    mutating func append(_ tick: TickGrid.Tick) {
        var entry = Entry(index: tick.index, cells: [])
        for (name, cell) in tick.cells.sorted(by: { $0.key < $1.key }) {
            entry.cells.append(Cell(pod: number(of: Pod(name: name, arm: cell.arm)), requests: cell.requests, bad: cell.bad))
        }
        entry.cells.sort { $0.pod < $1.pod }
        add(entry)
        while cells > Self.mostCells, resolution < 1 << 20 { coarsen() }
    }

    private mutating func number(of pod: Pod) -> Int {
        if let known = pods.firstIndex(of: pod) { return known }
        pods.append(pod)
        return pods.count - 1
    }

    /// An entry stands for its whole span by the index of its last tick, for what it says was not known before.
    private mutating func add(_ entry: Entry) {
        guard let last = entries.last, last.index / resolution == entry.index / resolution else {
            entries.append(entry)
            return
        }
        var sums: [Int: Cell] = [:]
        for cell in last.cells + entry.cells {
            guard var sum = sums[cell.pod] else {
                sums[cell.pod] = cell
                continue
            }
            sum.requests += cell.requests
            for outcome in sum.bad.indices { sum.bad[outcome] += cell.bad[outcome] }
            sums[cell.pod] = sum
        }
        entries[entries.count - 1] = Entry(index: entry.index, cells: sums.values.sorted { $0.pod < $1.pod })
    }

    private mutating func coarsen() {
        resolution *= 2
        let all = entries
        entries = []
        for entry in all { add(entry) }
    }

    func tick(_ entry: Entry) -> TickGrid.Tick {
        var tick = TickGrid.Tick(index: entry.index)
        for cell in entry.cells where pods.indices.contains(cell.pod) {
            tick.cells[pods[cell.pod].name] = PodTick(arm: pods[cell.pod].arm, requests: cell.requests, bad: cell.bad)
        }
        return tick
    }

    /// When everything of an entry was known.
    func end(_ entry: Entry) -> Instant { origin.adding(settings.tick * (entry.index + 1)) }
}

extension TickJournal {
    private static let version = 1

    package var json: JSON {
        [
            "version": .int(Self.version), "origin": .int(origin.microseconds), "resolution": .int(resolution), "gates": .int(gates),
            "risk": ["falseAlarm": .double(risk.falseAlarm), "tolerance": .double(risk.tolerance), "falseSafe": .double(risk.falseSafe)],
            "settings": [
                "outcomes": .int(settings.outcomes), "tick": .int(settings.tick.milliseconds), "since": .int(settings.since.microseconds),
                "bad": [.double(settings.bad.tolerance), .double(settings.bad.excess)],
                "safe": [.double(settings.safe.tolerance), .double(settings.safe.excess)],
            ],
            "pods": .array(pods.map { [.string($0.name), .string($0.arm.rawValue)] }),
            // Numbers in a row, tick by tick: the index, and for each pod its number, requests and bad events.
            "ticks": .array(
                entries.map { entry in
                    .array([.int(entry.index)] + entry.cells.flatMap { [.int($0.pod), .double($0.requests)] + $0.bad.map { .double($0) } })
                }),
        ]
    }

    /// Nil where it makes no sense.
    package init?(json: JSON) {
        func whole(_ json: JSON?) -> Int? { json?.intValue.flatMap(Int.init(exactly:)) }
        func bound(_ json: JSON?) -> ComparedBound? {
            guard let tolerance = json?[0]?.doubleValue, let excess = json?[1]?.doubleValue, tolerance >= 0, excess >= 0 else { return nil }
            return ComparedBound(tolerance: tolerance, excess: excess)
        }
        guard json["version"]?.intValue == Int64(Self.version), let origin = json["origin"]?.intValue, let resolution = json["resolution"]?.intValue,
            resolution > 0, let gates = whole(json["gates"]), gates > 0, let falseAlarm = json["risk"]?["falseAlarm"]?.doubleValue, falseAlarm > 0,
            falseAlarm < 1, let tolerance = json["risk"]?["tolerance"]?.doubleValue, let falseSafe = json["risk"]?["falseSafe"]?.doubleValue,
            falseSafe > 0, falseSafe < 1, let outcomes = whole(json["settings"]?["outcomes"]), (1...16).contains(outcomes),
            let tick = json["settings"]?["tick"]?.intValue, tick > 0, let since = json["settings"]?["since"]?.intValue,
            let bad = bound(json["settings"]?["bad"]), let safe = bound(json["settings"]?["safe"]), let pods = json["pods"]?.arrayValue,
            let ticks = json["ticks"]?.arrayValue
        else { return nil }
        let risk = Risk(falseAlarm: falseAlarm, tolerance: tolerance, falseSafe: falseSafe)
        var settings = EvidenceSettings(
            risk: risk, gates: gates, outcomes: outcomes, since: Instant(microseconds: since), tick: PromDuration(milliseconds: tick))
        settings.bad = bad
        settings.safe = safe
        self.init(origin: Instant(microseconds: origin), settings: settings, risk: risk, gates: gates)
        self.resolution = resolution
        for pod in pods {
            guard let name = pod[0]?.stringValue, let arm = pod[1]?.stringValue.flatMap(Arm.init(rawValue:)) else { return nil }
            self.pods.append(Pod(name: name, arm: arm))
        }
        for tick in ticks {
            guard let entry = Entry(json: tick, outcomes: outcomes, pods: pods.count), entries.last.map({ $0.index < entry.index }) ?? true else {
                return nil
            }
            entries.append(entry)
        }
    }
}

extension TickJournal.Entry {
    fileprivate init?(json: JSON, outcomes: Int, pods: Int) {
        guard let numbers = json.arrayValue, let index = numbers.first?.intValue, (numbers.count - 1).isMultiple(of: 2 + outcomes) else { return nil }
        self.init(index: index, cells: [])
        for at in stride(from: 1, to: numbers.count, by: 2 + outcomes) {
            let counts = numbers[(at + 1)..<(at + 2 + outcomes)].compactMap(\.doubleValue)
            guard let pod = numbers[at].intValue.flatMap(Int.init(exactly:)), (0..<pods).contains(pod), counts.count == 1 + outcomes,
                counts.allSatisfy({ $0 >= 0 })
            else { return nil }
            cells.append(.init(pod: pod, requests: counts[0], bad: Array(counts.dropFirst())))
        }
    }
}
