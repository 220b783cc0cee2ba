package import Values

/// A checkpoint of a gate's evidence as JSON: everything that the fold carries, so that it goes on as if it had never stopped. Doubles are written in the
/// shortest text that reads back as the same bits.
extension GateEvidence {
    private static let version = 1

    package var checkpoint: JSON {
        var json: JSON = [
            "version": .int(Self.version), "through": .int(through.microseconds), "origin": .int(origin.microseconds),
            "canaryScrapedAt": canaryScrapedAt.map { .int($0.microseconds) } ?? .null,
            "outcomes": .array(outcomes.map(\.json)),
            "lives": .array(lives.sorted { $0.key < $1.key }.flatMap(\.value).map(\.json)),
            "pods": .array(differencer.pods.sorted { $0.key < $1.key }.map(\.value.json)),
            "tick": grid.open.map(\.json) ?? .null,
        ]
        json["journal"] = journal?.json
        return json
    }

    /// Nil where this is no checkpoint of evidence with these settings: then it is had from the beginning.
    package init?(checkpoint json: JSON, settings: EvidenceSettings) {
        guard json["version"]?.intValue == Int64(Self.version), let through = json["through"]?.instant, let origin = json["origin"]?.instant,
            let outcomes = json["outcomes"]?.list({ OutcomeEvidence(json: $0) }), outcomes.count == settings.outcomes,
            let lives = json["lives"]?.list({ PodLife(json: $0) }),
            let pods = json["pods"]?.list({ CounterDifferencer.Pod(json: $0) })
        else { return nil }
        var open: TickGrid.Tick?
        if let tick = json["tick"], !tick.isNull {
            guard let read = TickGrid.Tick(json: tick, outcomes: outcomes.count) else { return nil }
            open = read
        }
        self.init(settings, origin: origin)
        journal = json["journal"].flatMap(TickJournal.init(json:))
        self.through = through
        self.outcomes = outcomes
        canaryScrapedAt = json["canaryScrapedAt"]?.instant
        self.lives = Dictionary(grouping: lives, by: \.name)
        differencer = CounterDifferencer(pods: Dictionary(pods.map { ($0.life.name, $0) }) { _, last in last })
        grid = TickGrid(open: open)
    }
}

extension JSON {
    fileprivate var instant: Instant? { intValue.map(Instant.init(microseconds:)) }

    /// Nil where any element makes no sense.
    fileprivate func list<T>(_ read: (JSON) -> T?) -> [T]? {
        guard let elements = arrayValue else { return nil }
        let values = elements.compactMap(read)
        return values.count == elements.count ? values : nil
    }

    fileprivate var doubles: [Double]? { list { $0.doubleValue } }

    fileprivate static func doubles(_ values: [Double]) -> JSON { .array(values.map { .double($0) }) }

    fileprivate func dictionary<T>(_ read: (JSON) -> T?) -> [String: T]? {
        guard let object = objectValue else { return nil }
        var values: [String: T] = [:]
        for (key, value) in object {
            guard let read = read(value) else { return nil }
            values[key] = read
        }
        return values
    }

    fileprivate static func dictionary<T>(_ values: [String: T], _ json: (T) -> JSON) -> JSON {
        .object(JSONObject(values.sorted { $0.key < $1.key }.map { (key: $0.key, value: json($0.value)) }))
    }
}

extension ArmCounts {
    fileprivate var json: JSON { .doubles([requests, bad]) }

    fileprivate init?(json: JSON) {
        guard let values = json.doubles, values.count == 2 else { return nil }
        self.init(requests: values[0], bad: values[1])
    }
}

extension DispersionFold {
    fileprivate var json: JSON {
        [
            "short": .doubles(short.sums), "long": .doubles(long.sums), "ticks": .int(ticks), "windows": .int(windows),
            "window": .dictionary(window, \.json),
        ]
    }

    fileprivate init?(json: JSON) {
        guard let short = json["short"]?.doubles.flatMap(DispersionEstimate.init(sums:)),
            let long = json["long"]?.doubles.flatMap(DispersionEstimate.init(sums:)), let ticks = json["ticks"]?.intValue.flatMap(Int.init(exactly:)),
            let windows = json["windows"]?.intValue.flatMap(Int.init(exactly:)), let window = json["window"]?.dictionary({ ArmCounts(json: $0) })
        else { return nil }
        self.init(short: short, long: long, window: window, ticks: ticks, windows: windows)
    }
}

extension OutcomeEvidence {
    fileprivate var json: JSON {
        [
            "sums": .doubles(badness.sums), "ticks": .int(badness.ticks), "peak": .double(badness.peak),
            // A lost bet's minus infinity is null.
            "logs": .doubles(safety.logs), "dispersion": dispersion.json, "canary": totals.canary.json, "stable": totals.stable.json,
            "canaryPods": .dictionary(canaryPods, \.json), "canaryTicks": .int(canaryTicks), "pending": pending.map(\.json) ?? .null,
        ]
    }

