/// Builds Prometheus's text format, version 0.0.4.
struct ExpositionText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    /// `help` may be nil: then the metric has none.
    mutating func head(_ name: String, help: String?, type: String) {
        if let help { line("# HELP ", name, " ", LabelText.escaped(help, quote: false)) }
        line("# TYPE ", name, " ", type)
    }

    /// `labels` is rendered text, or empty.
    mutating func sample(_ name: String, _ labels: String, _ value: String) { line(name, labels, " ", value) }

    private mutating func line(_ a: String, _ b: String, _ c: String, _ d: String) {
        bytes.append(contentsOf: a.utf8)
        bytes.append(contentsOf: b.utf8)
        bytes.append(contentsOf: c.utf8)
        bytes.append(contentsOf: d.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }
}
