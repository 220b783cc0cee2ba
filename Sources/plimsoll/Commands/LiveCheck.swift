import PlimsollAPI
import PrometheusClient
import PrometheusModel
import ServiceLevels
import Values

/// Asks a Prometheus what `SLOPreflight` wants to know of each SLO.
struct LiveCheck {
    let client: PrometheusHTTPClient

    init(url: String) throws(CommandFailure) {
        do {
            client = try PrometheusHTTPClient(PrometheusSettings(name: "--against", url: url), userAgent: "plimsoll/\(PlimsollVersion.text)")
        } catch {
            throw .usage("validate", "--against: \(error)")
        }
    }

    /// - Throws: where the server can't be asked at all.
    func findings(_ spec: SLOSpec, _ settings: RuleSettings) async throws(CommandFailure) -> [SLOPreflight.Finding] {
        let preflight = SLOPreflight(spec, settings: settings)
        var answers: [(question: SLOPreflight.Question, answer: SLOPreflight.Answer)] = []
        do throws(PrometheusError) {
            let setup = try await client.setup()
            for question in preflight.questions { answers.append((question, try await ask(question))) }
            return preflight.findings(answers, setup: SLOPreflight.ServerSetup(retention: setup.retention))
        } catch {
            throw .world("\(error)")
        }
    }

    private func ask(_ question: SLOPreflight.Question) async throws(PrometheusError) -> SLOPreflight.Answer {
        do throws(PrometheusError) {
            return .vector(try await client.vector(question.promql).value)
        } catch {
            // What it can't read or evaluate is a finding; anything else means that it can't be asked.
            guard case .queryFailed(let type, let message) = error.kind, ["bad_data", "execution"].contains(type) else { throw error }
            return .refused(message)
        }
    }
}
