/// Which deadline of `HTTPDeadlines` passed.
package enum HTTPTimeout: String, Sendable, Hashable {
    case connect, whole, idle
}

/// What TLS refused.
package enum TLSFailure: String, Sendable, Hashable {
    case certificateExpired, certificateNotYetValid, untrustedIssuer, hostnameMismatch, revoked
    /// The server wants a client certificate, or refused the one it got.
    case clientCertificate
    /// The certificate, key or CA bundle of our own can't be used.
    case ownMaterial
    /// Everything else: no common version or cipher, not TLS at all.
    case handshake
}

/// Why an exchange gave no response. A status of 400 or 500 is a response and never an error here.
package struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case cancelled
        case connect
        case resolve
        case tls(TLSFailure)
        case timeout(HTTPTimeout)
        /// The connection ended before the response did.
        case connectionLost
        /// A body beyond `maxBodyBytes`, or a response head beyond the client's bound.
        case tooLarge
        /// `AddressGuard` refused where the name led.
        case forbiddenAddress
        case protocolViolation
        /// The client was shut down.
        case shutdown
        /// The request's own permit to be sent was no longer given.
        case withdrawn
        case invalidRequest
    }

    package var kind: Kind
    /// libcurl's CURLcode, where it was libcurl that gave up.
    package var curlCode: Int32?
    /// Sending again can't do anything twice: nothing reached the server, or the request is idempotent.
    package var isRetrySafe: Bool
    /// The request, or a part of it, may have left: the server may yet act on it.
    package var wasSent: Bool
    /// For a person: where to, what failed, why. Never a header's value, a query, or a password.
    package var message: String

    package init(kind: Kind, curlCode: Int32? = nil, isRetrySafe: Bool, wasSent: Bool = false, message: String) {
        self.kind = kind
        self.curlCode = curlCode
        self.isRetrySafe = isRetrySafe
        self.wasSent = wasSent
        self.message = message
    }

    /// The same request may well succeed later without anyone changing anything.
    package var isTransient: Bool {
        switch kind {
        case .connect, .resolve, .timeout, .connectionLost: true
        case .cancelled, .tls, .tooLarge, .forbiddenAddress, .protocolViolation, .shutdown, .withdrawn, .invalidRequest: false
        }
    }

    package var description: String { message }
}
