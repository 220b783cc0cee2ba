import PlimsollAPI
import PrometheusModel
import ServiceLevels
import Testing
import Values

/// What preflight asks, and what it makes of the answers.
struct SLOPreflightTests {
    private static func sample(_ value: Double, _ labels: [String: String] = [:]) -> VectorSample {
        VectorSample(metric: labels, timestamp: 0, value: value)
    }

    /// Healthy answers, but for those that are replaced.
    private func findings(
        _ yaml: String, settings: RuleSettings = RuleSettings(), retention: PromDuration? = .days(90),
        _ replace: (SLOPreflight.Question.Subject) -> SLOPreflight.Answer? = { _ in nil }
    ) throws -> [String] {
        let preflight = SLOPreflight(try SLOFixtures.spec(yaml), settings: settings)
        let answers = preflight.questions.map { question in (question: question, answer: replace(question.subject) ?? Self.healthy(question.subject))
        }
        return preflight.findings(answers, setup: .init(retention: retention)).map {
            "\($0.weight == .problem ? "problem" : "warning") \($0.reason) \($0.path): \($0.message)"
        }
    }

    private static func healthy(_ subject: SLOPreflight.Question.Subject) -> SLOPreflight.Answer {
        switch subject {
        case .series: .vector([sample(12)])
        case .samples: .vector([sample(20)])
        case .bounds: .vector(["0.1", "0.5", "1", "+Inf"].map { sample(3, ["le": $0]) })
        case .ratio: .vector([sample(0.01)])
        case .groups: .vector([sample(4)])
        case .unlabelled, .native, .outside: .vector([])
        case .members:
            .vector(
                [("shop", "checkout"), ("shop", "front.end"), ("ai", "search")].map {
                    sample(1, ["plimsoll_namespace": $0.0, "plimsoll_slo": $0.1])
                })
        }
    }

    @Test(arguments: [
        SLOFixtures.checkout, SLOFixtures.goodForm, SLOFixtures.latency, SLOFixtures.grouped, SLOFixtures.queried, SLOFixtures.gauge,
        SLOFixtures.slices,
    ]) func nothingIsSaidOfAHealthyOne(yaml: String) throws {
        #expect(try findings(yaml) == [])
    }

