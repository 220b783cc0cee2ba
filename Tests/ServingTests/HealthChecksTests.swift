import Serving
import Testing

@Suite struct HealthChecksTests {
    @Test func checksBelongToTheirProbes() {
        let health = HealthChecks()
        #expect(health.report(.live).text(verbose: true) == "healthz check passed\n")
        health.register("b", [.ready]) { .failing(reason: "two\nlines") }
        health.register("a", [.live, .ready]) { .passing }
        #expect(health.report(.live).isPassing)
        #expect(health.report(.live).text(verbose: true) == "[+]a ok\nhealthz check passed\n")
        #expect(health.report(.ready).text(verbose: false) == "[-]b: two lines\nreadyz check failed\n")
        #expect(health.report(.ready).text(verbose: true) == "[+]a ok\n[-]b: two lines\nreadyz check failed\n")
        health.register("b") { .passing }
        #expect(health.report(.ready).text(verbose: false) == "ok\n")
        health.register("b") { .failing(reason: "x") }
        health.remove("b")
        #expect(health.report(.ready).isPassing)
    }

    @Test func aStopMakesItUnreadyButNotDead() {
        let health = HealthChecks()
        health.register("a", [.live, .ready]) { .passing }
        health.beginShutdown()
        #expect(health.report(.live).isPassing)
        #expect(health.report(.ready).text(verbose: true) == "[-]shutdown: the daemon is stopping\n[+]a ok\nreadyz check failed\n")
    }
}
