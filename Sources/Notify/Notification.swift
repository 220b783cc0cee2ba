package import Values

/// What people are to be told: that a step of an SLO's policy holds, or that it no longer does.
package struct Notification: Sendable, Hashable {
    /// Which step of which SLO; it stays the same for as long as these names do, so that what was told of it is found again.
    package struct Identity: Sendable, Hashable {
        package var instance: String
        package var namespace: String
        package var slo: String
        package var policy: String

        package init(instance: String, namespace: String, slo: String, policy: String) {
            self.instance = instance
            self.namespace = namespace
            self.slo = slo
            self.policy = policy
        }

        private var path: String { "\(instance)/\(namespace)/\(slo)/\(policy)" }

        /// Sixteen hexadecimal digits, for where a name must be short or plain.
        package var digest: String { Digest.hex(Array(path.utf8)) }

        /// By which peers tell repeated messages from new ones, of at most 255 characters.
        package var dedupKey: String {
            let key = "plimsoll/\(path)"
            return key.utf8.count <= 255 ? key : "plimsoll/\(instance)/\(namespace)/\(digest)"
        }
    }

    package enum Severity: String, Sendable {
        /// Somebody has to act now.
        case page
        /// Somebody has to act in working hours.
        case ticket
    }

    package enum State: String, Sendable {
        case firing
        case resolved
    }

    /// A figure with its name, such as `Budget left` and `12%`.
    package struct Fact: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Link: Sendable, Hashable {
        package var text: String
        package var url: String

        package init(_ text: String, _ url: String) {
            self.text = text
            self.url = url
        }
    }

    package var identity: Identity
    package var severity: Severity
    package var state: State
    package var service: String
    /// One line.
    package var title: String
    /// A few sentences: how much is left, how fast it goes, when it is gone, how many failed.
    package var text: String
    package var facts: [Fact]
    /// A URL; empty without one.
    package var runbook: String
    package var links: [Link]
    /// By which an Alertmanager routes; ours go over them.
    package var labels: [String: String]
    /// When the step began to hold: with the identity it names this occurrence.
    package var startedAt: Instant

    package init(
        identity: Identity, severity: Severity, state: State, service: String, title: String, text: String, facts: [Fact] = [],
        runbook: String = "", links: [Link] = [], labels: [String: String] = [:], startedAt: Instant
    ) {
        self.identity = identity
        self.severity = severity
        self.state = state
        self.service = service
        self.title = title
        self.text = text
        self.facts = facts
        self.runbook = runbook
        self.links = links
        self.labels = labels
        self.startedAt = startedAt
    }

    /// The runbook first.
    var allLinks: [Link] { (runbook.isEmpty ? [] : [Link("Runbook", runbook)]) + links }

    /// The text and what belongs under it, for channels that know plain text only.
    var plainBody: String {
        ([text] + facts.map { "\($0.name): \($0.value)" } + allLinks.map { "\($0.text): \($0.url)" }).joined(separator: "\n")
    }
}

extension String {
    /// At most so many scalars, the last of them an ellipsis where something is left out.
    func cut(to limit: Int) -> String {
        let scalars = unicodeScalars
        guard limit > 0, let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex), end < scalars.endIndex else {
            return limit > 0 ? self : ""
        }
        return String(scalars[..<scalars.index(before: end)]) + "…"
    }
}
