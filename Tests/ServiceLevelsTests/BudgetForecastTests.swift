import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import Testing
import Values

@Suite struct BudgetForecastTests {
    /// Noon.
    private static let now = Instant(seconds: 20_000 * 86_400 + 43_200)
    private static let today = CivilDate(daysSinceEpoch: 20_000)

    private func days(_ errors: [Int: Double]) -> [PastDays.Day] {
        (1...31).reversed().map { ago in
            PastDays.Day(Self.today.adding(days: -ago), EventCounts(total: 1000, errors: errors[ago] ?? 0))
        }
    }

    /// Of 30,000 events 300 may fail.
    private func forecast(spent: Double, recent: Double, _ days: [PastDays.Day]) -> BudgetForecast? {
        BudgetForecast(
            budget: 0.01, window: .days(30), period: EventCounts(total: 30_000, errors: spent), recent: EventCounts(total: 41, errors: recent),
            recentWindow: .hours(1), days: days, sampled: Self.now)
    }

    @Test func `where nothing leaves the window the pace alone counts`() throws {
        // 100 left, 10 an hour.
        let exhaustion = try #require(forecast(spent: 200, recent: 10, days([:]))?.exhaustion)
        #expect(exhaustion.at.since(Self.now) == .hours(10))
        // Of a count of 10, chance leaves 6.0 to 16.7 likely.
        #expect(exhaustion.earliest.since(Self.now) > .minutes(355) && exhaustion.earliest.since(Self.now) < .hours(6))
        let latest = try #require(exhaustion.latest).since(Self.now)
        #expect(latest > .hours(16) && latest < .hours(17))
    }

    @Test func `a bad day that leaves saves the budget`() throws {
        // All of the 285 errors are of 29 days ago: from 12 hours on they leave within a day, where one an hour comes; then 264 more are allowed.
        let saved = try #require(forecast(spent: 285, recent: 1, days([29: 285]))?.exhaustion?.at.since(Self.now))
        #expect(abs(saved.milliseconds - PromDuration.hours(300).milliseconds) < 1000)
        // Ten days ago they stay.
        #expect(forecast(spent: 290, recent: 1, days([10: 290]))?.exhaustion?.at.since(Self.now) == .hours(10))
    }

    @Test func `no errors of late, no forecast; spent is spent`() {
        #expect(forecast(spent: 290, recent: 0, days([:]))?.exhaustion == nil)
        #expect(forecast(spent: 300, recent: 10, days([:]))?.exhaustion == nil)
        #expect(
            BudgetForecast(
                budget: 0.01, window: .days(90), period: EventCounts(total: 1, errors: 0), recent: EventCounts(total: 1, errors: 0),
                recentWindow: .hours(1), days: [], sampled: Self.now) == nil)
    }

    /// Against minutes lived through one by one.
    @Test func agreesWithASimulation() throws {
        var random = SeededGenerator(seed: 11)
        var (gone, lasting) = (0, 0)
        for _ in 0..<300 {
            var bad: [Int: Double] = [:]
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                bad[Int.random(in: 1...31, using: &random)] = Double(Int.random(in: 1...150, using: &random))
            }
            let recent = Double(Int.random(in: 0...3, using: &random))
            let spent = Double(Int.random(in: 100...299, using: &random))
            let found = forecast(spent: spent, recent: recent, days(bad))?.exhaustion?.at.since(Self.now)
            var left = 300 - spent
            var simulated: PromDuration?
            for minute in 1...(30 * 1440) {
                left -= recent / 60
                // What was minute `minute` of the window's oldest half-day and after leaves.
                let at = Self.now.adding(.minutes(Int64(minute)) - .days(30))
                let date = CivilDate(daysSinceEpoch: Int((at.wholeSeconds - 1) / 86_400))
                left += (bad[Self.today.daysSinceEpoch - date.daysSinceEpoch] ?? 0) / 1440
                if left <= 0 {
                    simulated = .minutes(Int64(minute))
                    break
                }
            }
            if let simulated, let found {
                gone += 1
                #expect(abs(found.milliseconds - simulated.milliseconds) <= 120_000, "\(bad) \(recent) \(spent)")
            } else {
                lasting += 1
                #expect(simulated == nil && found == nil, "\(bad) \(recent) \(spent): \(String(describing: found)) \(String(describing: simulated))")
            }
        }
        #expect(gone > 50 && lasting > 50)
    }

    @Test func regains() {
        let gains = BudgetForecast.regains(
            budget: 0.01, window: .days(30), total: 30_000, days: days([31: 90, 28: 30, 20: 3, 12: 60, 5: 36, 2: 9]), sampled: Self.now)
        #expect(gains.map(\.from) == [28, 12, 5].map { Self.today.adding(days: -$0) })
        #expect(gains.map(\.on) == [2, 18, 25].map { Self.today.adding(days: $0) })
        #expect(gains.map(\.share) == [0.1, 0.2, 0.12])
    }

    @Test func pastDaysAreRead() throws {
        let key = ObjectKey(namespace: "shop", name: "x")
        func vector(_ errors: Double, _ total: Double?) -> QueryResult {
            let labels = ["plimsoll_instance": "main", "plimsoll_namespace": "shop", "plimsoll_slo": "x", "region": "eu", "prometheus": "a"]
            func sample(_ kind: String, _ value: Double) -> VectorSample {
                VectorSample(metric: labels.merging(["plimsoll_sli": kind]) { $1 }, timestamp: 0, value: value)
            }
            return .vector([sample("errors", errors)] + (total.map { [sample("total", $0)] } ?? []))
        }
        var days = PastDays()
        let missing = days.missing(Self.now)
        #expect(missing.count == 31 && missing.first?.date == Self.today.adding(days: -1) && missing.first?.midnight.wholeSeconds == 20_000 * 86_400)
        try days.add(vector(7, 70), for: Self.today.adding(days: -1), instance: "main", now: Self.now)
        try days.add(vector(5, nil), for: Self.today.adding(days: -31), instance: "main", now: Self.now)
        #expect(days.missing(Self.now).count == 29)
        #expect(
            days.days(of: key, by: ["region"]) == [
                ["region": "eu"]: [
                    .init(Self.today.adding(days: -31), EventCounts(total: nil, errors: 5)),
                    .init(Self.today.adding(days: -1), EventCounts(total: 70, errors: 7)),
                ]
            ], "without what a federating server puts on")
        // A day later the oldest is out of reach, and one more is to be asked for.
        let before = days
        let tomorrow = Self.now.adding(.days(1))
        #expect(days.missing(tomorrow).map(\.date).first == Self.today)
        try days.add(.vector([]), for: Self.today, instance: "main", now: tomorrow)
        #expect(days.days(of: key, by: ["region"]).values.first?.count == 1)
        #expect(!days.agrees(with: before, on: key) && days.agrees(with: nil, on: ObjectKey(namespace: "shop", name: "y")))
        #expect(throws: FleetReading.Nonsense.self) { try days.add(.matrix([]), for: Self.today, instance: "main", now: tomorrow) }
    }
}
