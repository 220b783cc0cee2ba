import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import Testing
import Values

@Suite struct SLODeciderTests {
    static let start = Instant(seconds: 1_800_000_000)

    /// A file that does not parse would keep Prometheus from loading anybody's.
    @Test func `rules with a person's PromQL wait for the server's word`() throws {
        for yaml in [SLOFixtures.queried, SLOFixtures.slices, SLOFixtures.latency] {
            var world = try World(yaml)
            #expect(world.step().rules == .keep)
            #expect(world.condition("RulesLoaded")?.message.contains("has read their PromQL") == true)
            world.observation.preflight = .found(try findings(yaml, .refused("parse error")))
            #expect(world.step().rules == .keep)
            #expect(world.condition("Stalled")?.status == .true)
            #expect(world.condition("Stalled")?.message.contains("this Prometheus refuses it: parse error") == true)
            // What can't be evaluated now harms nobody else.
            world.observation.preflight = .found(try findings(yaml, .failed("many-to-many")))
            #expect(world.step().rules == world.rules.map { .write($0) })
            #expect(world.condition("Stalled")?.status == .false)
            world.load()
            _ = world.step()
            #expect(world.condition("RulesLoaded")?.status == .true)
            // After a restart nothing is known of it yet, and nothing changes; but what Prometheus has loaded it has read.
            world.observation.preflight = .unasked
            let restarted = world.step()
            #expect(restarted.rules == world.rules.map { .write($0) } && !restarted.writesStatus)
            let loaded = world.observation.rules
            world.observation.output = .pending
            world.observation.rules = .loaded(Self.outdated(loaded))
            #expect(world.step().rules == .keep, "other rules than those that are loaded")
            world.observation.rules = loaded
            world.observation.output = .written
            #expect(world.step().rules == world.rules.map { .write($0) })
            _ = world.step()
            // Nor does it while that Prometheus is away: nothing is known, and nothing failed.
            for _ in 0..<2 {
                world.observation.rules = .unavailable("away")
                let away = world.step()
                #expect(away.rules == .keep)
                #expect(world.condition("RulesLoaded")?.status == .unknown)
                #expect(!away.events.contains { $0.kind == .warning })
            }
        }
        var plain = try World()
        #expect(plain.step().rules == plain.rules.map { .write($0) }, "selectors are checked here")
    }

    /// Text that is ours but for its selectors waits only until the server has taken it once.
    @Test func `a latency's rules need no word of their own`() throws {
        var world = try World(SLOFixtures.latency)
        #expect(world.step().rules == .keep)
        // Why they wait is told.
        world.observation.preflight = .unanswered("Prometheus 'default' refused: HTTP 401")
        #expect(world.step().rules == .keep)
        #expect(world.condition("RulesLoaded")?.message.contains("HTTP 401") == true, "\(String(describing: world.condition("RulesLoaded")))")
        world.observation.preflight = .formTaken
        #expect(world.step().rules == world.rules.map { .write($0) })
        #expect(world.condition("Preflight")?.reason == "NotAsked")
    }

    /// The same groups with another version's digest.
    private static func outdated(_ rules: SLOObservation.Rules) -> [LoadedRuleGroup] {
        guard case .loaded(let groups) = rules else { return [] }
        return groups.map { group in
            var group = group
            group.rules = group.rules.map { rule in
                var rule = rule
                if rule.name == SeriesNames.info { rule.labels[LabelNames.rules] = "other" }
                return rule
            }
            return group
        }
    }

