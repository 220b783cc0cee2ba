/// A condition in the subset of expr-lang (expr-lang/expr 1.17) that Argo Rollouts' conditions use: `result[0] <= 0.01`, `len(result) > 0 && all(result,
/// # < 0.05)`, `default(result, 0)`, `isNaN(result[0])`. What is beyond the subset (`matches`, pipes, `let`) is refused by name.
package struct Expression: Sendable, Hashable {
    package let text: String
    let root: Node

    package init(_ text: String) throws(ExpressionError) {
        self.text = text
        root = try ExpressionParser.parse(text)
    }

    indirect enum Node: Sendable, Hashable {
        case literal(ExpressionValue)
        case result
        /// `#`, the element a predicate looks at.
        case element
        case list([Node])
        case unary(String, Node)
        case binary(String, Node, Node)
        case conditional(Node, Node, Node)
        case index(Node, Node)
        case slice(Node, Node?, Node?)
        /// `isOptional`: nil of nil, as `?.` has it.
        case member(Node, String, isOptional: Bool)
        case call(String, [Node])
        /// A built-in that tries a predicate on each element.
        case each(String, Node, predicate: Node)
    }
}
