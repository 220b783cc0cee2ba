import KubeModel
import Testing

struct ResourceVersionTests {
    @Test(arguments: [
        ("1", "1", ResourceVersion.Order.same), ("1", "2", .older), ("2", "1", .newer), ("9", "10", .older), ("10", "9", .newer),
        ("100", "99", .newer),
        ("18446744073709551616", "18446744073709551615", .newer), ("99999999999999999999999", "100000000000000000000000", .older),
    ])
    func ordered(left: String, right: String, order: ResourceVersion.Order) {
        #expect(ResourceVersion.order(left, right) == order)
        #expect(ResourceVersion.has(left, reached: right) == (order != .older))
    }

    @Test(arguments: ["", "0", "01", "-1", "1a", "1.0", " 1", "\u{661}"])
    func unknown(text: String) {
        #expect(ResourceVersion.order(text, "5") == nil)
        #expect(ResourceVersion.order("5", text) == nil)
        #expect(ResourceVersion.has(text, reached: "5") == nil)
    }
}
