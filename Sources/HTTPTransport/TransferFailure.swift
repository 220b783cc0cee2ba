import CCurl

/// All that is known of an exchange libcurl gave up, and what that means. Pure.
struct TransferFailure {
    var code: CURLcode
    /// CURLOPT_ERRORBUFFER.
    var detail = ""
    /// OpenSSL's X509_V_ERR code.
    var verifyResult = 0
    var origin: String
    /// A connection was ready and the request may have left.
    var wasSent: Bool
    var isIdempotent: Bool

    var error: HTTPError {
        let (kind, what, refused) = meaning
        let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        return HTTPError(
            kind: kind, curlCode: Int32(bitPattern: code.rawValue), isRetrySafe: !wasSent || isIdempotent || refused,
            wasSent: wasSent && !refused, message: "\(origin): \(what): \(words)")
    }

    /// The kind, what failed in words, and whether the server said that it did nothing with the request.
    private var meaning: (HTTPError.Kind, String, Bool) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return (.resolve, "the host's name can't be resolved", false)
        case CURLE_COULDNT_RESOLVE_PROXY: return (.resolve, "the proxy's name can't be resolved", false)
        case CURLE_COULDNT_CONNECT: return (.connect, "can't connect", false)
        case CURLE_PROXY: return (.connect, "the proxy refused", false)
        case CURLE_OPERATION_TIMEDOUT where !wasSent: return (.timeout(.connect), "connecting took too long", false)
        case CURLE_PEER_FAILED_VERIFICATION: return (.tls(verification), "the server's certificate was refused", false)
        case CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ISSUER_ERROR: return (.tls(.untrustedIssuer), "the server's certificate was refused", false)
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED:
            return (.tls(.ownMaterial), "our own certificate, key or CA bundle can't be used", false)
        case CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED: return (.tls(.handshake), "TLS failed", false)
        case CURLE_SSL_CONNECT_ERROR: return handshake
        case CURLE_RECV_ERROR where !wasSent && mentions("CONNECT tunnel", "Proxy CONNECT"): return (.connect, "the proxy refused", false)
        case CURLE_RECV_ERROR where mentions("alert certificate required", "alert bad certificate", "alert unknown ca", "alert certificate"):
            return (.tls(.clientCertificate), "the server refused the client certificate", false)
        case CURLE_HTTP2_STREAM, CURLE_HTTP2:
            return (.connectionLost, "the HTTP/2 stream or connection broke", mentions("REFUSED_STREAM"))
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_OPERATION_TIMEDOUT, CURLE_ABORTED_BY_CALLBACK:
            return (.connectionLost, "the connection ended before the response did", false)
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN:
            return (.invalidRequest, "libcurl can't make this request", false)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_TOO_MANY_REDIRECTS:
            return (.protocolViolation, "the answer is not proper HTTP", false)
        default: return wasSent ? (.connectionLost, "the exchange failed", false) : (.connect, "can't connect", false)
        }
    }

    private var handshake: (HTTPError.Kind, String, Bool) {
        if mentions("SSL_ERROR_SYSCALL", "reset by peer", "Broken pipe", "unexpected eof") {
            return (.connect, "the connection ended during the TLS handshake", false)
        }
        if mentions("alert certificate required", "alert bad certificate", "alert unknown ca", "alert certificate") {
            return (.tls(.clientCertificate), "the server refused the client certificate", false)
        }
        return (.tls(.handshake), "TLS failed", false)
    }

    private var verification: TLSFailure {
        // libcurl compares the names first, before it notes OpenSSL's verdict.
        if mentions("subject name") { return .hostnameMismatch }
        return switch verifyResult {
        case 9: .certificateNotYetValid
        case 10: .certificateExpired
        case 23: .revoked
        case 62, 64: .hostnameMismatch
        default: .untrustedIssuer
        }
    }

    private func mentions(_ words: String...) -> Bool {
        words.contains { detail.contains($0) }
    }
}
