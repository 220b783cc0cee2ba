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

    /// A kind with its samples.
    enum Kind: String, CaseIterable {
        case slo = "SLO"
        case analysis = "RolloutAnalysis"

        fileprivate func samples() throws -> [JSON] { try YAML.parse(self == .slo ? CELSamples.yaml : RolloutCELSamples.yaml).map(\.json) }

        fileprivate func schema() throws -> JSON {
            let definition = CRDs.all().map(\.json).first { $0["spec"]?["names"]?["kind"]?.stringValue == rawValue }
            return try #require(definition?["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"])
        }

        fileprivate func read(_ json: JSON) -> (isGood: Bool, problems: [Problem]) {
            switch self {
            case .slo:
                let slo = SLO(json: json)
                return (slo.spec != nil, slo.problems)
            case .analysis:
                let analysis = RolloutAnalysis(json: json)
                return (analysis.spec != nil, analysis.problems)
            }
        }
    }

    /// The rules of a schema; with an object only those that it would be checked by.
    private func rules(_ schema: JSON, _ place: String, for object: JSON? = nil) -> Set<Rule> {
        var found = Set(
            (schema["x-kubernetes-validations"]?.arrayValue ?? []).filter { $0["rule"]?.stringValue?.contains("oldSelf") != true }
                .compactMap { $0["message"]?.stringValue.map { Rule(place: place, message: $0) } })
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

    @Test(arguments: Kind.allCases)
    func everyRuleHasObjectsThatPassAndOneThatIsRefused(_ kind: Kind) throws {
        let all = rules(try kind.schema(), "")
        #expect(all.count >= 3)
        var passed: Set<Rule> = []
        var refused: [Rule] = []
        for sample in try kind.samples() {
            if let rule = refusedBy(sample) { refused.append(rule) } else { passed.formUnion(rules(try kind.schema(), "", for: sample)) }
        }
        #expect(Set(refused) == all, "missing: \(all.subtracting(refused)), unknown: \(Set(refused).subtracting(all))")
        #expect(refused.count == all.count)
        #expect(all.subtracting(passed).isEmpty, "never passed: \(all.subtracting(passed))")
    }

    @Test(arguments: Kind.allCases)
    func theDaemonAgrees(_ kind: Kind) throws {
        for sample in try kind.samples() {
            let name = sample["metadata"]?["name"]?.stringValue ?? ""
            let (isGood, problems) = kind.read(sample)
            guard let rule = refusedBy(sample) else {
                #expect(problems == [], "\(name)")
                continue
            }
            #expect(!isGood, "\(name)")
            #expect(problems.contains { form($0.path, like: rule.place).hasPrefix(rule.place) }, "\(name): \(problems)")
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
