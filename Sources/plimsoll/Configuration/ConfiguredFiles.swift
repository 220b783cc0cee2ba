import HTTPTransport
import Values

/// A file that a configuration names, and that the daemon reads once it needs it.
struct ConfiguredFile {
    let field: FieldPath
    let path: String
    /// For messages.
    let what: String
}

extension DaemonConfiguration {
    /// All credentials, addresses that are secrets, and authorities.
    var files: [ConfiguredFile] {
        prometheus.enumerated().flatMap { index, source in
            let place = ("prometheus" as FieldPath).appending(index)
            return source.auth.files(place.appending("auth")) + Self.file(place, "caFile", source.caFile, "the CA file")
        }
            + notifiers.enumerated().flatMap { index, notifier in
                let place = ("notifiers" as FieldPath).appending(index)
                var files: [ConfiguredFile] = []
                if let webhook = notifier.webhook {
                    let place = place.appending("webhook")
                    files += Self.file(place, "secretFile", webhook.secretFile, "the secret file")
                    files += Self.file(place, "urlFile", webhook.urlFile, "the URL file")
                    files += Self.file(place, "caFile", webhook.caFile, "the CA file")
                }
                if let alertmanager = notifier.alertmanager {
                    let place = place.appending("alertmanager")
                    files += alertmanager.auth.files(place.appending("auth")) + Self.file(place, "caFile", alertmanager.caFile, "the CA file")
                }
                return files
            }
    }

    fileprivate static func file(_ place: FieldPath, _ field: String, _ path: String, _ what: String) -> [ConfiguredFile] {
        path.isEmpty ? [] : [ConfiguredFile(field: place.appending(field), path: path, what: what)]
    }
}

extension PrometheusAuth {
    fileprivate func files(_ place: FieldPath) -> [ConfiguredFile] {
        let file = DaemonConfiguration.file
        let certificate = place.appending("clientCertificate")
        return file(place, "bearerTokenFile", bearerTokenFile, "the bearer token file")
            + file(place.appending("basic"), "passwordFile", basic?.passwordFile ?? "", "the password file")
            + file(certificate, "certificateFile", clientCertificate?.certificateFile ?? "", "the client certificate file")
            + file(certificate, "keyFile", clientCertificate?.keyFile ?? "", "the client key file")
    }
}

extension ConfigurationFile {
    /// What the configuration names and can't be read here. It may well be there where the daemon runs.
    static func missing(_ configuration: DaemonConfiguration, in file: InputFile) -> [PlacedProblem] {
        guard let document = try? YAML.parseManifest(bytes: file.bytes, file: file.name).first else { return [] }
        return configuration.files.compactMap { named in
            guard let trouble = CredentialFiles.trouble(named.path, named.what) else { return nil }
            let problem = Problem(named.field, "\(trouble); it must be there where the daemon runs")
            return PlacedProblem(position: document.position(of: problem.path), text: problem.description)
        }
    }
}
