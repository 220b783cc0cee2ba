import PlimsollAPI
import ServiceLevels
import TestSupport
import Values

/// Months of random traffic through an SLO's default alerts, with and without the low-traffic guard: how often they page for nothing, and how soon for
/// something. The evaluator is the backtest's, which agrees with promtool (BacktestTests).
struct SLOMonths {
    let months: Int
    let seed: UInt64

    private static let interval = PromDuration.seconds(30)
    private static let month = 30 * 2880
    private static let perHour = [10, 50, 100, 1_000, 100_000]
    private static let outages = [0.01, 0.1, 0.5, 1]

    private func backtest(_ lowTraffic: String) throws -> Backtest {
        let slo = SLO(json: [
            "metadata": ["name": "any", "namespace": "bench"],
            "spec": [
                "service": "any", "objective": "99.9%", "window": ["rolling": "30d"],
                "indicator": ["ratio": ["errors": "failed_total{job=\"any\"}", "total": "all_total{job=\"any\"}"]],
                "alerting": ["lowTraffic": .string(lowTraffic)],
            ],
        ])
        guard let spec = slo.spec, slo.problems.isEmpty else { throw RuleProblems(slo.problems) }
        return Backtest(spec, settings: RuleSettings(evaluationInterval: Self.interval), start: .epoch)
    }

    func run() throws {
        print("months \(months) seed \(seed) objective 99.9% interval \(Self.interval)")
        print("MONTHS requests/h guard false-pages/month page-after(1%) page-after(10%) page-after(50%) page-after(100%)")
        let guarded = try backtest("Guarded")
        let raw = try backtest("Off")
        for rate in Self.perHour {
            for (name, backtest) in [("on", guarded), ("off", raw)] {
                let pages = falsePages(backtest, rate)
                let times = Self.outages.map { timeToPage(backtest, rate, $0) }
                print("MONTHS \(rate) \(name) \(Self.text(pages)) \(times.joined(separator: " "))")
                if rate == 50, name == "on" {
                    print("FIGURE false_pages_50_per_hour \(Self.text(pages)) pages/month <=0.05 \(pages <= 0.05 ? "ok" : "short")")
                    let hour = within(backtest, rate, 0.5, .hours(1))
                    print("FIGURE half_outage_paged_within_1h \(Self.text(hour)) share >=0.99 \(hour >= 0.99 ? "ok" : "short")")
                }
            }
        }
    }

    /// Errors are exactly what the objective allows.
    private func falsePages(_ backtest: Backtest, _ rate: Int) -> Double {
        var random = SeededGenerator(seed: seed)
        let traffic = RandomTraffic(perSlot: Double(rate) / 120, errorRatio: 0.001)
        var pages = 0
        for _ in 0..<months { pages += backtest.alerts(traffic.trace(slots: Self.month, &random)).filter { $0.severity == .page }.count }
        return Double(pages) / Double(months)
    }

    /// How long an outage of 12 hours goes on before the first page, each time; nil where none comes.
    private func times(_ backtest: Backtest, _ rate: Int, _ ratio: Double) -> [PromDuration?] {
        var random = SeededGenerator(seed: seed)
        let start = 3 * 2880
        var traffic = RandomTraffic(perSlot: Double(rate) / 120, errorRatio: 0.0001)
        traffic.outages = [.init(start: start, slots: 1440, errorRatio: ratio)]
        let began = Instant.epoch.adding(Self.interval * Int64(start))
        return (0..<max(20, months / 2)).map { _ in
            backtest.alerts(traffic.trace(slots: start + 1440, &random)).first { $0.severity == .page && $0.start >= began }?.start.since(began)
        }
    }

    /// Median and 95th percentile.
    private func timeToPage(_ backtest: Backtest, _ rate: Int, _ ratio: Double) -> String {
        let sorted = times(backtest, rate, ratio).sorted { ($0 ?? .days(9)) < ($1 ?? .days(9)) }
        func at(_ share: Double) -> String { sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]?.description ?? "never" }
        return "\(at(0.5))/\(at(0.95))"
    }

    private func within(_ backtest: Backtest, _ rate: Int, _ ratio: Double, _ limit: PromDuration) -> Double {
        let times = times(backtest, rate, ratio)
        return Double(times.filter { $0.map { $0 <= limit } ?? false }.count) / Double(times.count)
    }

    private static func text(_ value: Double) -> String { ExactDecimal(value)?.rounded(digits: 3).description ?? "\(value)" }
}