    /// What Preflight finds when all of its questions get this answer.
    private func findings(_ yaml: String, _ answer: SLOPreflight.Answer) throws -> [SLOPreflight.Finding] {
        let world = try World(yaml)
        let preflight = SLOPreflight(try #require(world.slo.spec), settings: RuleSettings())
        return preflight.findings(preflight.questions.map { ($0, answer) }, setup: .init(retention: nil))
    }

    /// An SLO, and what the world shows of it.
    struct World {
        var slo: SLO
        var now = start
        var observation = SLOObservation()
        let desired: DesiredRules

        init(_ yaml: String = SLOFixtures.checkout) throws {
            var metadata = ObjectMeta()
            metadata.name = "checkout-availability"
            metadata.namespace = "shop"
            metadata.generation = 3
            slo = SLO(metadata: metadata, spec: try SLOFixtures.spec(yaml))
            desired = DesiredRules(slo, instance: "main", settings: RuleSettings(), now: SLODeciderTests.start)
        }

        var rules: GeneratedRules? { if case .rules(let rules) = desired { rules } else { nil } }

        /// Prometheus has the rules.
        mutating func load(health: RuleHealth = .ok, lastError: String = "", evaluated: Bool = true) {
            observation.output = .written
            observation.rules = .loaded(
                (rules?.groups ?? []).map { group in
                    LoadedRuleGroup(
                        name: group.name,
                        rules: group.rules.map {
                            LoadedRule(name: $0.name, labels: $0.labels, health: health, lastError: lastError, lastEvaluation: evaluated ? now : nil)
                        })
                })
        }

        /// Prometheus counts events.
        mutating func count(consumed: Double, burn: Double, coverage: Double = 0.5, alerts: [String: AlertState] = [:]) {
            var group = GroupFigures()
            group.period = EventCounts(total: 1e6, errors: 1e3 * consumed)
            for window in [PromDuration.minutes(5), .minutes(30), .hours(1), .hours(6)] {
                group.windows[window] = EventCounts(total: 1e4, errors: 10 * burn)
            }
            group.coverage = coverage
            group.sampled = now
            observation.figures = .read(SLOFigures(groups: [group], alerts: alerts))
        }

        /// Decides, and writes the status as the API server would keep it.
        mutating func step() -> Decision {
            let decision = SLODecider.decide(slo, desired: desired, observation: observation, now: now)
            if decision.writesStatus { slo.status = SLOStatus(lenient: decision.status.json) }
            return decision
        }

        func condition(_ type: String) -> Condition? { slo.status.conditions[type] }
    }

    @Test func `from applied to measured`() throws {
        var world = try World()
        let first = world.step()
        #expect(first.rules == .write(try #require(world.rules)))
        #expect(world.condition("Ready")?.status == .false)
        #expect(world.condition("Reconciling")?.status == .true)
        #expect(world.condition("RulesLoaded")?.reason == "NotWritten")

        world.observation.output = .written
        world.observation.rules = .loaded([])
        world.observation.figures = .read(nil)
        _ = world.step()
        #expect(world.condition("RulesLoaded")?.reason == "NotLoaded")
        #expect(world.condition("DataPresent")?.status == .unknown)

        world.load(evaluated: false)
        world.observation.figuresFollowEvaluation = false
        _ = world.step()
        #expect(world.condition("RulesLoaded")?.status == .true)
        #expect(world.condition("DataPresent")?.reason == "NotEvaluated")
        world.observation.figuresFollowEvaluation = true

        world.load()
        world.count(consumed: 0.28, burn: 0.5)
        let measured = world.step()
        #expect(world.condition("Ready")?.status == .true)
        #expect(world.condition("Reconciling")?.status == .false)
        #expect(world.condition("BudgetHealthy")?.status == .true)
        #expect(world.slo.status.errorBudget == SLOErrorBudget(remaining: "72%", consumed: "28%"))
        #expect(world.slo.status.burnRates.first { $0.window == "1h" }?.rate == "0.5x")
        #expect(world.slo.status.coverage == "50%")
        #expect(world.slo.status.lastSampled == world.now)
        #expect(world.slo.status.alerts.map(\.state) == [.inactive, .inactive, .inactive, .inactive])
        #expect(measured.writesStatus)
        #expect(!world.step().writesStatus)
    }

    @Test func `an invalid spec is told, and leaves the rules there are`() throws {
        var world = try World()
        world.load()
        world.count(consumed: 0.1, burn: 0)
        _ = world.step()
        let loaded = world.condition("RulesLoaded")
        let problem = Problem("spec.objective", "expected a percentage below 100%", got: .string("200%"))
        let decision = SLODecider.decide(world.slo, desired: .invalid([problem]), observation: world.observation, now: world.now)
        #expect(decision.rules == .keep)
        #expect(decision.status.conditions["Ready"]?.status == .false)
        #expect(decision.status.conditions["Ready"]?.reason == "Invalid")
        #expect(decision.status.conditions["Stalled"]?.status == .true)
        #expect(decision.status.conditions["Ready"]?.message.contains("spec.objective: expected a percentage below 100% (got \"200%\")") == true)
        #expect(decision.status.conditions["RulesLoaded"] == loaded)
        #expect(decision.events.map(\.reason) == ["Invalid"])
    }

    @Test func `a Prometheus that is away makes things unknown and keeps the last figures`() throws {
        var world = try World()
        world.load()
        world.count(consumed: 0.3, burn: 2, alerts: ["fast": .firing])
        _ = world.step()
        let before = world.slo.status
        #expect(before.conditions["BudgetHealthy"]?.reason == "Burning")

        world.now = world.now.adding(.minutes(10))
        world.observation.rules = .unavailable("connection refused")
        world.observation.figures = .unavailable("connection refused")
        #expect(world.step().writesStatus)
        #expect(world.condition("DataPresent")?.status == .unknown)
        #expect(world.condition("RulesLoaded")?.status == .unknown)
        #expect(world.condition("Ready")?.status == .unknown)
        #expect(world.slo.status.errorBudget == before.errorBudget)
        #expect(world.slo.status.burnRates == before.burnRates)
        #expect(world.slo.status.lastSampled == before.lastSampled)
        #expect(world.slo.status.alerts.first?.state == .unknown)

        // Another trouble is news; the same with other numbers is none.
        world.now = world.now.adding(.minutes(10))
        world.observation.figures = .unavailable("timed out after 10004 ms")
        let other = world.step().writesStatus
        #expect(other)
        #expect(world.condition("DataPresent")?.message == "timed out after 10004 ms")
        world.observation.figures = .unavailable("timed out after 10017 ms")
        let same = world.step().writesStatus
        #expect(!same)
    }

    @Test func `what Prometheus says of its rules is passed on`() throws {
        var world = try World()
        world.load(health: .err, lastError: "query processing would load too many samples into memory")
        world.observation.figures = .read(nil)
        let decision = world.step()
        #expect(world.condition("RulesLoaded")?.reason == "EvaluationFailed")
        #expect(world.condition("RulesLoaded")?.message.contains("too many samples") == true)
        #expect(decision.events.contains { $0.reason == "EvaluationFailed" && $0.kind == .warning })

        world.load()
        if case .loaded(var groups) = world.observation.rules {
            for index in groups[1].rules.indices where groups[1].rules[index].name == SeriesNames.info {
                groups[1].rules[index].labels[LabelNames.rules] = "old"
            }
            world.observation.rules = .loaded(groups)
            _ = world.step()
            #expect(world.condition("RulesLoaded")?.reason == "Outdated")
            world.observation.rules = .loaded(groups + groups)
            _ = world.step()
            #expect(world.condition("RulesLoaded")?.reason == "LoadedTwice")
        }
        world.observation.output = .failed(message: "PrometheusRule too large", isFinal: true)
        _ = world.step()
        #expect(world.condition("Stalled")?.status == .true)
    }

    @Test func `no series, no bucket`() throws {
        var world = try World(SLOFixtures.latency)
        world.load()
        world.observation.figures = .read(nil)
        // The figures are older than the rules' first evaluation: they can't say that there is nothing to count.
        world.observation.figuresFollowEvaluation = false
        _ = world.step()
        #expect(world.condition("DataPresent")?.reason == "NotEvaluated")
        world.observation.figuresFollowEvaluation = true
        _ = world.step()
        #expect(world.condition("DataPresent")?.reason == "NoSeries")
        #expect(world.condition("DataPresent")?.message.contains("http_request_duration_seconds_count{job=\"checkout\"}") == true)
        // After a restart the figures may be the older ones again: nothing has changed but us.
        world.observation.figuresFollowEvaluation = false
        let restarted = world.step().writesStatus
        #expect(!restarted)
        var group = GroupFigures()
        group.windows[.hours(1)] = EventCounts(total: 10)
        group.sampled = world.now
        world.observation.figures = .read(SLOFigures(groups: [group]))
        _ = world.step()
        #expect(world.condition("DataPresent")?.reason == "NoBucket")
        #expect(world.condition("DataPresent")?.message.contains("500ms") == true)
    }

    @Test func `a spent budget is said at once, with when it went`() throws {
        var world = try World()
        world.load()
        world.count(consumed: 0.9, burn: 20, alerts: ["fast": .firing])
        let burning = world.step()
        #expect(burning.events.contains { $0.reason == "AlertFiring" })
        #expect(world.condition("BudgetHealthy")?.reason == "Burning")
        let forecast = try #require(world.slo.status.exhaustedAt)
        #expect(forecast > world.now)
        world.now = world.now.adding(.seconds(30))
        world.count(consumed: 1.01, burn: 20, alerts: ["fast": .firing])
        let spent = world.step()
        #expect(spent.events.contains { $0.reason == "Exhausted" && $0.kind == .warning })
        #expect(world.slo.status.errorBudget?.remaining == "-1%")
        let went = try #require(world.slo.status.exhaustedAt)
        #expect(went <= world.now)
        world.now = world.now.adding(.hours(1))
        world.count(consumed: 1.5, burn: 20, alerts: ["fast": .firing])
        _ = world.step()
        #expect(world.slo.status.exhaustedAt == went)
        #expect(world.slo.status.errorBudget?.remaining == "-50%")
        world.now = world.now.adding(.hours(1))
        world.count(consumed: 0.995, burn: 0)
        _ = world.step()
        #expect(world.condition("BudgetHealthy")?.reason == "Exhausted")
        world.now = world.now.adding(.hours(1))
        world.count(consumed: 0.98, burn: 0)
        _ = world.step()
        #expect(world.condition("BudgetHealthy")?.status == .true)
        #expect(world.slo.status.exhaustedAt == nil)
    }

    @Test func `a freeze outlives the data that it came from`() throws {
        var world = try World(SLOFixtures.checkout + "\npolicy: [{name: freeze, remainingBelow: 0%, actions: [FreezeRollouts]}]")
        world.load()
        world.count(consumed: 1.4, burn: 1, coverage: 0.97)
        _ = world.step()
        #expect(world.slo.status.frozen)
        #expect(world.slo.status.heldCoverage == "97%")
        // Prometheus has lost its disk.
        for minutes in 1...30 {
            world.now = world.now.adding(.minutes(Int64(minutes)))
            world.count(consumed: 0, burn: 0, coverage: 0.001)
            _ = world.step()
            #expect(world.slo.status.frozen)
        }
        #expect(world.slo.status.heldCoverage == "97%")
        let answer = ReleaseGate.answer(world.slo, whenUnknown: .allow, now: world.now)
        #expect(
            answer.message
                == "the error budget is frozen: 100% of it is left by what is known, but of the window 1% is measured, and 97% was while it froze")
        world.now = world.now.adding(.days(27))
        world.count(consumed: 0, burn: 0, coverage: 0.9)
        _ = world.step()
        #expect(!world.slo.status.frozen)
        #expect(world.slo.status.heldCoverage == "")
    }

