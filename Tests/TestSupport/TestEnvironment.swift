import Glibc

/// What Deploy/test.sh tells the tests about the real servers it started. A test that needs one is `.enabled(if:)` on it.
package enum TestEnvironment {
    /// Admin kubeconfig of the real 1.20 cluster.
    package static var kubeconfig: String? { value("PLIMSOLL_TEST_KUBECONFIG") }
    /// Kubeconfig of the CRD server of today (1.36, CEL).
    package static var crdServerKubeconfig: String? { value("PLIMSOLL_TEST_CRDSERVER_KUBECONFIG") }
    /// Base URL of the Prometheus that scrapes the cluster.
    package static var prometheusURL: String? { value("PLIMSOLL_TEST_PROMETHEUS_URL") }
    /// Base URL of the Alertmanager beside it.
    package static var alertmanagerURL: String? { value("PLIMSOLL_TEST_ALERTMANAGER_URL") }
    /// The directory whose `*.yaml` that Prometheus loads.
    package static var rulesDirectory: String? { value("PLIMSOLL_TEST_RULES_DIR") }
    /// The release binary under test.
    package static var binary: String? { value("PLIMSOLL_TEST_BINARY") }

    /// A non-empty environment variable.
    package static func value(_ name: String) -> String? {
        guard let raw = getenv(name) else { return nil }
        let text = String(cString: raw)
        return text.isEmpty ? nil : text
    }

    /// The first executable of that name on PATH, or where `PLIMSOLL_TEST_<NAME>` points.
    package static func executable(_ name: String) -> String? {
        if let named = value("PLIMSOLL_TEST_\(name.uppercased())") { return named }
        for folder in (value("PATH") ?? "/usr/bin:/bin").split(separator: ":") {
            let path = "\(folder)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        return nil
    }
}
