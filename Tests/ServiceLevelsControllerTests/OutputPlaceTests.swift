import Testing

@testable import ServiceLevelsController

struct OutputPlaceTests {
    @Test func placesAreSharedByKindAndByPath() {
        let a = SLOSourceDefinition.Output.directory(path: "/a", reloadURL: "http://one/-/reload")
        let alsoA = SLOSourceDefinition.Output.directory(path: "/a", reloadURL: "http://two/-/reload")
        let b = SLOSourceDefinition.Output.directory(path: "/b", reloadURL: "http://one/-/reload")
        #expect(a.sharesPlace(with: alsoA))
        #expect(!a.sharesPlace(with: b))
        #expect(SLOSourceDefinition.Output.configMap.sharesPlace(with: .configMap))
        #expect(!SLOSourceDefinition.Output.configMap.sharesPlace(with: .prometheusRule))
        #expect(!SLOSourceDefinition.Output.configMap.sharesPlace(with: a))
    }
}
