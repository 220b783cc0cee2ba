import CCurl

/// An absolute URL taken apart by libcurl's own parser, so that what is checked is what is connected to.
struct URLParts {
    let scheme: String
    /// Lower case as in the URL; IPv6 in brackets.
    let host: String
    let port: Int
    /// Without fragment; the host replaced where the caller asked for it.
    let url: String

    enum Problem: Error, Equatable {
        case malformed(String)
        case hasCredentials
    }

    /// - Parameter replacingHost: this host instead of the URL's in `url`.
    init(_ text: String, replacingHost: String? = nil, allowingCredentials: Bool = false) throws(Problem) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .malformed("it must be percent-encoded ASCII without blanks")
        }
        // libcurl takes one slash and three for two.
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"), !text[colon...].hasPrefix(":///") else {
            throw .malformed("it needs a scheme and a host")
        }
        guard let handle = curl_url() else { throw .malformed("out of memory") }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_PATH_AS_IS)
        let code = curl_url_set(handle, CURLUPART_URL, text, flags)
        guard code == CURLUE_OK else { throw .malformed(String(cString: curl_url_strerror(code))) }
        func part(_ what: CURLUPart, _ flags: UInt32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, what, &text, flags) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST),
            let port = part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) })
        else { throw .malformed("it needs a scheme and a host") }
        if !allowingCredentials, part(CURLUPART_USER) != nil || part(CURLUPART_PASSWORD) != nil { throw .hasCredentials }
        curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)
        if let replacingHost {
            let bracketed = replacingHost.contains(":") && !replacingHost.hasPrefix("[") ? "[\(replacingHost)]" : replacingHost
            let code = curl_url_set(handle, CURLUPART_HOST, bracketed, 0)
            guard code == CURLUE_OK else { throw .malformed("\(replacingHost) can't be a host name") }
        }
        guard let url = part(CURLUPART_URL) else { throw .malformed("it can't be put together again") }
        self.scheme = scheme
        self.host = host
        self.port = port
        self.url = url
    }

    /// The host without the brackets of IPv6.
    var bareHost: String {
        host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }

    /// For pools and messages: `https://host:port`.
    var origin: String { "\(scheme)://\(host):\(port)" }
}
