import CCurl

/// What stands below the transport.
package enum HTTPLibrary {
    /// Such as `libcurl/7.88.1 OpenSSL/3.0.17 zlib/1.2.13 nghttp2/1.52.0`.
    package static var version: String { curl_version().map { String(cString: $0) } ?? "libcurl" }
}
