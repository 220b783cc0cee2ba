package import HTTPTransport
package import Values

/// Somebody who can be told: where, in which form, and how the daemon proves itself there.
package struct NotifierSettings: Sendable, Hashable {
    package enum Channel: Sendable, Hashable {
        case pagerDuty
        /// The webhook's URL is its secret.
        case slack
        /// - Parameter user: whose API token the secret is; empty: the secret is a bearer token of its own.
        case jira(JiraTemplate.Settings, user: String)
        case statuspage(StatuspageTemplate.Settings)
        case custom(CustomTemplate)
        /// - Parameter resend: the pause between two messages about an alert that lasts.
        case alertmanager(resend: PromDuration)
    }

    /// What the configuration calls it: all messages do.
    package var name: String
    package var channel: Channel
    /// Base URL without a slash at its end; unused for Slack.
    package var url: String
    /// Instead of the URL, where it is a secret; read again for each message.
    package var urlFile: String?
    /// Read again for each message.
    package var secretFile: String?
    /// Besides the secret: of an Alertmanager, and the authorities of any.
    package var credentials: CredentialSettings
    /// How long one request may take.
    package var timeout: Swift.Duration

    package init(
        name: String, channel: Channel, url: String = "", urlFile: String? = nil, secretFile: String? = nil,
        credentials: CredentialSettings = CredentialSettings(), timeout: Swift.Duration = .seconds(10)
    ) {
        self.name = name
        self.channel = channel
        self.url = String(url.reversed().drop { $0 == "/" }.reversed())
        self.urlFile = urlFile
        self.secretFile = secretFile
        self.credentials = credentials
        self.timeout = timeout
    }
}

/// How a channel wants to be used.
package struct NotifierTraits: Sendable, Hashable {
    /// Messages under way at once.
    package var concurrency = 1
    /// Notifications in one message.
    package var batch = 1
    /// Between the beginnings of two messages.
    package var spacing = Swift.Duration.zero
    /// Between two messages about the same thing, for as long as it lasts; nil: it is told once.
    package var repetition: Swift.Duration?

    package init() {}
}

extension NotifierSettings.Channel {
    package var traits: NotifierTraits {
        var traits = NotifierTraits()
        switch self {
        case .pagerDuty, .custom: traits.concurrency = 4
        case .jira: traits.concurrency = 2
        // Slack takes a message a second.
        case .slack: traits.spacing = .seconds(1)
        // A request a second, and a message takes two.
        case .statuspage: traits.spacing = .seconds(2)
        case .alertmanager(let resend):
            traits.batch = 100
            traits.repetition = .milliseconds(resend.milliseconds)
        }
        return traits
    }
}
