/// A place in a text file; line and column count from 1, the column in characters.
package struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, as compilers and editors write it.
    package var description: String { "\(file):\(line):\(column)" }
}
