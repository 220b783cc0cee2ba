package import Values

/// One measurement by an HTTP answer, by Argo Rollouts' rules: what is no success is an error and never a failure, as it says nothing of the release; of a
/// body of JSON the path's first value is judged, of any other body its text.
package enum WebMeasurement {
    package enum Reading: Sendable, Hashable {
        case value(ExpressionValue)
        case error(String)
    }

    package static func read(status: Int, body: [UInt8], path: JSONPath) -> Reading {
        guard (200..<300).contains(status) else { return .error("the answer is HTTP \(status)") }
        guard let json = try? JSON(parsing: body) else { return .value(.string(String(decoding: body, as: UTF8.self))) }
        guard let value = path.values(in: json).first else { return .error("the answer has nothing at \(path.text)") }
        return .value(ExpressionValue(value))
    }

    /// Argo's, where the metric says nothing.
    package static let timeout = PromDuration.seconds(10)
}

/// Where a web measurement asks: nothing that an object's author writes is a URL.
package enum WebTarget: Sendable, Hashable {
    /// One of the daemon's configuration, by its name.
    case source(String)
    /// A Service of the object's own namespace, and one of its ports by name or number.
    case service(String, port: String)
}

package enum WebAddress {
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// The base of requests to a Service's port, `http://10.90.0.7:8080`, from the Service itself: what a name resolves to is not asked.
    package static func base(of service: JSON, port wanted: String) throws(Refusal) -> String {
        let name = service["metadata"]?["name"]?.stringValue ?? ""
        if service["spec"]?["type"]?.stringValue == "ExternalName" {
            throw Refusal(description: "the Service \(name) leads outside the cluster (ExternalName); name a source of the configuration")
        }
        guard let address = service["spec"]?["clusterIP"]?.stringValue, !address.isEmpty, address != "None" else {
            throw Refusal(description: "the Service \(name) has no address of its own (clusterIP: None)")
        }
        let ports = service["spec"]?["ports"]?.arrayValue ?? []
        let found = ports.first { port in
            (port["name"]?.stringValue == wanted || port["port"]?.intValue.map(String.init) == wanted)
                && port["protocol"]?.stringValue ?? "TCP" == "TCP"
        }
        guard let number = found?["port"]?.intValue else {
            let known = ports.compactMap { $0["name"]?.stringValue ?? $0["port"]?.intValue.map(String.init) }
            throw Refusal(description: "the Service \(name) has no TCP port \(wanted); it has \(known.joined(separator: ", "))")
        }
        return "http://\(address.contains(":") ? "[\(address)]" : address):\(number)"
    }

    /// The URL of a path below a base.
    package static func url(base: String, path: String) throws(Refusal) -> String {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !path.contains("#") else {
            throw Refusal(description: "\(path): expected a path from / on, percent-encoded, without #")
        }
        let segments = path.prefix { $0 != "?" }.split(separator: "/").map { $0.lowercased().replacing("%2e", with: ".") }
        guard !segments.contains("..") else { throw Refusal(description: "\(path): .. would lead out of the source's own path") }
        return (base.hasSuffix("/") ? String(base.dropLast()) : base) + path
    }
}
