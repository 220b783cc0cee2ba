import PrometheusModel
import Testing
import Values

@Suite struct PromQLTests {
    @Test(arguments: [("500ms", "0.5"), ("1s", "1"), ("1m30s", "90"), ("2ms", "0.002"), ("1h500ms", "3600.5"), ("0", "0")])
    func `durations become seconds`(text: String, seconds: String) throws {
        #expect(PromQL.seconds(try #require(PromDuration(text))) == seconds)
    }

    @Test func `negative durations keep their sign`() {
        #expect(PromQL.seconds(PromDuration(milliseconds: -500)) == "-0.5")
        #expect(PromQL.seconds(PromDuration(milliseconds: -1500)) == "-1.5")
    }

    @Test(arguments: [
        ("plain", "plain"), ("{{ $value }}", #"{{ "{{" }} $value }}"#), ("a{{b{{c", #"a{{ "{{" }}b{{ "{{" }}c"#), ("{", "{"),
        ("{{{", #"{{ "{{" }}{"#), ("}}", "}}"),
    ]) func `templates print text as it is`(text: String, template: String) {
        #expect(PromQL.literalInTemplate(text) == template)
    }

    @Test func `a rule file has a fixed order`() {
        let group = RuleGroup(
            name: "g", interval: .seconds(30),
            rules: [
                .recording(record: "a:b", expr: "vector(1)", labels: ["z": "1", "a": "2"]),
                .alerting(
                    alert: "A", expr: "a > 1\nand\nb > 2", hold: .minutes(5), keepFiringFor: .minutes(1), labels: ["severity": "page"],
                    annotations: ["summary": "yes"]),
            ])
        #expect(
            RuleFile(groups: [group]).yaml == """
                groups:
                - name: g
                  interval: 30s
                  rules:
                  - record: a:b
                    expr: vector(1)
                    labels:
                      a: '2'
                      z: '1'
                  - alert: A
                    expr: |-
                      a > 1
                      and
                      b > 2
                    for: 5m
                    keep_firing_for: 1m
                    labels:
                      severity: page
                    annotations:
                      summary: 'yes'

                """)
    }
}
