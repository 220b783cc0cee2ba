import PrometheusModel
import Testing
import Values

@Suite struct ResultTests {
    private func decode(_ text: String) throws -> QueryResult { try QueryResult(decoding: Array(text.utf8)) }

    @Test func `a vector, with values that are no numbers of JSON`() throws {
        let result = try decode(
            """
            {"status":"success","data":{"resultType":"vector","result":[
              {"metric":{"__name__":"up","job":"a"},"value":[1435781451.781,"1"]},
              {"metric":{},"value":[1435781451,"+Inf"]}, {"metric":{},"value":[1435781451,"-Inf"]}, {"metric":{},"value":[1435781451,"NaN"]},
              {"metric":{"histogram":"native"},"histogram":[1435781451,{"count":"3","sum":"1.1","buckets":[[0,"0.25","0.5","2"],[3,"-0.001","0.001","1"]]}]},
              {"metric":{},"histogram":[1435781451,{"count":"0","sum":"0"}]}
            ],"stats":{"x":[1,{"y":null}]}},"warnings":["w"]}
            """)
        let samples = try #require(result.vector)
        #expect(samples.count == 6)
        #expect(samples[0] == VectorSample(metric: ["__name__": "up", "job": "a"], timestamp: 1_435_781_451.781, value: 1))
        #expect(samples[1].value == .infinity)
        #expect(samples[2].value == -.infinity)
        #expect(samples[3].value.isNaN)
        #expect(samples[3].buckets == nil)
        #expect(samples[4].value.isNaN)
        #expect(samples[4].buckets == [.init(lower: 0.25, upper: 0.5, count: 2), .init(lower: -0.001, upper: 0.001, count: 1)])
        #expect(samples[5].buckets == [])
    }

    @Test func `a matrix, a scalar, a string, and the type behind the result`() throws {
        let matrix = try decode(#"{"status":"success","data":{"result":[{"metric":{"a":"b"},"values":[[1,"2"],[3,"4e-3"]]}],"resultType":"matrix"}}"#)
        #expect(matrix.matrix == [MatrixSeries(metric: ["a": "b"], points: [.init(timestamp: 1, value: 2), .init(timestamp: 3, value: 0.004)])])
        #expect(try decode(#"{"status":"success","data":{"resultType":"scalar","result":[1.5,"2"]}}"#) == .scalar(timestamp: 1.5, value: 2))
        #expect(try decode(#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#) == .string(timestamp: 1, value: "x"))
    }

    @Test func `the server's own error`() {
        #expect(throws: PrometheusAPIError(type: "bad_data", message: "parse error")) {
            try decode(#"{"status":"error","errorType":"bad_data","error":"parse error"}"#)
        }
        #expect(throws: PrometheusAPIError(type: "execution", message: "x")) {
            try decode(#"{"data":{"resultType":"vector","result":7},"status":"error","errorType":"execution","error":"x"}"#)
        }
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "<html>502 Bad Gateway</html>", #"{"status":"success"}"#, #"{"status":"success","data":null}"#,
        #"{"status":"success","data":{"resultType":"vector"}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"one"]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"buckets":[[0,"1","2"]]}]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"buckets":[[0,"1","2","x"]]}]}]}}"#,
        #"{"status":"success","data":{"resultType":"cube","result":[]}}"#, #"{"status":"success","data":{"resultType":"vector","result":[]}"#,
        #"{"status":7,"data":{"resultType":"vector","result":[]}}"#,
    ]) func `nonsense is an error, and never more`(text: String) {
        #expect(throws: (any Error).self) { try decode(text) }
        #expect(throws: (any Error).self) { try RulesResult(decoding: Array(text.utf8)) }
    }

    @Test func `any cut or change of an answer is survived`() throws {
        let text = Array(#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"2"],[3,"4"]]}]}}"#.utf8)
        for count in 0..<text.count { #expect(throws: (any Error).self) { try QueryResult(decoding: Array(text.prefix(count))) } }
        var random = SeededGenerator(seed: 11)
        for _ in 0..<5000 {
            var changed = text
            changed[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = try? QueryResult(decoding: changed)
            _ = try? RulesResult(decoding: changed)
        }
    }

    @Test func `rules with their health`() throws {
        let text = """
            {"status":"success","data":{"groups":[
              {"name":"plimsoll/main/shop/a/fast","file":"/rules/a.yaml","interval":30,"limit":0,"evaluationTime":0.002,
               "lastEvaluation":"2026-11-21T09:00:00.123456789Z","rules":[
                {"name":"x:y","query":"vector(1)","labels":{"plimsoll_rules":"abc"},"health":"ok","evaluationTime":1e-4,
                 "lastEvaluation":"2026-11-21T10:00:00.5+01:00","type":"recording"},
                {"state":"firing","name":"A","query":"x > 1","duration":0,"labels":{},"annotations":{},"alerts":[{"labels":{},"state":"firing"}],
                 "health":"err","lastError":"too many samples","lastEvaluation":"0001-01-01T00:00:00Z","type":"alerting"}]},
              {"name":"other","file":"o.yaml","rules":[]}
            ]}}
            """
        let result = try RulesResult(decoding: Array(text.utf8)) { $0.hasPrefix("plimsoll/") }
        let group = try #require(result.groups.first)
        #expect(result.groups.count == 1)
        #expect(group.file == "/rules/a.yaml")
        #expect(group.interval == 30)
        #expect(group.rules.map(\.health) == [.ok, .err])
        #expect(group.rules[0].labels == ["plimsoll_rules": "abc"])
        #expect(group.rules[0].lastEvaluation == Instant(rfc3339: "2026-11-21T09:00:00.5Z"))
        #expect(group.rules[1].isAlert)
        #expect(group.rules[1].state == "firing")
        #expect(group.rules[1].lastError == "too many samples")
        #expect(group.rules[1].lastEvaluation == nil)
        #expect(group.lastEvaluation != nil)
    }

    @Test func `alerts`() throws {
        let text = """
            {"status":"success","data":{"alerts":[{"labels":{"alertname":"A"},"annotations":{"summary":"s"},"state":"firing",
            "activeAt":"2026-11-21T09:00:00Z","value":"1.5e+01"}]}}
            """
        let alerts = try AlertInstance.decode(Array(text.utf8))
        #expect(
            alerts == [
                AlertInstance(
                    labels: ["alertname": "A"], annotations: ["summary": "s"], state: "firing", activeAt: Instant(rfc3339: "2026-11-21T09:00:00Z"),
                    value: 15)
            ])
    }
}