    @Test func `a default tier that can never fire is told before it matters`() throws {
        var world = try World(SLOFixtures.checkout.replacing("99.9%", with: "90%"))
        _ = world.step()
        #expect(world.condition("Preflight")?.reason == "UnreachableTier")
    }

    @Test func `a young SLO's figures come from what there is, an old one's stay while a sum is missing`() throws {
        var world = try World()
        world.load()
        func withoutPeriod(_ coverage: Double?) {
            var group = GroupFigures()
            group.windows[.hours(1)] = EventCounts(total: 1e4, errors: 5)
            group.coverage = coverage
            group.sampled = world.now
            world.observation.figures = .read(SLOFigures(groups: [group]))
        }
        withoutPeriod(nil)
        _ = world.step()
        #expect(world.slo.status.errorBudget?.remaining == "50%")
        for _ in 0..<3 {
            world.now = world.now.adding(.minutes(1))
            withoutPeriod(nil)
            #expect(!world.step().writesStatus)
        }
        world.now = world.now.adding(.minutes(10))
        world.count(consumed: 0.2, burn: 1)
        _ = world.step()
        #expect(world.slo.status.errorBudget?.remaining == "80%")
        let before = world.slo.status
        world.now = world.now.adding(.minutes(10))
        withoutPeriod(nil)
        #expect(!world.step().writesStatus)
        #expect(world.slo.status == before)
    }

