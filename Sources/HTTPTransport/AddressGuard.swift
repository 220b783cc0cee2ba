/// Which addresses a client may connect to. It is asked about the address a name resolved to, just before the socket is made,
/// so that no packet goes to an address it refuses and a name can't resolve to something else in between.
///
/// Behind a proxy it sees the proxy's address, and the proxy resolves the target: then only a literal address in the URL is
/// checked by the policy, and the proxy's own by `.noLinkLocal` at most (a proxy in a private network is the usual case).
package enum AddressGuard: String, Sendable, Hashable, CaseIterable {
    /// Everything.
    case any
    /// For what an administrator configured: loopback and private networks are fine; link-local, metadata services of clouds,
    /// unspecified, multicast and broadcast addresses are not.
    case noLinkLocal
    /// For what a user may name: only addresses of the public Internet.
    case publicOnly
}
