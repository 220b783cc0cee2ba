/// What must hold between the fields of an object, in one place: the text for the API server's CEL and the check of our own.
package struct FieldRule<Root: Sendable>: Sendable {
    /// The fields it reads: it is left out where one of them is missing or wrong, as that is told already.
    let fields: [String]
    /// The server's half; nil where CEL can't say it within its cost budget.
    let validation: JSON?
    let check: @Sendable (Root, FieldPath) -> [Problem]
    let checkChange: @Sendable (Root, Root, FieldPath) -> [Problem]

    /// A rule that finds its own words and places.
    package init(
        _ fields: [String], cel: String? = nil, message: String? = nil, check: @escaping @Sendable (Root, FieldPath) -> [Problem]
    ) {
        self.fields = fields
        validation = cel.map { CEL.validation($0, message: message ?? "") }
        self.check = check
        checkChange = { _, _, _ in [] }
    }

    /// A rule with one message, told at the first field it reads.
    package init(_ fields: [String], cel: String? = nil, _ message: String, holds: @escaping @Sendable (Root) -> Bool) {
        self.init(fields, cel: cel, message: message) { root, path in
            holds(root) ? [] : [Problem(fields.first.map(path.appending) ?? path, message)]
        }
    }

    private init(validation: JSON, checkChange: @escaping @Sendable (Root, Root, FieldPath) -> [Problem]) {
        fields = []
        self.validation = validation
        check = { _, _ in [] }
        self.checkChange = checkChange
    }

    /// The field never changes once the object exists.
    package static func immutable<Value: Equatable & Sendable>(_ name: String, _ keyPath: any KeyPath<Root, Value> & Sendable) -> FieldRule {
        let message = "\(name) can't be changed; delete the object and create another"
        return FieldRule(validation: CEL.validation("self.\(name) == oldSelf.\(name)", message: message)) { old, new, path in
            old[keyPath: keyPath] == new[keyPath: keyPath] ? [] : [Problem(path.appending(name), message)]
        }
    }
}
