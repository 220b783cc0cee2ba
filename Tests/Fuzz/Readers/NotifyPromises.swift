import Notify
import Values

/// Whatever a peer answers, a dialogue ends soon, asks only where it was told to, and calls the matter by a short plain name; whatever body somebody
/// writes, it is refused or always gives JSON.
///
/// The first byte chooses the dialogue and what it tells; then come answers, ended by zero bytes, the first byte of each its status. For the template
/// of one's own the rest is the body.
enum NotifyPromises {
    private static let statuses = [200, 201, 204, 301, 400, 401, 404, 429, 500, 503]
    private static let mostTurns = 8
    private static let longestReference = 255

    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard let first = bytes.first else { return }
        let state: Notification.State = first & 1 == 0 ? .firing : .resolved
        let notification = Notification(
            identity: .init(instance: "main", namespace: "shop", slo: "a", policy: "b"), severity: .page, state: state, service: "s",
            title: "t\"\\", text: String(decoding: bytes.prefix(512), as: UTF8.self), startedAt: .epoch)
        let answers = bytes.dropFirst().split(separator: 0, omittingEmptySubsequences: false)
        switch first >> 1 & 3 {
        case 0:
            let reference = first & 8 == 0 ? "" : String(decoding: answers.first ?? [], as: UTF8.self)
            let settings = JiraTemplate.Settings(project: "OPS", resolveTransition: first & 16 == 0 ? "" : "Done")
            try check(JiraTemplate(notification, settings: settings, reference: reference), answers)
        case 1: try check(StatuspageTemplate(notification, settings: .init(pageID: "p", componentIDs: ["c"])), answers)
        case 2: try check(SingleRequest(SlackTemplate.request(notification)), answers)
        default:
            guard let template = try? CustomTemplate(String(decoding: bytes.dropFirst(), as: UTF8.self)) else { return }
            try promise((try? JSON(parsing: template.request(notification).body ?? [])) != nil, "a body that is no JSON")
        }
    }

    private static func check(_ start: some Dialogue, _ answers: [ArraySlice<UInt8>]) throws(BrokenPromise) {
        var dialogue = start
        var answer: NotifyAnswer?
        for turn in 0... {
            try promise(turn <= mostTurns, "no end after \(turn) turns")
            switch dialogue.next(answer) {
            case .done(let reference):
                try promise(
                    reference.utf8.count <= longestReference && reference.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "the reference \(reference)")
                return
            case .failed(let failure):
                try promise(!failure.message.isEmpty && failure.message.utf8.count < 16384, "a failure of \(failure.message.utf8.count) bytes")
                return
            case .send(let request):
                let path = request.path
                try promise(
                    path.isEmpty || path.hasPrefix("/rest/api/") || path.hasPrefix("/v1/pages/p/incidents"), "the path \(path)")
                try promise(
                    path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "%") } && !path.contains(".."),
                    "the path \(path)")
                if let body = request.body { try promise((try? JSON(parsing: body)) != nil, "a request that is no JSON") }
            }
            let next = turn < answers.count ? answers[answers.startIndex + turn] : []
            answer = NotifyAnswer(status: statuses[Int(next.first ?? 0) % statuses.count], body: Array(next.dropFirst()))
        }
    }
}
