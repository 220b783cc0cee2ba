/// Pieces of the expression language that API servers from 1.25 on check objects with.
package enum CEL {
    /// An item of `x-kubernetes-validations`.
    package static func validation(_ rule: String, message: String) -> JSON {
        ["rule": .string(rule), "message": .string(message)]
    }

    /// The milliseconds of an expression that holds a duration in Prometheus notation, which CEL's own `duration()` doesn't read.
    package static func milliseconds(_ expression: String) -> String {
        let units = "{'ms': 1, 's': 1000, 'm': 60000, 'h': 3600000, 'd': 86400000, 'w': 604800000, 'y': 31536000000}"
        return "\(expression).findAll('[0-9]+[a-z]+').map(p, int(p.find('[0-9]+')) * \(units)[p.find('[a-z]+')]).sum()"
    }

    /// A string literal.
    package static func quoted(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }

    /// A list of string literals.
    package static func list(_ texts: [String]) -> String {
        "[" + texts.map(quoted).joined(separator: ", ") + "]"
    }
}
