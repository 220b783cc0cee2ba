import Testing
import Values

@testable import ServiceLevels

@Suite struct RoundedFigureTests {
    @Test(arguments: [
        (0.7234, "72%"), (0.0, "0%"), (1.0, "100%"), (0.996, "100%"), (0.994, "99%"), (-3.14159, "-310%"), (0.00042, "0%"), (0.0042, "0.4%"),
        (0.0999, "10%"),
        (-0.004, "-0.4%"), (Double.nan, "0%"), (1e300, "1000000%"),
    ]) func `a share has two digits`(share: Double, text: String) {
        #expect(RoundedFigure.percent(share, shown: nil) == text)
    }

    @Test(arguments: [(14.4, "14x"), (0.26, "0.3x"), (0.0, "0x"), (100.4, "100x"), (9.96, "10x"), (1234.0, "1200x")])
    func `so has a factor`(value: Double, text: String) {
        #expect(RoundedFigure.factor(value, shown: nil) == text)
    }

    @Test func `a shown figure stays while the true one is near`() {
        #expect(RoundedFigure.percent(0.7270, shown: "72%") == "72%")
        #expect(RoundedFigure.percent(0.7290, shown: "72%") == "73%")
        #expect(RoundedFigure.percent(0.9300, shown: "100%") == "93%")
        #expect(RoundedFigure.factor(9.97, shown: "10x") == "10x")
        #expect(RoundedFigure.factor(14.0, shown: "nonsense") == "14x")
    }

    @Test func `a figure on an edge does not swing, and never strays a digit`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let value = Double.random(in: -5...5, using: &random)
            let first = RoundedFigure.percent(value, shown: nil)
            var shown = first
            var changes = 0
            for _ in 0..<20 {
                let unit = max(0.001, abs(value) * 0.002)
                let next = RoundedFigure.percent(value + Double.random(in: -unit...unit, using: &random) * 0.1, shown: shown)
                if next != shown { changes += 1 }
                shown = next
            }
            #expect(changes == 0, "\(value) swings from \(first) to \(shown)")
        }
    }
}

struct CoverageTests {
    @Test(arguments: [
        (0.0, "", "0%"), (0.0001, "0%", "1%"), (0.031, "1%", "1%"), (0.0499, "", "1%"), (0.05, "1%", "1%"), (0.06, "1%", "5%"), (0.0, "1%", "1%"),
        (0.899, "90%", "90%"), (0.88, "90%", "85%"), (0.52, "50%", "50%"), (0.56, "50%", "55%"),
        (0.46, "50%", "50%"),
        (0.44, "50%", "40%"), (0.898, "85%", "85%"), (0.9, "85%", "90%"), (0.972, "90%", "97%"), (1.0, "97%", "100%"),
    ])
    func growsInSteps(share: Double, shown: String, expected: String) {
        #expect(RoundedFigure.coverage(share, shown: shown) == expected)
    }
}
