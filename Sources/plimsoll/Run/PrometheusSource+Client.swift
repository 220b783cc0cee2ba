import HTTPTransport
import PrometheusClient
import ServiceLevels
import Values

extension PrometheusSource {
    /// What the client needs of it.
    var clientSettings: PrometheusSettings {
        var credentials = PrometheusSettings.Credentials.none
        if !auth.bearerTokenFile.isEmpty { credentials = .bearerTokenFile(auth.bearerTokenFile) }
        if let basic = auth.basic { credentials = .basic(username: basic.username, passwordFile: basic.passwordFile) }
        return PrometheusSettings(
            name: name, url: url, credentials: credentials, caFile: caFile.isEmpty ? nil : caFile,
            clientCertificateFile: auth.clientCertificate?.certificateFile, clientKeyFile: auth.clientCertificate?.keyFile,
            timeout: .milliseconds(timeout.milliseconds))
    }

    /// What the rule generator needs of it.
    var ruleSettings: RuleSettings {
        RuleSettings(scrapeInterval: scrapeInterval, evaluationInterval: rules.interval, labels: rules.labels)
    }
}
