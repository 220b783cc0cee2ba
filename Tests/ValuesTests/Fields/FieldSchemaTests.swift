import Testing
import Values

struct FieldSchemaTests {
    private let schema = Ship.schema()
    private func property(_ name: String) -> JSON? { schema["properties"]?[name] }

    @Test func object() {
        #expect(schema["type"] == "object")
        #expect(schema["required"] == ["name"])
        #expect(schema["properties"]?.objectValue?.keys == Ship.fields.map(\.name))
        #expect(
            schema["x-kubernetes-validations"] == [
                ["rule": "self.sails || self.crew < 20", "message": "must be under 20 without sails"],
                ["rule": "self.name == oldSelf.name", "message": "name can't be changed; delete the object and create another"],
            ])
    }

    @Test func scalars() {
        #expect(
            property("name") == [
                "description": "What she is called.", "type": "string", "minLength": 1, "maxLength": 10, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            ])
        #expect(property("crew") == ["description": "How many.", "type": "integer", "format": "int64", "minimum": 1, "maximum": 40, "default": 12])
        #expect(property("sails") == ["description": "Whether she sails.", "type": "boolean"])
        #expect(property("kind") == ["description": "Her rig.", "type": "string", "enum": ["sloop", "ketch", "brig"], "default": "sloop"])
        #expect(property("draught")?["default"] == "2h")
        #expect(property("draught")?["x-kubernetes-validations"]?[0]?["message"] == "expected a duration from 1m to 2d, like 2h")
    }

    @Test func collections() {
        #expect(
            property("ports") == [
                "description": "Where she calls.", "type": "array", "maxItems": 3, "x-kubernetes-list-type": "set",
                "items": ["type": "string", "maxLength": 8],
            ])
        #expect(property("decks")?["x-kubernetes-list-type"] == "map")
        #expect(property("decks")?["x-kubernetes-list-map-keys"] == ["name"])
        #expect(property("cargo")?["maxProperties"] == 2)
        #expect(property("cargo")?["additionalProperties"]?["maximum"] == 9)
    }

    @Test func aParentsDefaultIsEmptyAndOnlyWhereNoChildIsRequired() {
        #expect(property("hold")?["default"] == [:])
        #expect(property("hold")?["properties"]?["tons"]?["default"] == 5)
        struct Yard: Fielded {
            var deck = Deck()
            var course = Course()
            static let fields: [Field<Yard>] = [
                .defaulted("deck", \.deck, "A deck.", .object()), .defaulted("course", \.course, "A course.", .object()),
            ]
        }
        #expect(Yard.schema()["properties"]?["deck"]?["default"] == nil)
        #expect(Yard.schema()["properties"]?["course"]?["default"] == nil, "an empty union is none")
    }

    @Test func unionsAndUnsupportedFields() {
        #expect(property("course")?["minProperties"] == 1)
        #expect(property("course")?["maxProperties"] == 1)
        #expect(property("engine")?["description"] == "Her engine. Not supported by this version.")
        #expect(property("engine")?["properties"]?["power"]?["maximum"] == 9)
        #expect(property("engine")?["required"] == ["power"])
    }
}
