import HTTPTransport
import Values

/// A body of somebody's own making: JSON in which `${name}` stands for a part of the notification.
package struct CustomTemplate: Sendable, Hashable {
    /// What a placeholder may name.
    package enum Placeholder: String, Sendable, CaseIterable {
        case title, text, state, severity, instance, namespace, slo, policy, service, key, runbook, startedAt

        func value(_ notification: Notification) -> String {
            switch self {
            case .title: notification.title
            case .text: notification.plainBody
            case .state: notification.state.rawValue
            case .severity: notification.severity.rawValue
            case .instance: notification.identity.instance
            case .namespace: notification.identity.namespace
            case .slo: notification.identity.slo
            case .policy: notification.identity.policy
            case .service: notification.service
            case .key: notification.identity.dedupKey
            case .runbook: notification.runbook
            case .startedAt: notification.startedAt.secondsText
            }
        }
    }

    private enum Piece: Sendable, Hashable {
        case text(String)
        case value(Placeholder)
    }

    private let pieces: [Piece]

    /// Throws in words for whoever wrote it: an unknown placeholder, or no JSON once all are filled in.
    package init(_ body: String) throws(NotifyFailure) {
        var pieces: [Piece] = []
        var rest = Substring(body)
        while let open = rest.firstRange(of: "${") {
            pieces.append(.text(String(rest[..<open.lowerBound])))
            guard let close = rest[open.upperBound...].firstIndex(of: "}") else {
                throw NotifyFailure("has a \"${\" that no \"}\" closes", isFinal: true)
            }
            let name = String(rest[open.upperBound..<close])
            guard let placeholder = Placeholder(rawValue: name) else {
                let known = Placeholder.allCases.map { "${\($0.rawValue)}" }.joined(separator: ", ")
                throw NotifyFailure("has the unknown placeholder \"${\(name.cut(to: 60))}\"; there are \(known)", isFinal: true)
            }
            pieces.append(.value(placeholder))
            rest = rest[rest.index(after: close)...]
        }
        pieces.append(.text(String(rest)))
        self.pieces = pieces
        do {
            _ = try JSON(parsing: filled { _ in "x\"\\" })
        } catch {
            throw NotifyFailure("is no JSON once its placeholders are filled in, each of which belongs inside a string: \(error)", isFinal: true)
        }
    }

    package func request(_ notification: Notification) -> NotifyRequest {
        NotifyRequest(
            "POST", "", headers: [HTTPHeader("Content-Type", "application/json")], body: filled { $0.value(notification).cut(to: 16384) },
            isIdempotent: false)
    }

    private func filled(_ value: (Placeholder) -> String) -> [UInt8] {
        let text = pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .value(let placeholder): String(JSON.string(value(placeholder)).text().dropFirst().dropLast())
            }
        }
        return Array(text.joined().utf8)
    }
}
