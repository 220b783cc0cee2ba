import KubeModel
import PlimsollAPI
import Values

/// A problem and where it stands in a file.
struct PlacedProblem: CustomStringConvertible {
    let position: SourcePosition
    let text: String

    /// `file:line: path: message`
    var description: String { "\(position.file):\(position.line): \(text)" }
}

/// One object of a manifest file; the items of a List are objects of their own.
struct ManifestObject {
    let document: YAMLDocument
    /// Where the object stands in its document: nothing, or `items[3]`.
    let place: FieldPath
    let json: JSON

    var apiVersion: String { json["apiVersion"]?.stringValue ?? "" }
    var kind: String { json["kind"]?.stringValue ?? "" }
    var key: ObjectKey {
        ObjectKey(namespace: json["metadata"]?["namespace"]?.stringValue ?? "default", name: json["metadata"]?["name"]?.stringValue ?? "")
    }

    /// Whether it is one of Plimsoll's kinds.
    var isOurs: Bool { apiVersion.split(separator: "/").first == "plimsoll.dev" }

    func position(of path: FieldPath) -> SourcePosition {
        document.position(of: FieldPath(elements: place.elements + path.elements))
    }

    func placed(_ problem: Problem) -> PlacedProblem { PlacedProblem(position: position(of: problem.path), text: problem.description) }

    func placed(at path: FieldPath, _ message: String) -> PlacedProblem {
        placed(Problem(path, message))
    }
}

/// The objects of manifest files, and what could not be read.
struct ManifestSet {
    var objects: [ManifestObject] = []
    /// What could not be read, and malformed files, as `file:line:column: message`.
    var unreadable: [String] = []

    init(_ inputs: InputFiles) {
        unreadable = inputs.problems
        for file in inputs.files {
            do throws(YAMLError) {
                for document in try YAML.parseManifest(bytes: file.bytes, file: file.name) { collect(document) }
            } catch {
                let isTemplate = file.bytes.firstRange(of: Array("{{".utf8)) != nil
                let hint = "; this looks like a template: render it first (helm template ...) or leave it out (--exclude)"
                unreadable.append(error.description + (isTemplate ? hint : ""))
            }
        }
    }

    /// The paths a command was given that hold no object of Plimsoll's and no problem: maybe not what was meant.
    func idlePaths(_ inputs: InputFiles, problems: [PlacedProblem]) -> [String] {
        let busy = Set(objects.filter(\.isOurs).map(\.document.file) + problems.map(\.position.file))
        return inputs.arguments.filter { argument in
            !argument.files.contains(where: busy.contains)
                && !unreadable.contains { line in
                    line.hasPrefix(argument.path) || argument.files.contains { line.hasPrefix("\($0):") }
                }
        }.map(\.path)
    }

    private mutating func collect(_ document: YAMLDocument) {
        if ["List", "SLOList"].contains(document.json["kind"]?.stringValue), let items = document.json["items"]?.arrayValue {
            for (index, item) in items.enumerated() {
                objects.append(ManifestObject(document: document, place: FieldPath(.key("items"), .index(index)), json: item))
            }
        } else {
            objects.append(ManifestObject(document: document, place: .root, json: document.json))
        }
    }
}
