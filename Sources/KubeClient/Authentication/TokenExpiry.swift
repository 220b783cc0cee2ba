import Values

/// When a bearer token ends, where it says so itself. Pure; the token's signature is the server's business.
enum TokenExpiry {
    /// The `exp` of a JSON web token (RFC 7519); nil for any other token.
    static func of(_ token: Secret) -> Instant? {
        let parts = token.reveal().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let standard = String(decoding: parts[1].utf8.map { $0 == 0x2D ? 0x2B : $0 == 0x5F ? 0x2F : $0 }, as: UTF8.self)
        guard let bytes = Base64.decode(standard), let json = try? JSON(parsing: bytes), let seconds = json["exp"]?.intValue,
            (0..<1 << 40).contains(seconds)
        else { return nil }
        return Instant(microseconds: Int64(seconds) * 1_000_000)
    }
}
