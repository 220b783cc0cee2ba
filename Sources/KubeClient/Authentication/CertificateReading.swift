import Values

/// Just enough of X.509 (RFC 5280) to tell when a certificate ends and which key it is for. Pure; nothing is verified here, TLS does that.
struct CertificateReading {
    let notAfter: Instant
    /// The contents of the public key's bit string, without the count of unused bits.
    private let publicKey: ArraySlice<UInt8>
    private let isRSA: Bool

    /// The object identifier 1.2.840.113549.1.1.1.
    private static let rsaEncryption: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]

    init?(der: [UInt8]) {
        var whole = DERReader(der[...])
        guard let certificate = whole.next(DERReader.sequence) else { return nil }
        var outer = DERReader(certificate)
        guard let signed = outer.next(DERReader.sequence) else { return nil }
        var fields = DERReader(signed)
        guard let first = fields.next() else { return nil }
        // Version 1 has no version field: the serial number comes first.
        if first.tag == DERReader.tagZero { guard fields.next(DERReader.integer) != nil else { return nil } }
        guard fields.next(DERReader.sequence) != nil, fields.next(DERReader.sequence) != nil, let validity = fields.next(DERReader.sequence),
            fields.next(DERReader.sequence) != nil, let keyInfo = fields.next(DERReader.sequence)
        else { return nil }
        var times = DERReader(validity)
        var keyFields = DERReader(keyInfo)
        guard times.next() != nil, let end = times.next(), let notAfter = Self.time(end.tag, end.contents),
            let algorithm = keyFields.next(DERReader.sequence), let bits = keyFields.next(DERReader.bitString), bits.first == 0
        else { return nil }
        self.notAfter = notAfter
        publicKey = bits.dropFirst()
        isRSA = algorithm.dropFirst(2).starts(with: Self.rsaEncryption)
    }

    /// The certificates of a PEM text, those that can be read.
    static func all(pem: [UInt8]) -> [CertificateReading] {
        PEM.blocks(pem).filter { $0.label.hasSuffix("CERTIFICATE") }.compactMap { CertificateReading(der: $0.bytes) }
    }

    /// Whether the first certificate of a chain and a private key belong together; nil where the key's file does not tell (encrypted, Ed25519).
    ///
    /// A private key's file holds the public key too: RSA always (the modulus), elliptic curves nearly always (the point).
    static func isPair(certificatePEM: [UInt8], keyPEM: [UInt8]) -> Bool? {
        guard let certificate = all(pem: certificatePEM).first,
            let key = PEM.blocks(keyPEM).first(where: { $0.label.hasSuffix("PRIVATE KEY") }), !key.isEncrypted
        else { return nil }
        return certificate.belongs(to: key.bytes)
    }

    private func belongs(to key: [UInt8]) -> Bool? {
        if isRSA {
            var bits = DERReader(publicKey)
            guard let numbers = bits.next(DERReader.sequence) else { return nil }
            var reader = DERReader(numbers)
            guard let modulus = reader.next(DERReader.integer) else { return nil }
            return key.holds(modulus)
        }
        // An uncompressed point of P-256, P-384 or P-521.
        guard publicKey.first == 0x04, [65, 97, 133].contains(publicKey.count) else { return nil }
        if key.holds(publicKey) { return true }
        let points: [[UInt8]] = [[0x03, 0x42, 0x00, 0x04], [0x03, 0x62, 0x00, 0x04], [0x03, 0x81, 0x86, 0x00, 0x04]]
        return points.contains { key.holds($0[...]) } ? false : nil
    }

    /// UTCTime (years 1950 to 2049) or GeneralizedTime, both with seconds and in UTC as RFC 5280 demands.
    private static func time(_ tag: UInt8, _ contents: ArraySlice<UInt8>) -> Instant? {
        var digits = String(decoding: contents, as: UTF8.self)
        guard digits.popLast() == "Z", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        if tag == DERReader.utcTime, digits.count == 12 { digits = (digits < "50" ? "20" : "19") + digits }
        guard digits.count == 14, tag == DERReader.utcTime || tag == DERReader.generalizedTime else { return nil }
        func part(_ from: Int, _ count: Int) -> Substring { digits.dropFirst(from).prefix(count) }
        return Instant(rfc3339: "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(8, 2)):\(part(10, 2)):\(part(12, 2))Z")
    }
}

extension [UInt8] {
    fileprivate func holds(_ part: ArraySlice<UInt8>) -> Bool {
        guard let first = part.first, count >= part.count else { return false }
        return (0...(count - part.count)).contains { self[$0] == first && self[$0...].starts(with: part) }
    }
}
