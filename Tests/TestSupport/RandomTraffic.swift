package import ServiceLevels
package import Values

/// Requests and failures as chance brings them: Poisson, in slots of one evaluation interval each.
package struct RandomTraffic: Sendable {
    /// A time in which a share of all requests fails.
    package struct Outage: Sendable {
        package var start: Int
        package var slots: Int
        package var errorRatio: Double

        package init(start: Int, slots: Int, errorRatio: Double) {
            self.start = start
            self.slots = slots
            self.errorRatio = errorRatio
        }
    }

    package var perSlot: Double
    /// Outside outages.
    package var errorRatio: Double
    package var outages: [Outage] = []
    /// The share of slots that nobody measured.
    package var holes = 0.0

    package init(perSlot: Double, errorRatio: Double) {
        self.perSlot = perSlot
        self.errorRatio = errorRatio
    }

    package func trace(slots: Int, _ random: inout SeededGenerator) -> Backtest.Trace {
        var ratios = [Double](repeating: errorRatio, count: slots)
        for outage in outages {
            for slot in outage.start..<min(slots, outage.start + outage.slots) { ratios[slot] = outage.errorRatio }
        }
        var trace = Backtest.Trace(total: [], errors: [])
        trace.total.reserveCapacity(slots)
        trace.errors.reserveCapacity(slots)
        for ratio in ratios {
            if holes > 0, Double.random(in: 0..<1, using: &random) < holes {
                trace.total.append(nil)
                trace.errors.append(nil)
                continue
            }
            let errors = Self.poisson(perSlot * ratio, &random)
            trace.total.append(errors + Self.poisson(perSlot * (1 - ratio), &random))
            trace.errors.append(errors)
        }
        return trace
    }

    /// By inversion, and by the normal curve where that is as good.
    private static func poisson(_ mean: Double, _ random: inout SeededGenerator) -> Double {
        if mean <= 0 { return 0 }
        if mean > 200 {
            let twelve = (0..<12).reduce(0.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
            return max(0, (mean + (twelve - 6) * mean.squareRoot()).rounded())
        }
        var uniform = Double.random(in: 0..<1, using: &random)
        // e^-mean by its series would do as well; steps of at most 1 keep it from underflowing.
        var count = 0.0
        var term = exponential(-mean)
        while uniform >= term, count < 1000 {
            uniform -= term
            count += 1
            term *= mean / count
        }
        return count
    }

    /// e^x for x <= 0: (e^(x/1024))^1024 by squaring, and the head of the series.
    private static func exponential(_ x: Double) -> Double {
        let small = x / 1024
        var value = 1 + small + small * small / 2 + small * small * small / 6 + small * small * small * small / 24
        for _ in 0..<10 { value *= value }
        return value
    }
}
