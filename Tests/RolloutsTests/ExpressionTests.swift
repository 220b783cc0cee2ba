import PrometheusModel
import Testing
import Values

@testable import Rollouts

@Suite struct ExpressionTests {
    private static func list(_ values: Double...) -> ExpressionValue { .array(values.map { .float($0) }) }

    private func outcome(_ text: String, _ result: ExpressionValue) -> String {
        do {
            return try Expression(text).evaluate(result).isTrue ? "true" : "false"
        } catch {
            return "error"
        }
    }

    @Test(arguments: [
        ("result[0] <= 0.01", "true"), ("result[0] > 0.05", "false"), ("result[-1] == 3", "true"), ("result[3] > 0", "error"),
        ("result[-4] > 0", "error"),
        ("len(result) == 3", "true"), ("len(result) > 0 && result[0] < 1", "true"), ("len(result) == 0 || result[0] < 0", "false"),
        ("len(result) == 0 or not (result[0] < 0)", "true"), ("all(result, # < 4)", "true"), ("all(result, {# < 3})", "false"),
        ("any(result, # > 2)", "true"), ("one(result, # > 1)", "false"), ("none(result, # > 3)", "true"), ("len(filter(result, # > 1)) == 2", "true"),
        ("map(result, # * 2)[2] == 6", "true"), ("count(result, # >= 2) == 2", "true"), ("sum(result) == 5.01", "true"), ("max(result) <= 3", "true"),
        ("min(result) == 0.01 and mean(result) < 2", "true"), ("2 in result", "true"), ("7 not in result", "true"), ("not (7 in result)", "true"),
        ("result[0:2][1] == 2", "true"), ("len(result[1:]) == 2", "true"), ("len(result[:9]) == 3", "true"), ("result[5:]  == []", "true"),
        ("isNaN(result[0])", "false"), ("isInf(result[0])", "false"), ("isNil(result)", "false"), ("default(result, 0)[0] < 1", "true"),
        ("result[0] < 0.005 ? false : true", "true"), ("1 + 2 * 3 == 7", "true"), ("(1 + 2) * 3 == 9", "true"), ("-2 ** 2 == -4", "true"),
        ("2 ** 3 ** 2 == 512", "true"), ("7 % 4 == 3 && 7 / 2 == 3.5", "true"), ("1 == 1.0", "true"), ("\"a\" + 'b' == `ab`", "true"),
        ("\"error: x\" contains \"error\"", "true"), ("\"abc\" startsWith \"ab\" and \"abc\" endsWith \"bc\"", "true"), ("\"a\" < \"b\"", "true"),
        ("5 in 1..9", "true"), ("len(0..3) == 4", "true"), ("asInt(\"42\") == 42", "true"), ("asFloat(\"0.5\") < 1", "true"),
        ("asInt(\"x\") == 1", "error"),
        ("nil ?? 3 == 3", "true"), ("abs(-2) == 2 && floor(1.5) == 1 && ceil(1.5) == 2 && round(1.5) == 2", "true"), ("1_000 == 1e3", "true"),
        ("result", "error"), ("result[0]", "error"), ("result == \"x\"", "false"), ("result > 1", "error"), ("result[0] && true", "error"),
        ("!result[0]", "error"), ("1 / 0 > 5", "true"), ("1 % 0 == 0", "error"), ("first(result) < last(result)", "true"),
    ])
    func onAListOfNumbers(text: String, expected: String) {
        #expect(outcome(text, Self.list(0.01, 2, 3)) == expected, "\(text)")
    }

