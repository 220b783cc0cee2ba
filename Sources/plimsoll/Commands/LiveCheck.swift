import PlimsollAPI
import PrometheusClient
import PrometheusModel
import ServiceLevels
import ServiceLevelsController
import Values

/// Asks a Prometheus what `SLOPreflight` wants to know of each SLO.
struct LiveCheck {
    let client: PrometheusHTTPClient

    /// - Throws: where the server can't be asked at all.
    func findings(_ spec: SLOSpec, _ settings: RuleSettings) async throws(CommandFailure) -> [SLOPreflight.Finding] {
        let preflight = SLOPreflight(spec, settings: settings)
        var answers: [(question: SLOPreflight.Question, answer: SLOPreflight.Answer)] = []
        do throws(PrometheusError) {
            let setup = try await client.setup()
            for question in preflight.questions { answers.append((question, try await PreflightAnswer.ask(question, client))) }
            return preflight.findings(answers, setup: SLOPreflight.ServerSetup(retention: setup.retention))
        } catch {
            throw .world("\(error)")
        }
    }
}
