import Values

/// Names and texts that reach Prometheus' rules: one that it refuses would stop the loading of every rule beside it.
enum AlertText {
    /// Labels that tell whose alert it is; an SLO that could set them could page as another.
    static let reservedLabels = ["alertname", "namespace", "severity"]
    static let reservedPrefixes = ["__", "plimsoll_"]

    static func isReserved(_ name: String) -> Bool {
        reservedLabels.contains(name) || reservedPrefixes.contains { name.hasPrefix($0) }
    }

    /// CEL that is true of a name (an expression) that is free.
    static func isFree(_ expression: String, besides: [String] = []) -> String {
        (["!(\(expression) in \(CEL.list(reservedLabels + besides)))"] + reservedPrefixes.map { "!\(expression).startsWith(\(CEL.quoted($0)))" })
            .joined(separator: " && ")
    }

    static let reservedMessage = "alertname, namespace, severity and names that begin with __ or plimsoll_ are Plimsoll's own"
}

extension FieldType where Value == String {
    /// A label by which a budget is split.
    static var groupLabel: FieldType {
        .text(min: 1, max: 63, .labelName, example: "region").checked(
            cel: AlertText.isFree("self", besides: ["le"]), "le, \(AlertText.reservedMessage)"
        ) { $0 != "le" && !AlertText.isReserved($0) }
    }

    /// Text that Prometheus would read as a template, which may be broken.
    fileprivate static func alertText(max: Int, example: String) -> FieldType {
        .text(max: max, example: example).checked(
            cel: "!self.contains('{{')", "is taken literally; templates ({{ ... }}) are not supported by this version of Plimsoll"
        ) { !$0.contains("{{") }
    }
}

extension FieldType where Value == [String: String] {
    static func alertLabels(max: Int, valueMax: Int) -> FieldType {
        .map(of: .alertText(max: valueMax, example: "shop"), max: max, keyMax: 63, key: .labelName).checked(
            cel: "self.all(k, \(AlertText.isFree("k")))", message: AlertText.reservedMessage
        ) { labels, path in
            labels.keys.sorted().filter(AlertText.isReserved).map { Problem(path.appending($0), AlertText.reservedMessage) }
        }
    }

    static func alertAnnotations(max: Int, valueMax: Int) -> FieldType {
        .map(of: .alertText(max: valueMax, example: "https://runbooks.example.com/checkout"), max: max, keyMax: 63, key: .labelName)
    }
}