    @Test func `a short window of few scrapes is told`() throws {
        let yaml = SLOFixtures.checkout + "\n  tiers: [{name: quick, severity: page, long: 10m, short: 1m, burnRate: 14.4x}]"
        var world = try World(yaml)
        _ = world.step()
        #expect(world.condition("Preflight")?.reason == "ShortWindow")
        #expect(world.condition("Preflight")?.message.contains("at least 2m") == true)
    }

    /// Random lives of an SLO: figures that move, alerts that come and go, a Prometheus that is away at times.
    @Test(arguments: 0..<50) func `status is written sparingly`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var world = try World()
        world.load()
        var consumed = 0.2
        var figureWrites: [Instant] = []
        for _ in 0..<120 {
            world.now = world.now.adding(.seconds(Int64.random(in: 1...60, using: &random)))
            let prior = world.slo.status
            switch Int.random(in: 0..<20, using: &random) {
            case 0: world.observation.figures = .unavailable("away \(world.now)")
            case 1: world.observation.figures = .read(nil)
            case 2: break
            default:
                consumed = max(0, consumed + Double.random(in: -0.02...0.03, using: &random))
                let firing = Int.random(in: 0..<15, using: &random) == 0
                world.count(consumed: consumed, burn: Double.random(in: 0...30, using: &random), alerts: firing ? ["fast": .firing] : [:])
            }
            let decision = SLODecider.decide(world.slo, desired: world.desired, observation: world.observation, now: world.now)
            #expect(decision == SLODecider.decide(world.slo, desired: world.desired, observation: world.observation, now: world.now))
            _ = world.step()
            let next = world.slo.status
            #expect(decision.writesStatus == (next != prior))
            let verdicts = (prior.conditions.map(\.status), prior.conditions.map(\.reason), prior.alerts)
            if verdicts == (next.conditions.map(\.status), next.conditions.map(\.reason), next.alerts), next != prior {
                if let last = figureWrites.last { #expect(world.now.since(last) >= .minutes(5), "seed \(seed)") }
            }
            if next.lastSampled != prior.lastSampled { figureWrites.append(world.now) }
            // What was decided once is decided: the same facts, later, are no news, but for figures that waited for their turn.
            let again = SLODecider.decide(world.slo, desired: world.desired, observation: world.observation, now: world.now.adding(.seconds(30)))
            #expect(!again.writesStatus || decision.requeueAfter != nil, "seed \(seed)")
            var settled = world
            settled.now = world.now.adding(.hours(1))
            _ = settled.step()
            settled.now = settled.now.adding(.hours(1))
            #expect(!settled.step().writesStatus, "seed \(seed)")
        }
    }

    @Test func `constant traffic writes nothing`() throws {
        var world = try World()
        world.load()
        world.count(consumed: 0.284, burn: 1.07)
        _ = world.step()
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            world.now = world.now.adding(.seconds(30))
            world.count(
                consumed: 0.284 * Double.random(in: 0.999...1.001, using: &random), burn: 1.07 * Double.random(in: 0.999...1.001, using: &random))
            #expect(!world.step().writesStatus)
        }
    }
}
