/// Why no connection to an API server can be configured; always the fault of a file, an option or the environment.
package struct KubeConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// A file that must exist doesn't, or can't be read.
        case unreadableFile
        /// A file's content isn't a kubeconfig: not YAML, a field of the wrong type, an impossible combination.
        case invalid
        /// A context, cluster or user that isn't there.
        case notFound
        /// The configuration asks for what `ConfigurationPolicy` forbids.
        case forbidden
        /// Nothing says where the API server is.
        case noConfiguration
    }

    package let kind: Kind
    /// One sentence for a person; begins with `file:line:column: ` where a place is known.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}
