import PlimsollAPI
import PrometheusClient
import Values

/// The Prometheus that an option of a command names: by its URL, or by what the configuration calls it.
struct ChosenPrometheus {
    let settings: PrometheusSettings
    /// What the configuration calls it; nil: it knows no such server, and any SLO may be meant.
    private let names: Set<String>?

    /// - Parameters:
    ///   - option: `--against`, for messages.
    ///   - configuration: what is known there of the server proves who asks: credentials, a client certificate, authorities. By URL, the first counts.
    /// - Throws: where the text is neither a URL nor a configured name.
    init(_ text: String, option: String, of command: String, _ configuration: DaemonConfiguration?) throws(CommandFailure) {
        let sources = configuration?.prometheus ?? []
        if let source = sources.first(where: { $0.name == text }) ?? sources.first(where: { Self.bare($0.url) == Self.bare(text) }) {
            settings = source.clientSettings
            names = Set(sources.filter { Self.bare($0.url) == Self.bare(source.url) }.map(\.name))
            return
        }
        guard text.contains("://") else {
            let names = sources.map(\.name).joined(separator: ", ")
            let known = configuration == nil ? "names are known with --config only" : names.isEmpty ? "there is none" : "there are: \(names)"
            throw .usage(command, "\(option): \(text) is neither a URL nor a Prometheus of the configuration (\(known))")
        }
        settings = PrometheusSettings(name: option, url: text)
        names = nil
    }

    /// Whether it is the one that evaluates the SLO.
    func evaluates(_ spec: SLOSpec) -> Bool { names?.contains(spec.source) ?? true }

    /// - Parameter timeout: of one query; nil: as configured.
    func client(option: String, of command: String, timeout: Swift.Duration? = nil) throws(CommandFailure) -> PrometheusHTTPClient {
        var settings = settings
        if let timeout { settings.timeout = max(settings.timeout, timeout) }
        do {
            return try PrometheusHTTPClient(settings, userAgent: "plimsoll/\(PlimsollVersion.text)")
        } catch {
            throw .usage(command, "\(option): \(error)")
        }
    }

    private static func bare(_ url: String) -> Substring { url.hasSuffix("/") ? url.dropLast() : url[...] }
}
