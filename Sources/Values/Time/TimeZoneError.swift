/// Why a time zone's rules could not be had.
package struct TimeZoneError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name that was asked for.
    package let identifier: String
    package let message: String

    package var description: String { "time zone '\(identifier)': \(message)" }
}
