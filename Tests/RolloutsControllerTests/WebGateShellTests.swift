import HTTPTransport
import KubeClient
import Rollouts
import RolloutsController
import TestSupport
import Testing
import Values

@Suite struct WebGateShellTests {
    /// Asks a server of the test's own, which plays both the API server and what is asked.
    private func measure(
        _ question: WebGateShell.Question, namespace: String = "shop", sources: (UInt16) -> [String: WebSource] = { _ in [:] },
        _ script: @escaping ScriptedServer.Script
    ) async throws -> WebMeasurement.Reading {
        let server = try ScriptedServer(script)
        let http = HTTPClient(configuration: HTTPClientConfiguration(label: "web", guardPolicy: .noLinkLocal))
        let client = try KubeClient(configuration: KubeConfiguration(server: "http://127.0.0.1:\(server.port)", origin: "a script"))
        let shell = WebGateShell(http: http, sources: sources(server.port), services: client)
        let reading = await shell.measure(question, namespace: namespace)
        await http.shutdown()
        await client.shutdown()
        return reading
    }

    @Test func aSourceIsAskedByItsName() async throws {
        let question = WebGateShell.Question(.source("board"), path: "/approved?id=1", jsonPath: try JSONPath("{.approved}"))
        let reading = try await measure(question) { port in
            ["board": WebSource(url: "http://127.0.0.1:\(port)/api/", headers: [HTTPHeader("Authorization", "Bearer x")])]
        } _: { request, _ in
            request.target == "/api/approved?id=1" && request.headers["authorization"] == "Bearer x"
                ? .json(#"{"approved": true}"#) : .json("{}", status: 500)
        }
        #expect(reading == .value(.bool(true)))
    }

    @Test func whatIsNotOpenIsNotAsked() async throws {
        let elsewhere: (UInt16) -> [String: WebSource] = { ["board": WebSource(url: "http://127.0.0.1:\($0)", allowedNamespaces: ["other"])] }
        for question in [
            WebGateShell.Question(.source("board"), path: "/"), WebGateShell.Question(.source("nobody"), path: "/"),
        ] {
            let reading = try await measure(question, sources: elsewhere) { _, _ in
                Issue.record("nothing may be sent")
                return .hangUp
            }
            guard case .error = reading else {
                Issue.record("\(reading)")
                return
            }
        }
    }

    @Test func redirectsAndSilenceAreErrors() async throws {
        let sources: (UInt16) -> [String: WebSource] = { ["board": WebSource(url: "http://127.0.0.1:\($0)")] }
        let redirect = try await measure(WebGateShell.Question(.source("board"), path: "/"), sources: sources) { _, number in
            number > 1 ? .json("true") : .respond(302, headers: [("Location", "/other")])
        }
        #expect(redirect == .error("the answer is HTTP 302"))
        guard case .error = try await measure(WebGateShell.Question(.source("board"), path: "/"), sources: sources, { _, _ in .hangUp }) else {
            Issue.record("no answer is an error")
            return
        }
    }

    @Test func aServiceWithoutAnAddressIsAnError() async throws {
        let reading = try await measure(WebGateShell.Question(.service("board", port: "80"), path: "/")) { request, _ in
            request.target.hasPrefix("/api/v1/namespaces/shop/services/board")
                ? .json(#"{"metadata": {"name": "board"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}"#) : .json("{}", status: 404)
        }
        #expect(reading == .error("the Service board has no address of its own (clusterIP: None)"))
    }
}
