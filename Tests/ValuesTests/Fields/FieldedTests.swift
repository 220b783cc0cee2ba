import Testing
import Values

struct FieldedTests {
    private func read(_ text: String) throws -> (ship: Ship?, problems: [String]) {
        var problems: [Problem] = []
        let ship = Ship.decode(try JSON(parsing: text), at: "spec", problems: &problems)
        return (ship, problems.map(\.description))
    }

    @Test func defaults() throws {
        let (ship, problems) = try read(#"{"name":"elbe"}"#)
        #expect(problems.isEmpty)
        var expected = Ship()
        expected.name = "elbe"
        #expect(ship == expected)
    }

    @Test func everythingGiven() throws {
        let text = """
            {"name":"elbe","flag":"no","draught":"1h30m","crew":3,"sails":false,"kind":"brig","hold":{"tons":7},"ports":["oslo","kiel"],
             "decks":[{"name":"gun","guns":9},{"name":"top"}],"cargo":{"tea":4},"course":{"bearing":270},"radar":false}
            """
        let (ship, problems) = try read(text)
        #expect(problems.isEmpty)
        let read = try #require(ship)
        #expect(read.decks == [Deck(name: "gun", guns: 9), Deck(name: "top")])
        #expect(read.course == Course(bearing: 270))
        #expect(read.draught == .minutes(90))
        var json = try JSON(parsing: text)
        json["radar"] = nil
        #expect(read.json == json, "what is encoded is what was read")
    }

    @Test func nullIsAbsent() throws {
        let (ship, problems) = try read(#"{"name":"elbe","flag":null,"draught":null,"hold":null,"ports":null,"cargo":{"a":null},"engine":null}"#)
        #expect(problems.isEmpty)
        #expect(ship?.draught == .hours(2))
        #expect(ship?.cargo.isEmpty == true)
        #expect(try read(#"{"name":null}"#).problems == ["spec.name: is required: What she is called."])
        #expect(try read(#"{"name":"a","ports":[null]}"#).problems == [#"spec.ports[0]: expected a string like "oslo" (got null)"#])
    }

    /// Each wrong input and all that is said about it.
    @Test(arguments: [
        (
            #"[]"#,
            [
                "spec: expected an object with the fields name, flag, draught, crew, sails, kind, hold, ports, decks, cargo, course, engine, radar (got [])"
            ]
        ),
        (#"{}"#, ["spec.name: is required: What she is called."]),
        (#"{"name":"a","nmae":"b"}"#, [#"spec.nmae: is no field of this object; did you mean "name"?"#]),
        (#"{"name":"a","Crew":1}"#, [#"spec.Crew: is no field of this object; did you mean "crew"?"#]),
        (#"{"name":"a","hold":{"tonnage":1}}"#, ["spec.hold.tonnage: is no field of this object; its fields are tons"]),
        (
            #"{"name":"a","a/b":1}"#,
            [
                "spec[a/b]: is no field of this object; its fields are name, flag, draught, crew, sails, kind, hold, ports, decks, cargo, course, engine, radar"
            ]
        ),
        (#"{"name":99.9}"#, [#"spec.name: expected a string like "elbe" (got 99.9)"#]),
        (#"{"name":""}"#, [#"spec.name: expected a name of lower-case letters, digits and '-', like "elbe" (got "")"#]),
        (#"{"name":"Elbe"}"#, [#"spec.name: expected a name of lower-case letters, digits and '-', like "elbe" (got "Elbe")"#]),
        (#"{"name":"abcdefghijk"}"#, [#"spec.name: is 11 characters long; at most 10 are accepted (got "abcdefghijk")"#]),
        (#"{"name":"a","crew":"3"}"#, [#"spec.crew: expected a whole number from 1 to 40 (got "3")"#]),
        (#"{"name":"a","crew":41}"#, ["spec.crew: expected a whole number from 1 to 40 (got 41)"]),
        (#"{"name":"a","crew":1.0}"#, ["spec.crew: expected a whole number from 1 to 40 (got 1.0)"]),
        (#"{"name":"a","crew":99999999999999999999}"#, ["spec.crew: expected a whole number from 1 to 40 (got 99999999999999999999)"]),
        (#"{"name":"a","sails":"yes"}"#, [#"spec.sails: expected true or false (got "yes")"#]),
        (#"{"name":"a","kind":"yawl"}"#, [#"spec.kind: expected one of "sloop", "ketch", "brig" (got "yawl")"#]),
        (#"{"name":"a","draught":"2 h"}"#, [#"spec.draught: expected a duration from 1m to 2d, like "2h" (got "2 h")"#]),
        (#"{"name":"a","draught":"59s"}"#, [#"spec.draught: expected a duration from 1m to 2d, like "2h" (got "59s")"#]),
        (#"{"name":"a","draught":7200}"#, [#"spec.draught: expected a string like "2h" (got 7200)"#]),
        (#"{"name":"a","ports":"oslo"}"#, [#"spec.ports: expected a list (got "oslo")"#]),
        (#"{"name":"a","ports":["a","b","a"]}"#, [#"spec.ports[2]: is given already at spec.ports[0]; each must be different (got "a")"#]),
        (#"{"name":"a","ports":["a","b","c","d"]}"#, ["spec.ports: has 4 items; at most 3 are accepted"]),
        (
            #"{"name":"a","decks":[{"name":"x"},{"name":"x"}]}"#,
            [
                #"spec.decks[1].name: is given already at spec.decks[0].name; each must be different (got "x")"#
            ]
        ),
        (
            #"{"name":"a","decks":[{"guns":51},3]}"#,
            [
                "spec.decks[0].name: is required: Which.", "spec.decks[0].guns: expected a whole number from 0 to 50 (got 51)",
                "spec.decks[1]: expected an object with the fields name, guns (got 3)",
            ]
        ),
        (#"{"name":"a","cargo":{"a":1,"b":2,"c":3}}"#, ["spec.cargo: has 3 entries; at most 2 are accepted"]),
        (
            #"{"name":"a","cargo":{"a-b":10}}"#,
            [
                #"spec.cargo.a-b: each key must be a Prometheus label name (letters, digits, '_'), of at most 4 characters (got "a-b")"#,
                "spec.cargo.a-b: expected a whole number from 0 to 9 (got 10)",
            ]
        ),
        (#"{"name":"a","cargo":[]}"#, ["spec.cargo: expected an object of names and values (got [])"]),
        (#"{"name":"a","course":{}}"#, ["spec.course: give exactly one of port, bearing; none is given"]),
        (#"{"name":"a","course":{"port":null}}"#, ["spec.course: give exactly one of port, bearing; none is given"]),
        (#"{"name":"a","course":{"port":"x","bearing":1}}"#, ["spec.course: give exactly one of port, bearing; port and bearing are given"]),
        (#"{"name":"a","engine":{"power":4}}"#, ["spec.engine: is not supported by this version of Plimsoll; use sails"]),
        (#"{"name":"a","radar":true}"#, ["spec.radar: is not supported by this version of Plimsoll; remove it or say false"]),
        (#"{"name":"a","crew":20,"sails":false}"#, ["spec.crew: must be under 20 without sails"]),
        // A rule over a field that is wrong anyway would only confuse.
        (#"{"name":"a","crew":"20","sails":false}"#, [#"spec.crew: expected a whole number from 1 to 40 (got "20")"#]),
        // All at once.
        (
            #"{"nam":1,"crew":0,"hold":{"tons":0},"decks":[{}],"course":{"bearing":360}}"#,
            [
                #"spec.nam: is no field of this object; did you mean "name"?"#, "spec.name: is required: What she is called.",
                "spec.crew: expected a whole number from 1 to 40 (got 0)", "spec.hold.tons: expected a whole number from 1 to 100 (got 0)",
                "spec.decks[0].name: is required: Which.", "spec.course.bearing: expected a whole number from 0 to 359 (got 360)",
            ]
        ),
    ])
    func problems(text: String, expected: [String]) throws {
        let (ship, problems) = try read(text)
        #expect(ship == nil)
        #expect(problems == expected)
    }

    @Test func immutableFields() {
        var (old, new) = (Ship(), Ship())
        (old.name, new.name, new.crew) = ("elbe", "elbe", 5)
        #expect(Ship.problems(changing: old, to: new, at: "spec").isEmpty)
        new.name = "oder"
        #expect(
            Ship.problems(changing: old, to: new, at: "spec").map(\.description) == [
                "spec.name: name can't be changed; delete the object and create another"
            ])
    }

    @Test func summariesAreBounded() throws {
        var problems: [Problem] = []
        _ = Ship.decode(try JSON(parsing: #"{"a1":1,"a2":1,"a3":1}"#), at: "spec", problems: &problems)
        #expect(problems.count == 4)
        let summary = problems.summary(limit: 200)
        #expect(summary.hasPrefix("spec.a1: "))
        #expect(summary.hasSuffix("; and 3 more"))
        #expect(problems.summary() == problems.map(\.description).joined(separator: "; "))
        #expect(([] as [Problem]).summary().isEmpty)
        let long = Problem("a", "is long", got: .string(String(repeating: "x", count: 1000)))
        #expect(long.description.utf8.count < 200)
    }
}
