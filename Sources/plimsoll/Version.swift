/// What this build is.
enum PlimsollVersion {
    static let text = "0.1.0"
}
