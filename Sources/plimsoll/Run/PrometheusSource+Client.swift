import HTTPTransport
import PrometheusClient
import ServiceLevels
import Values

extension PrometheusSource {
    /// What the client needs of it.
    var clientSettings: PrometheusSettings {
        let credentials = auth.credentials(caFile: caFile)
        return PrometheusSettings(
            name: name, url: url, credentials: credentials.credentials, caFile: credentials.caFile,
            clientCertificateFile: credentials.clientCertificateFile, clientKeyFile: credentials.clientKeyFile,
            timeout: .milliseconds(timeout.milliseconds))
    }

    /// What the rule generator needs of it.
    var ruleSettings: RuleSettings {
        RuleSettings(
            scrapeInterval: scrapeInterval, evaluationInterval: rules.interval, labels: rules.labels,
            layout: rules.layout == .fleet ? .fleet(source: name, places: Int(rules.fleet.places)) : .perSLO)
    }
}