    fileprivate init?(json: JSON) {
        guard let sums = json["sums"]?.doubles, let ticks = json["ticks"]?.intValue.flatMap(Int.init(exactly:)), let peak = json["peak"]?.doubleValue,
            let badness = BadnessProcess(sums: sums, ticks: ticks, peak: peak),
            let logs = json["logs"]?.list({ $0.isNull ? -Double.infinity : $0.doubleValue }), let safety = SafetyProcess(logs: logs),
            let dispersion = json["dispersion"].flatMap(DispersionFold.init(json:)), let canary = json["canary"].flatMap(ArmCounts.init(json:)),
            let stable = json["stable"].flatMap(ArmCounts.init(json:)), let canaryPods = json["canaryPods"]?.dictionary({ ArmCounts(json: $0) }),
            let canaryTicks = json["canaryTicks"]?.intValue.flatMap(Int.init(exactly:)), let pending = json["pending"]
        else { return nil }
        self.init()
        if !pending.isNull {
            guard let read = PendingTicks(json: pending) else { return nil }
            self.pending = read
        }
        self.canaryTicks = canaryTicks
        self.badness = badness
        self.safety = safety
        self.dispersion = dispersion
        totals = ComparedCounts(canary: canary, stable: stable)
        self.canaryPods = canaryPods
    }
}

extension PendingTicks {
    fileprivate var json: JSON {
        [
            "worstPod": worstPod.map { .string($0) } ?? .null, "dispersion": .double(dispersion), "canary": counts.canary.json,
            "stable": counts.stable.json, "left": left.json, "ticks": .int(ticks),
        ]
    }

    fileprivate init?(json: JSON) {
        guard let dispersion = json["dispersion"]?.doubleValue, let canary = json["canary"].flatMap(ArmCounts.init(json:)),
            let stable = json["stable"].flatMap(ArmCounts.init(json:)), let left = json["left"].flatMap(ArmCounts.init(json:)),
            let ticks = json["ticks"]?.intValue.flatMap(Int.init(exactly:))
        else { return nil }
        self.init(worstPod: json["worstPod"]?.stringValue, dispersion: dispersion)
        counts = ComparedCounts(canary: canary, stable: stable)
        self.left = left
        self.ticks = ticks
    }
}

extension PodLife {
    fileprivate var json: JSON { ["name": .string(name), "arm": .string(arm.rawValue), "startedAt": .int(startedAt.microseconds)] }

    fileprivate init?(json: JSON) {
        guard let name = json["name"]?.stringValue, let arm = json["arm"]?.stringValue.flatMap(Arm.init(rawValue:)),
            let startedAt = json["startedAt"]?.instant
        else { return nil }
        self.init(name: name, arm: arm, startedAt: startedAt)
    }
}

extension CounterDifferencer.Pod {
    fileprivate var json: JSON {
        [
            "life": life.json, "scrapedAt": scrapedAt.map { .int($0.microseconds) } ?? .null,
            "values": .array(
                values.sorted { $0.key < $1.key }.map { series, value in
                    [.string(series.role.text), .string(series.name), .double(value)]
                }),
        ]
    }

    fileprivate init?(json: JSON) {
        guard let life = json["life"].flatMap(PodLife.init(json:)), let scrapedAt = json["scrapedAt"],
            let values = json["values"]?.list({ entry -> (CounterDifferencer.Series, Double)? in
                guard let role = entry[0]?.stringValue.flatMap(CounterRole.init), let name = entry[1]?.stringValue, let value = entry[2]?.doubleValue
                else { return nil }
                return (CounterDifferencer.Series(role: role, name: name), value)
            })
        else { return nil }
        self.init(life: life, scrapedAt: scrapedAt.instant, values: Dictionary(values) { _, last in last })
    }
}

extension TickGrid.Tick {
    fileprivate var json: JSON {
        [
            "index": .int(index),
            "cells": .dictionary(cells) { ["arm": .string($0.arm.rawValue), "requests": .double($0.requests), "bad": .doubles($0.bad)] },
        ]
    }

    fileprivate init?(json: JSON, outcomes: Int) {
        guard let index = json["index"]?.intValue,
            let cells = json["cells"]?.dictionary({ cell -> PodTick? in
                guard let arm = cell["arm"]?.stringValue.flatMap(Arm.init(rawValue:)), let requests = cell["requests"]?.doubleValue,
                    let bad = cell["bad"]?.doubles, bad.count == outcomes
                else { return nil }
                return PodTick(arm: arm, requests: requests, bad: bad)
            })
        else { return nil }
        self.init(index: index, cells: cells)
    }
}