    @Test(arguments: [
        ("result.ok", "true"), ("result[\"ok\"]", "true"), ("result.data.rate < 0.5", "true"), ("result.data.missing == nil", "true"),
        ("result.missing.rate > 1", "error"), ("result.missing?.rate == nil", "true"), ("result.missing?.rate ?? 0 == 0", "true"),
        ("all(result.items, .up)", "false"), ("any(result.items, #.name == \"b\")", "true"), ("\"ok\" in result", "true"),
        ("len(result.items) == 2", "true"),
        ("result.state in [\"Ready\", \"Done\"]", "true"), ("default(result.missing, 5) > 4", "true"), ("isNil(result.missing)", "true"),
    ])
    func onJSON(text: String, expected: String) {
        let result = ExpressionValue([
            "ok": true, "state": "Done", "data": ["rate": .number("0.25")], "items": [["name": "a", "up": true], ["name": "b", "up": false]],
        ])
        #expect(outcome(text, result) == expected, "\(text)")
    }

    @Test(arguments: [
        ("", "the end"), ("result[0] <", "the end"), ("result[0] <= 0.01 )", "unexpected )"), ("(result", "expected )"),
        ("foo > 1", "foo is not known"),
        ("foo(1)", "foo is not supported"), ("result matches \"a.*\"", "unexpected matches"), ("result | len()", "unexpected |"),
        ("# > 1", "unexpected #"),
        ("\"open", "closing"), ("1.2.3 > 0", "unexpected"), ("12x > 0", "12x is no number"), ("isNaN()", "isNaN takes 1"),
        ("result @ 1", "unexpected @"),
        ("default(1)", "default takes 2"), ("let x = 1; x", "unexpected ="), ("result.5", "unexpected"),
        (String(repeating: "(", count: 90), "deeply"),
    ])
    func whatIsRefusedSaysWhy(text: String, words: String) {
        do {
            _ = try Expression(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.message.contains(words), "\(error.message)")
        }
    }

    @Test func restsOnNoNumber() throws {
        func rests(_ text: String, _ value: Double) throws -> Bool { try Expression(text).evaluate(Self.list(value)).restsOnNoNumber }
        #expect(try rests("result[0] < 1", .nan))
        #expect(try rests("result[0] >= 0.9", .infinity))
        #expect(try rests("result[0] == 0", .nan))
        #expect(try rests("sum(result) < 3", .nan))
        #expect(try !rests("isNaN(result[0]) || result[0] < 1", .nan))
        #expect(try !rests("len(result) == 1", .nan))
        #expect(try !rests("result[0] < 1", 0.5))
    }

    @Test func queryResults() {
        func sample(_ value: Double) -> VectorSample { VectorSample(metric: ["a": "\(value)"], timestamp: 0, value: value) }
        #expect(ExpressionValue(QueryResult.scalar(timestamp: 1, value: 2)) == .float(2))
        #expect(ExpressionValue(QueryResult.vector([sample(3), sample(1)])) == Self.list(3, 1))
        let points = [1.0, 2].map { MatrixSeries.Point(timestamp: 0, value: $0) }
        #expect(
            ExpressionValue(QueryResult.matrix([.init(metric: [:], points: points), .init(metric: [:], points: points)])) == Self.list(1, 2, 1, 2))
        #expect(ExpressionValue(QueryResult.string(timestamp: 0, value: "x")) == nil)
        #expect(ExpressionValue.null.isEmpty && ExpressionValue.array([]).isEmpty && !ExpressionValue.float(0).isEmpty)
    }

    /// Nothing that people or machines write may trap.
    @Test func nothingTraps() {
        var random = SeededGenerator(seed: 9)
        let words = [
            "result", "[", "]", "0", "-1", "9223372036854775807", "+", "-", "*", "/", "%", "**", "(", ")", "len(", "all(", ",", "#", "{", "}", "<",
            "==", "&&",
            "or", "not", "in", "..", "\"a\"", "nil", "true", "?", ":", ".", "x", "1e999", "asInt(", "min(", "'", "\\",
        ]
        var taken = 0
        for _ in 0..<60_000 {
            let text = (0..<Int.random(in: 1...9, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
            guard let expression = try? Expression(text) else { continue }
            taken += 1
            for value in [Self.list(), Self.list(1, .nan, .infinity), .null, .string("x"), .map([:]), .int(.min), .float(-.infinity)] {
                _ = try? expression.evaluate(value)
            }
        }
        #expect(taken > 300)
    }
}
