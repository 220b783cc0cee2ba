import TestSupport
import Testing

/// The 30 d error ratio on a synthetic history, against what really happened. Takes minutes: `History/run` sets `PLIMSOLL_TEST_HISTORY`.
@Suite(.enabled(if: TestEnvironment.value("PLIMSOLL_TEST_HISTORY") != nil, "set PLIMSOLL_TEST_HISTORY to a scratch directory, or call History/run"))
struct HistoryTests {
    @Test func `rules`() throws {
        try HistoryRules.write(to: TestEnvironment.value("PLIMSOLL_TEST_HISTORY") ?? "")
    }
}
