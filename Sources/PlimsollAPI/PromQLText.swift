package import Values

/// PromQL that a person wrote and that is put into a larger expression. Only the server's own parser knows whether it is right (`Preflight`, `plimsoll
/// validate --against`); here it is made sure that it can't reach out of the parentheses it is put into.
package enum PromQLText {
    /// Stands for the window that Plimsoll puts in its place.
    package static let placeholder = "$window"

    /// What is wrong with it at a glance; `nil` when brackets and quotes match and there is no comment.
    package static func fault(_ text: String) -> String? {
        // Scalars, as the server reads it: a combining mark hides no bracket.
        var open: [Unicode.Scalar] = []
        var quote: Unicode.Scalar?
        var isEscaped = false
        for character in text.unicodeScalars {
            if let mark = quote {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\", mark != "`" {
                    isEscaped = true
                } else if character == mark {
                    quote = nil
                } else if character == "\n", mark != "`" {
                    return "has a string that does not end in its line"
                }
                continue
            }
            switch character {
            case "\"", "'", "`": quote = character
            case "#": return "has a comment; leave it out"
            case "(", "[", "{": open.append(character)
            case ")", "]", "}":
                guard let last = open.popLast(), pairs[last] == character else { return "has a \(character) that closes nothing" }
            default: break
            }
        }
        if quote != nil { return "has a string without an end" }
        if let last = open.last { return "has a \(last) that nothing closes" }
        return text.allSatisfy(\.isWhitespace) ? "is empty" : nil
    }

    /// The text with the placeholder filled in.
    package static func filled(_ text: String, window: PromDuration) -> String {
        text.replacing(placeholder, with: window.description)
    }

    private static let pairs: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "[": "]", "{": "}"]
}

extension FieldType where Value == String {
    /// PromQL of any kind.
    static func promQL(example: String) -> FieldType {
        .text(min: 1, max: 4096, example: example).checked { text, path in
            if text.contains(PromQLText.placeholder) {
                return [Problem(path, "has the placeholder $window, which only spec.indicator.ratio knows", got: .string(text))]
            }
            return PromQLText.fault(text).map { [Problem(path, "is no PromQL: it \($0)", got: .string(text))] } ?? []
        }
    }
}
