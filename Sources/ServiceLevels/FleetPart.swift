package import PrometheusModel

/// The shared rules of a place as one file or object carries them.
package struct FleetPart: Sendable, Hashable {
    package let name: Name
    package let file: RuleFile

    /// What tells the parts of an instance apart.
    package struct Name: Sendable, Hashable {
        package let instance: String
        package let source: String
        /// `3of16`.
        package let place: String
        /// `sums`, or `facts-0`.
        package let kind: String

        init(_ place: FleetPlace, _ kind: String) {
            instance = place.instance
            source = place.source
            self.place = place.short
            self.kind = kind
        }

        // What these join holds neither an underscore nor a dot, as names of Kubernetes' labels. No SLO's file has this form: no namespace has a
        // capital letter.

        /// The rule file's name.
        package var file: String { ["plimsoll", instance, FleetPlace.namespace, source, place, kind].joined(separator: "_") + ".yaml" }

        /// The object's name.
        package var object: String { "plimsoll-fleet." + [instance, source, place, kind].joined(separator: ".") }

        /// Reads a file's name back; nil when it is another's.
        package init?(file: String) {
            guard file.hasSuffix(".yaml") else { return nil }
            let parts = file.dropLast(".yaml".count).split(separator: "_", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 6, parts[0] == "plimsoll", parts[2] == FleetPlace.namespace else { return nil }
            (instance, source, place, kind) = (parts[1], parts[3], parts[4], parts[5])
        }

        /// Reads an object's name back; nil when it is another's.
        package init?(object: String) {
            let parts = object.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 5, parts[0] == "plimsoll-fleet" else { return nil }
            (instance, source, place, kind) = (parts[1], parts[2], parts[3], parts[4])
        }
    }
}

extension FleetShard {
    /// The groups of the paces are one, and each further group is one.
    package var parts: [FleetPart] {
        guard !groups.isEmpty else { return [] }
        let shared = RuleSettings.Pace.allCases.count
        return [FleetPart(name: FleetPart.Name(place, "sums"), file: RuleFile(groups: Array(groups.prefix(shared))))]
            + groups.dropFirst(shared).map {
                let kind = $0.name.split(separator: "/").last.map(String.init) ?? ""
                return FleetPart(name: FleetPart.Name(place, kind), file: RuleFile(groups: [$0]))
            }
    }
}
