/// How many bad events one cause makes, estimated from pods of the stable version, which differ by chance only.
///
/// Given the x bad events of a tick, a pod with a share f of its requests expects e = x f of them; s = sum((x_i - e_i)^2 / e_i) / (pods - 1) has the mean 1
/// where causes make one each, and m where they make m (Pearson's dispersion: McCullagh and Nelder, "Generalized Linear Models", 1989, section 4.5). As it
/// is conditioned on x, a swing of the base rate is none. Ticks are weighted by x, which gives the mean clump as a bad event sees it, E[m^2] / E[m].
package struct DispersionEstimate: Sendable, Hashable {
    /// Sums over ticks of x, x s, x^2, x^2 s and x^2 s^2.
    private(set) var sums = [Double](repeating: 0, count: 5)

    /// As if so many bad events had been seen, with so great a dispersion: what is assumed while little is known.
    private static let priorEvents = 1.0
    private static let priorDispersion = 3.0
    /// One-sided 95 %.
    private static let z = 1.645

    package init() {}

    init?(sums: [Double]) {
        guard sums.count == 5, sums.allSatisfy({ $0 >= 0 && $0.isFinite }) else { return nil }
        self.sums = sums
    }

    /// How many bad events it rests on.
    package var events: Double { sums[0] }

    package mutating func add(_ pods: some Collection<ArmCounts>) {
        let requests = pods.reduce(0) { $0 + $1.requests }
        let bad = pods.reduce(0) { $0 + $1.bad }
        let serving = pods.filter { $0.requests > 0 }
        guard serving.count > 1, bad > 0 else { return }
        let squares = serving.reduce(0) { sum, pod in
            let expected = bad * pod.requests / requests
            return sum + (pod.bad - expected) * (pod.bad - expected) / expected
        }
        let s = squares / Double(serving.count - 1)
        for (at, term) in [bad, bad * s, bad * bad, bad * bad * s, bad * bad * s * s].enumerated() { sums[at] += term }
    }

    /// The upper end of what it may be, at least 1: too great a dispersion costs time, too small a one false alarms.
    package var upper: Double {
        let shrunk = (sums[1] + Self.priorEvents * Self.priorDispersion) / (sums[0] + Self.priorEvents)
        return max(shrunk, mean + Self.z * standardError, 1)
    }

    /// Of what was seen alone; 0 where nothing was.
    var mean: Double { sums[0] > 0 ? sums[1] / sums[0] : 0 }

    var standardError: Double {
        guard sums[0] > 0 else { return 0 }
        let mean = mean
        return max(0, sums[4] - 2 * mean * sums[3] + mean * mean * sums[2]).squareRoot() / sums[0]
    }
}

/// Dispersion by ticks, which shows clumps, and by longer windows, which show pods that differ for longer: a slow node, an uneven client.
package struct DispersionFold: Sendable, Hashable {
    /// Ticks of one long window: five minutes at 5 s.
    static let windowTicks = 60
    /// Windows before the long scale counts.
    private static let leastWindows = 6

    package private(set) var short = DispersionEstimate()
    private(set) var long = DispersionEstimate()
    /// By pod, since the window began.
    private(set) var window: [String: ArmCounts] = [:]
    private(set) var ticks = 0
    private(set) var windows = 0

    package init() {}

    init(short: DispersionEstimate, long: DispersionEstimate, window: [String: ArmCounts], ticks: Int, windows: Int) {
        self.short = short
        self.long = long
        self.window = window
        self.ticks = ticks
        self.windows = windows
    }

    package mutating func add(tick pods: [String: ArmCounts]) {
        // In the order of names, so that sums of doubles come out the same every time.
        short.add(pods.sorted { $0.key < $1.key }.map(\.value))
        for (pod, counts) in pods { window[pod, default: ArmCounts()] += counts }
        ticks += 1
        guard ticks == Self.windowTicks else { return }
        long.add(window.sorted { $0.key < $1.key }.map(\.value))
        window = [:]
        ticks = 0
        windows += 1
    }

    /// What evidence is divided by. Long windows are few, so that they count only where they show more than the ticks do beyond their own error.
    package var dispersion: Double {
        guard windows >= Self.leastWindows, long.mean - 2 * long.standardError > short.mean else { return short.upper }
        return max(short.upper, long.upper)
    }
}
