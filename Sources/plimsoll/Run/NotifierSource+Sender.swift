import HTTPTransport
import Notify
import Values

extension NotifierSource {
    /// What the sender needs of it.
    /// - Throws: a body that can't be filled in, which validation refuses before.
    func settings() throws(NotifyFailure) -> NotifierSettings {
        let timeout = Swift.Duration.milliseconds(timeout.milliseconds)
        if let alertmanager {
            return NotifierSettings(
                name: name, channel: .alertmanager(resend: alertmanager.resendInterval), url: alertmanager.url,
                credentials: alertmanager.auth.credentials(caFile: alertmanager.caFile), timeout: timeout)
        }
        let webhook = webhook ?? WebhookNotifier()
        return NotifierSettings(
            name: name, channel: try webhook.channel(), url: webhook.address, urlFile: webhook.urlFile.isEmpty ? nil : webhook.urlFile,
            secretFile: webhook.secretFile.isEmpty ? nil : webhook.secretFile,
            credentials: CredentialSettings(caFile: webhook.caFile.isEmpty ? nil : webhook.caFile), timeout: timeout)
    }
}

extension WebhookNotifier {
    fileprivate var address: String {
        switch template {
        case .pagerDuty where url.isEmpty: PagerDutyTemplate.url
        case .statuspage where url.isEmpty: StatuspageTemplate.url
        default: url
        }
    }

    fileprivate func channel() throws(NotifyFailure) -> NotifierSettings.Channel {
        switch template {
        case .pagerDuty: return .pagerDuty
        case .slack: return .slack
        case .jira:
            let jira = jira ?? Jira()
            return .jira(
                JiraTemplate.Settings(
                    project: jira.project, issueType: jira.issueType, deployment: jira.deployment, resolveTransition: jira.resolveTransition,
                    labels: jira.labels), user: jira.user)
        case .statuspage:
            let page = statuspage ?? Statuspage()
            return .statuspage(
                StatuspageTemplate.Settings(
                    pageID: page.pageID, componentIDs: page.componentIDs, deliversNotifications: page.deliverNotifications))
        case .custom: return .custom(try CustomTemplate(body))
        }
    }
}

extension PrometheusAuth {
    /// What a client needs of it.
    func credentials(caFile: String) -> CredentialSettings {
        var credentials = CredentialSettings.Credentials.none
        if !bearerTokenFile.isEmpty { credentials = .bearerTokenFile(bearerTokenFile) }
        if let basic { credentials = .basic(username: basic.username, passwordFile: basic.passwordFile) }
        return CredentialSettings(
            credentials: credentials, caFile: caFile.isEmpty ? nil : caFile, clientCertificateFile: clientCertificate?.certificateFile,
            clientKeyFile: clientCertificate?.keyFile)
    }
}
