package import Values

/// A program that prints credentials (`user.exec` of a kubeconfig).
package struct ExecPluginConfiguration: Sendable, Hashable {
    package enum InteractiveMode: String, Sendable, CaseIterable {
        case never = "Never"
        case ifAvailable = "IfAvailable"
        case always = "Always"
    }

    /// `client.authentication.k8s.io/v1` or `/v1beta1`; the answer must say the same.
    package var apiVersion: String
    /// A bare name is looked up in PATH; one with a slash has been made absolute.
    package var command: String
    package var arguments: [String]
    /// Added to the inherited environment.
    package var environment: [String: Secret]
    package var interactiveMode: InteractiveMode
    /// Told when the program is missing.
    package var installHint: String
    /// What `provideClusterInfo` hands to the program; nil when it wasn't asked for. Filled by `ExecCredentialCodec.request`.
    package var cluster: JSON?

    package init(
        apiVersion: String, command: String, arguments: [String] = [], environment: [String: Secret] = [:],
        interactiveMode: InteractiveMode = .ifAvailable, installHint: String = "", cluster: JSON? = nil
    ) {
        self.apiVersion = apiVersion
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.interactiveMode = interactiveMode
        self.installHint = installHint
        self.cluster = cluster
    }

    package static let supportedVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
}
