import Values

/// A type with every sort of field.
struct Ship: Fielded, Equatable {
    var name = ""
    var flag: String?
    var draught = PromDuration.hours(2)
    var crew: Int64 = 12
    var sails = true
    var kind = Rig.sloop
    var hold = Hold()
    var ports: [String] = []
    var decks: [Deck] = []
    var cargo: [String: Int64] = [:]
    var course: Course?

    enum Rig: String, CaseIterable { case sloop, ketch, brig }

    static let fields: [Field<Ship>] = [
        .required("name", \.name, "What she is called.", .text(min: 1, max: 10, .dnsLabel, example: "elbe")),
        .optional("flag", \.flag, "Her flag.", .text(max: 5, example: "no")),
        .defaulted("draught", \.draught, "How long she stays.", .duration(.minutes(1)...PromDuration.days(2), example: "2h")),
        .defaulted("crew", \.crew, "How many.", .integer(1...40)),
        .optional("sails", \.sails, "Whether she sails.", .boolean),
        .defaulted("kind", \.kind, "Her rig.", .word()),
        .defaulted("hold", \.hold, "What she carries.", .object()),
        .optional("ports", \.ports, "Where she calls.", .set(of: .text(max: 8, example: "oslo"), max: 3)),
        .optional("decks", \.decks, "Deck by deck.", .named(Deck.self, \.name, max: 2)),
        .optional("cargo", \.cargo, "What and how much.", .map(of: .integer(0...9), max: 2, keyMax: 4, key: .labelName)),
        .optional("course", \.course, "Where she goes.", .object()),
        .unsupported("engine", "Her engine.", .record([.init("power", "In kilowatts.", required: true, .integer(1...9))]), instead: "use sails"),
        .unsupported("radar", "Whether she sees.", .boolean, unless: false, instead: "remove it or say false"),
    ]

    static let rules: [FieldRule<Ship>] = [
        .init(["crew", "sails"], cel: "self.sails || self.crew < 20", "must be under 20 without sails", holds: { $0.sails || $0.crew < 20 }),
        .immutable("name", \.name),
    ]
}

struct Hold: Fielded, Equatable {
    var tons: Int64 = 5
    static let fields: [Field<Hold>] = [.defaulted("tons", \.tons, "How much fits.", .integer(1...100))]
}

struct Deck: Fielded, Equatable {
    var name = ""
    var guns: Int64 = 0
    static let fields: [Field<Deck>] = [
        .required("name", \.name, "Which.", .text(max: 9, example: "gun")), .optional("guns", \.guns, "How many.", .integer(0...50)),
    ]
}

/// A union.
struct Course: Fielded, Equatable {
    var port: String?
    var bearing: Int64?
    static let isUnion = true
    static let fields: [Field<Course>] = [
        .optional("port", \.port, "To a port.", .text(max: 8, example: "oslo")), .optional("bearing", \.bearing, "By compass.", .integer(0...359)),
    ]
}
