import PlimsollAPI
import Testing
import Values

/// What an API server asks of a structural schema, and what DESIGN.md asks besides.
struct CRDTests {
    private struct Node {
        var path: String
        var schema: JSON
    }

    private func nodes(_ schema: JSON, _ path: String) -> [Node] {
        var found = [Node(path: path, schema: schema)]
        for (name, property) in schema["properties"]?.objectValue ?? [:] { found += nodes(property, "\(path).\(name)") }
        if let items = schema["items"] { found += nodes(items, "\(path)[]") }
        if let values = schema["additionalProperties"] { found += nodes(values, "\(path){}") }
        return found
    }

    private func version() throws -> JSON {
        try #require(CRDs.all().first?.json["spec"]?["versions"]?[0])
    }

    private func nodes() throws -> [Node] {
        nodes(try #require(try version()["schema"]?["openAPIV3Schema"]), "")
    }

    /// Of the definition of that number.
    private func nodes(of number: Int) throws -> [Node] {
        nodes(try #require(CRDs.all()[number].json["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]), "")
    }

    @Test(arguments: CRDs.all().indices)
    func everyNodeIsTypedDescribedAndBounded(_ number: Int) throws {
        let all = try nodes(of: number)
        #expect(all.count > 30)
        for node in all {
            let schema = node.schema
            let type = schema["type"]?.stringValue
            #expect(["object", "array", "string", "integer", "boolean"].contains(type), "\(node.path): no floats, and every node has a type")
            let isOwn = !["", ".apiVersion", ".kind", ".metadata"].contains(node.path)
            if isOwn, !node.path.hasSuffix("[]"), !node.path.hasSuffix("{}") { #expect(schema["description"] != nil, "\(node.path)") }
            switch type {
            case "string" where isOwn: #expect(schema["maxLength"] != nil || schema["enum"] != nil || schema["format"] != nil, "\(node.path)")
            case "integer":
                let bounds = [schema["minimum"]?.intValue, schema["maximum"]?.intValue].compactMap { $0 }
                #expect(bounds.count == 2 && bounds.allSatisfy { abs($0) <= 1 << 53 }, "\(node.path): API servers compare bounds as doubles")
            case "array":
                #expect(schema["maxItems"] != nil && schema["x-kubernetes-list-type"] != nil, "\(node.path)")
            case "object" where schema["additionalProperties"] != nil:
                #expect(schema["maxProperties"] != nil && schema["properties"] == nil, "\(node.path)")
            case "object" where schema["x-kubernetes-preserve-unknown-fields"] == true: #expect(schema["properties"] == nil, "\(node.path)")
            case "object" where isOwn: #expect(schema["properties"] != nil, "\(node.path)")
            default: break
            }
        }
    }

    @Test(arguments: CRDs.all().indices)
    func listMapsHaveTheirKeys(_ number: Int) throws {
        for node in try nodes(of: number) where node.schema["x-kubernetes-list-type"] == "map" {
            let required = node.schema["items"]?["required"]?.arrayValue ?? []
            let keys = try #require(node.schema["x-kubernetes-list-map-keys"]?.arrayValue)
            #expect(!keys.isEmpty && keys.allSatisfy(required.contains), "\(node.path)")
        }
    }

    @Test(arguments: CRDs.all().indices)
    func requiredFieldsHaveNoDefaults(_ number: Int) throws {
        for node in try nodes(of: number) {
            for name in (node.schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) {
                let property = try #require(node.schema["properties"]?[name], "\(node.path).\(name)")
                #expect(property["default"] == nil, "\(node.path).\(name)")
            }
        }
    }

    @Test func defaultsAreWhatTheDaemonUses() throws {
        let defaults = try nodes().compactMap { node in node.schema["default"].map { "\(node.path)=\($0.text())" } }
        #expect(
            defaults == [
                #".spec.window.calendar.timeZone="UTC""#, #".spec.indicator.latency.type="Auto""#, ".spec.alerting={}",
                #".spec.alerting.lowTraffic="Guarded""#, #".spec.exclusions[].timeZone="UTC""#, #".spec.source="default""#,
            ])
    }

    @Test func namesAndColumns() throws {
        let definition = try #require(CRDs.all().first)
        #expect(definition.fileName == "plimsoll.dev_slos.yaml")
        #expect(definition.json["metadata"]?["name"] == "slos.plimsoll.dev")
        #expect(definition.json["spec"]?["names"]?["shortNames"] == ["pslo"])
        #expect(definition.json["spec"]?["scope"] == "Namespaced")
        let columns = try #require(try version()["additionalPrinterColumns"]?.arrayValue)
        #expect(
            columns.compactMap { $0["name"]?.stringValue } == ["Service", "Objective", "Window", "Budget", "Burn 1h", "Exhausted", "Ready", "Age"])
        #expect(columns.allSatisfy { $0["type"] == "string" || $0["name"] == "Age" })
        #expect(try version()["subresources"]?["status"] == [:])
    }
}