    @Test func aMemberThatRecordsNothingIsNamed() throws {
        var spec = try SLOFixtures.spec(SLOFixtures.composite)
        spec.indicator.composite = spec.indicator.composite?.placed(in: "shop")
        let preflight = SLOPreflight(spec, settings: RuleSettings())
        #expect(preflight.questions.map(\.subject) == [.members])
        #expect(
            preflight.questions.first?.promql
                == #"count by (plimsoll_namespace, plimsoll_slo) (plimsoll:sli:events{plimsoll_namespace="ai",plimsoll_sli="total",plimsoll_slo="search"} or "#
                + #"plimsoll:sli:events{plimsoll_namespace="shop",plimsoll_sli="total",plimsoll_slo=~"checkout|front\\.end"})"#)
        func findings(_ answer: SLOPreflight.Answer) -> [String] {
            preflight.findings(preflight.questions.map { ($0, answer) }, setup: .init(retention: nil)).map { found in
                "\(found.reason) \(found.path): \(found.message)"
            }
        }
        #expect(findings(Self.healthy(.members)) == [])
        #expect(
            findings(.vector([Self.sample(2, ["plimsoll_namespace": "shop", "plimsoll_slo": "front.end"])])) == [
                "MemberSilent spec.indicator.composite.members: shop/checkout records no events now: it counts for nothing until it does",
                "MemberSilent spec.indicator.composite.members: ai/search records no events now: it counts for nothing until it does",
            ])
    }

    @Test func whatIsNotThereIsSaid() throws {
        let none: (SLOPreflight.Question.Subject) -> SLOPreflight.Answer? = { if case .series = $0 { .vector([]) } else { nil } }
        #expect(
            try findings(SLOFixtures.checkout, none) == [
                "problem NoSeries spec.indicator.ratio.total: selects no series now: nothing would be counted",
                "warning NoErrorSeries spec.indicator.ratio.errors: selects no series now, which counts as no errors; that is right where the series comes "
                    + "with the first error",
            ])
        #expect(
            try findings(SLOFixtures.slices, none) == [
                "problem NoSeries spec.indicator.slices.query: selects no series now: nothing would be counted"
            ])
    }

    @Test func theServersOwnWordsForWhatItCannotRead() throws {
        #expect(
            try findings(SLOFixtures.queried) { subject in
                if case .series(let field) = subject, field.description.hasSuffix("good") {
                    .refused("1:5: parse error: unexpected <by>")
                } else {
                    nil
                }
            } == ["problem QueryRefused spec.indicator.ratio.good: this Prometheus refuses it: 1:5: parse error: unexpected <by>"])
    }

    @Test func aThresholdThatIsNoBucketGetsTheNearest() throws {
        let bounds: (SLOPreflight.Question.Subject) -> SLOPreflight.Answer? = { subject in
            subject == .bounds ? .vector(["0.005", "0.1", "0.25", "1.0", "2.5", "5", "10", "+Inf"].map { Self.sample(1, ["le": $0]) }) : nil
        }
        #expect(
            try findings(SLOFixtures.latency, bounds) == [
                "problem NoBucket spec.indicator.latency.threshold: 500ms is the bound of no bucket; the nearest are 0.005s, 0.1s, 0.25s, 1s, 2.5s"
            ])
        // However the bound is spelt.
        #expect(try findings(SLOFixtures.latency.replacing("500ms", with: "1s"), bounds) == [])
    }

    @Test func aThresholdWithinANativeBucketHasItsBounds() throws {
        func answer(_ buckets: [(Double, Double, Double)]) -> (SLOPreflight.Question.Subject) -> SLOPreflight.Answer? {
            let buckets = buckets.map { HistogramBucket(lower: $0.0, upper: $0.1, count: $0.2) }
            return { $0 == .native ? .vector([VectorSample(metric: [:], timestamp: 0, value: .nan, buckets: buckets)]) : nil }
        }
        let yaml = SLOFixtures.latency.replacing("500ms", with: "300ms, type: Native")
        #expect(
            try findings(yaml, answer([(0.25, 0.2726, 70), (0.2973, 0.3242, 20), (0.5, 0.5453, 10)])) == [
                "warning Interpolated spec.indicator.latency.threshold: 300ms lies within a bucket of the native histogram, from 0.297s to 0.324s (a factor "
                    + "of 1.09), whose events count as evenly spread: of the last hour's between 10% and 30% were slower; 250ms, 500ms, 1s and 2s are exact in "
                    + "every native histogram"
            ])
        // Nothing is in the threshold's bucket, or it is a bound.
        #expect(try findings(yaml, answer([(0.25, 0.2726, 70), (0.5, 0.5453, 10)])) == [])
        #expect(try findings(SLOFixtures.latency, answer([(0.4585, 0.5, 70), (0.5000000001, 0.5453, 10)])) == [])
        #expect(try findings(yaml, { $0 == .native ? .vector([Self.sample(3)]) : nil }) == [])
    }

    @Test func aServerWithoutNativeHistogramsIsToldOf() throws {
        let found = try findings(SLOFixtures.latency) { subject in
            if case .series = subject { .refused("1:3: parse error: unknown function with name \"histogram_count\"") } else { nil }
        }
        #expect(
            found == [
                "problem QueryRefused spec.indicator.latency.histogram: this Prometheus refuses it: 1:3: parse error: unknown function with name "
                    + "\"histogram_count\"; where it has no native histograms, set spec.indicator.latency.type: Classic"
            ])
        let classic = SLOPreflight(try SLOFixtures.spec(SLOFixtures.classicLatency), settings: RuleSettings())
        #expect(classic.questions.allSatisfy { !$0.promql.contains("histogram_") })
    }

    @Test func dataThatIsNotKeptAndScrapesThatAreTooFarApart() throws {
        #expect(
            try findings(SLOFixtures.checkout, retention: .days(15)) == [
                "problem RetentionTooShort spec.window.rolling: 30d is longer than this Prometheus keeps data (15d): the budget would forget what is older; "
                    + "give at most 15d, or raise its retention"
            ])
        #expect(try findings(SLOFixtures.checkout, retention: nil) == [])
        let rare = try findings(SLOFixtures.checkout) { $0 == .samples ? .vector([Self.sample(5)]) : nil }
        #expect(
            rare.count == 2 && rare[0].hasPrefix("problem ScrapedTooRarely spec.indicator: its series are scraped about every 1m25s, and"), "\(rare)")
        // One scrape that was lost, and intervals that the span is no multiple of, are no reason.
        for (interval, samples) in [(30, 19.0), (45, 13), (90, 6), (240, 2)] {
            let settings = RuleSettings(scrapeInterval: .seconds(Int64(interval)))
            let found = try findings(SLOFixtures.checkout, settings: settings) { $0 == .samples ? .vector([Self.sample(samples)]) : nil }
            #expect(!found.contains { $0.contains("ScrapedTooRarely") }, "\(interval) s: \(found)")
        }
        #expect(rare.last?.hasPrefix("warning ShortWindow spec.alerting.tiers: the short window of tier fast, 5m, holds fewer") == true, "\(rare)")
    }

    @Test func errorsThatAreNoPartOfTheTotalAndGroupsOutOfHand() throws {
        #expect(
            try findings(SLOFixtures.checkout) { $0 == .ratio ? .vector([Self.sample(3.5)]) : nil } == [
                "problem NotPartOfTotal spec.indicator.ratio: its numerator is 3.5 times the total of the last hour: it is no part of it"
            ])
        #expect(
            try findings(SLOFixtures.grouped) { subject in
                switch subject {
                case .groups: .vector([Self.sample(1001)])
                case .unlabelled("region"): .vector([Self.sample(2)])
                default: nil
                }
            } == [
                "problem TooManyGroups spec.groupBy: makes 1001 groups; at most 1000 have a budget each",
                "warning GroupLabelMissing spec.groupBy: 2 series have no label region; they make a group of their own",
            ])
    }

    @Test func seriesThatAreNoPartOfTheTotalAreCounted() throws {
        let spec = try SLOFixtures.spec(
            SLOFixtures.checkout.replacing(#"errors: 'http_requests_total{job="checkout""#, with: #"errors: 'http_requests_total{job="other""#))
        let preflight = SLOPreflight(spec, settings: RuleSettings())
        let question = try #require(preflight.questions.first { $0.subject == .outside(field: "spec.indicator.ratio.errors") })
        #expect(
            question.promql
                == #"count(http_requests_total{code=~"5..",job="other"} unless http_requests_total{job="checkout"})"#)
        #expect(
            preflight.findings([(question, .vector([Self.sample(3)]))], setup: .init(retention: nil)).map { "\($0.reason) \($0.path)" } == [
                "NotPartOfTotal spec.indicator.ratio.errors"
            ])
        #expect(preflight.findings([(question, .vector([]))], setup: .init(retention: nil)).isEmpty)
    }

    @Test func costIsSaidWhereItHurts() throws {
        let costly = try findings(SLOFixtures.checkout) { if case .series = $0 { .vector([Self.sample(50_000)]) } else { nil } }
        #expect(
            costly == [
                "warning Costly spec.indicator: its rules read about 23333 samples a second, of 100000 series; narrow the selectors, or aggregate them by a "
                    + "rule first"
            ], "\(costly)")
    }
}
