import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

/// The 30 d error ratio on a synthetic history, against what really happened, with real tools throughout. Takes minutes: `History/run` asks for it.
@Suite(
    .serialized,
    .enabled(
        if: TestEnvironment.value("PLIMSOLL_TEST_HISTORY") != nil,
        "set PLIMSOLL_TEST_HISTORY to a scratch directory, or call Tests/ServiceLevelsTests/History/run"))
struct HistoryTests {
    private static let directory = TestEnvironment.value("PLIMSOLL_TEST_HISTORY") ?? ""
    private static let folder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex)) + "/History"

    private static func history(_ arguments: String...) async throws {
        let python = try #require(TestEnvironment.executable("python3"))
        let process = try ChildProcess(python, ["\(folder)/history.py"] + arguments, output: "\(directory)/\(arguments[0]).log")
        let exit = await process.wait(timeout: .seconds(1200))
        print(process.output)
        try #require(exit == .code(0))
    }

    /// Instant queries as of the history's end.
    private static func ask(_ queries: [String]) async throws -> [[UInt8]] {
        try writeFile("\(directory)/queries.txt", queries.map { $0.replacing("\n", with: " ") + "\n" }.joined())
        try await history("ask", directory)
        return try readFile("\(directory)/answers.txt").split(separator: "\n").map { Array($0.utf8) }
    }

    @Test func `figures are those of the events that scrapes saw`() async throws {
        try await Self.history("make", Self.directory)
        try HistoryRules.write(to: Self.directory)
        try await Self.history("backfill", Self.directory)

        let fleet = FleetQueries(instance: "main")
        let costs = try HistoryRules.generated("b").groups
        let rules = costs.flatMap(\.rules)
        let answers = try await Self.ask(FleetQueries.Question.allCases.map(fleet.promql) + rules.map(\.expr))
        try #require(answers.count == FleetQueries.Question.allCases.count + rules.count)

        let reading = try FleetReading(
            Dictionary(uniqueKeysWithValues: zip(FleetQueries.Question.allCases, answers.map { try QueryResult(decoding: $0) })), instance: "main")
        let truth = try JSON(parsing: readFile("\(Self.directory)/truth.json"))
        for (service, bound) in [("a", 0.001), ("b", 0.001), ("c", 0.01)] {
            let figures = try #require(reading.figures[ObjectKey(namespace: "history", name: service)])
            let ratio = try #require(figures.groups.first?.period.errorRatio)
            let real = try #require(truth["services"]?[service]?["ratio"]?.doubleValue)
            let error = ratio / real - 1
            print("FIGURE history_\(service)_relative_error \(error) ratio <=\(bound) \(abs(error) <= bound ? "ok" : "short")")
            #expect(abs(error) <= bound)
            let coverage = try #require(figures.groups.first?.coverage)
            #expect(abs(coverage - (1 - 2.0 / 720)) < 0.003)
            let budget = try #require(BudgetFigures(figures, spec: HistoryRules.spec(service), forecastWindow: .hours(1), mayUseShorter: false))
            #expect(abs(budget.remaining - (1 - real / 0.01)) < bound * real / 0.01)
        }

        // What Prometheus reads to evaluate one SLO of kind b, in samples a second.
        var perSecond = 0.0
        var rest = answers.dropFirst(FleetQueries.Question.allCases.count)
        for group in costs {
            for _ in group.rules {
                let samples = try JSON(parsing: rest.removeFirst())["data"]?["stats"]?["samples"]?["totalQueryableSamples"]?.doubleValue
                perSecond += try #require(samples) / (group.interval?.seconds ?? 30)
            }
        }
        print("FIGURE slo_samples_read_per_second \(perSecond) samples/s <=150 \(perSecond <= 150 ? "ok" : "short")")
        #expect(perSecond <= 150)
    }
}
