import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

/// The daemon refuses what a CEL rule refuses, since old API servers don't.
struct CELTests {
    private struct Rule: Hashable, CustomStringConvertible {
        var place: String
        var message: String
        var description: String { "\(place): \(message)" }
    }

    private func samples() throws -> [JSON] { try YAML.parse(CELSamples.yaml).map(\.json) }

    private func schema() throws -> JSON {
        try #require(CRDs.all().first?.json["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"])
    }

    /// The rules of a schema; with an object only those that it would be checked by.
    private func rules(_ schema: JSON, _ place: String, for object: JSON? = nil) -> Set<Rule> {
        var found = Set(
            (schema["x-kubernetes-validations"]?.arrayValue ?? []).compactMap { $0["message"]?.stringValue.map { Rule(place: place, message: $0) } })
        for (name, property) in schema["properties"]?.objectValue ?? [:] where object == nil || object?[name] != nil {
            found.formUnion(rules(property, "\(place).\(name)", for: object?[name]))
        }
        if let items = schema["items"] {
            if let object {
                for item in object.arrayValue ?? [] { found.formUnion(rules(items, "\(place)[]", for: item)) }
            } else {
                found.formUnion(rules(items, "\(place)[]"))
            }
        }
        if let values = schema["additionalProperties"] {
            if let object {
                for (_, value) in object.objectValue ?? [:] { found.formUnion(rules(values, "\(place){}", for: value)) }
            } else {
                found.formUnion(rules(values, "\(place){}"))
            }
        }
        return found
    }

    private func refusedBy(_ sample: JSON) -> Rule? {
        guard let place = sample["metadata"]?["annotations"]?["plimsoll.dev/refused-at"]?.stringValue,
            let message = sample["metadata"]?["annotations"]?["plimsoll.dev/refused-with"]?.stringValue
        else { return nil }
        return Rule(place: place, message: message)
    }

    @Test func everyRuleHasObjectsThatPassAndOneThatIsRefused() throws {
        let all = rules(try schema(), "")
        #expect(all.count >= 3)
        var passed: Set<Rule> = []
        var refused: [Rule] = []
        for sample in try samples() {
            if let rule = refusedBy(sample) { refused.append(rule) } else { passed.formUnion(rules(try schema(), "", for: sample)) }
        }
        #expect(Set(refused) == all, "missing: \(all.subtracting(refused)), unknown: \(Set(refused).subtracting(all))")
        #expect(refused.count == all.count)
        #expect(all.subtracting(passed).isEmpty, "never passed: \(all.subtracting(passed))")
    }

    @Test func theDaemonAgrees() throws {
        for sample in try samples() {
            let slo = SLO(json: sample)
            guard let rule = refusedBy(sample) else {
                #expect(slo.problems == [], "\(slo.metadata.name)")
                continue
            }
            #expect(slo.spec == nil, "\(slo.metadata.name)")
            #expect(slo.problems.contains { form($0.path, like: rule.place).hasPrefix(rule.place) }, "\(slo.metadata.name): \(slo.problems)")
        }
    }

    /// A path in the schema's form: `[]` for any item; `{}` for any key of a map, where the rule's place has one.
    private func form(_ path: FieldPath, like place: String) -> String {
        var text = ""
        for element in path.elements {
            switch element {
            case .index: text += "[]"
            case .key(let key): text += place.hasPrefix("\(text){}") ? "{}" : ".\(key)"
            }
        }
        return text
    }
}
