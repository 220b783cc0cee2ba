import Notify
import Values

/// Who is told when a step of an SLO's policy begins or ends to hold.
struct NotifierSource: Fielded, Hashable {
    var name = ""
    var webhook: WebhookNotifier?
    var alertmanager: AlertmanagerNotifier?
    var allowedNamespaces: [String] = ["*"]
    var timeout = PromDuration.seconds(10)

    static let fields: [Field<Self>] = [
        .required("name", \.name, "What objects call it.", .text(min: 1, max: 63, .dnsLabel, example: "oncall")),
        .optional("webhook", \.webhook, "A service that is told by a request of its own form.", .object()),
        .optional("alertmanager", \.alertmanager, "An Alertmanager, which is sent alerts.", .object()),
        .defaulted(
            "allowedNamespaces", \.allowedNamespaces, "Namespaces whose objects may use it; \"*\" means all.",
            .set(of: .text(min: 1, max: 63, example: "shop"), max: 1000)),
        .defaulted("timeout", \.timeout, "How long one request may take.", .span(.seconds(1), .minutes(2))),
    ]
    static let rules: [FieldRule<Self>] = [
        .init(["webhook", "alertmanager"], "give exactly one of webhook and alertmanager") { ($0.webhook == nil) != ($0.alertmanager == nil) }
    ]

    func allows(_ namespace: String) -> Bool { allowedNamespaces.contains("*") || allowedNamespaces.contains(namespace) }
}

struct WebhookNotifier: Fielded, Hashable {
    enum Template: String, CaseIterable, Sendable {
        case pagerDuty = "PagerDuty"
        case slack = "Slack"
        case jira = "Jira"
        case statuspage = "Statuspage"
        case custom = "Custom"
    }

    struct Jira: Fielded, Hashable {
        var project = ""
        var issueType = "Bug"
        var deployment = JiraTemplate.Deployment.cloud
        var user = ""
        var resolveTransition = ""
        var labels: [String] = []

        static let fields: [Field<Self>] = [
            .required(
                "project", \.project, "The key of the project in which issues are opened.", .text(min: 1, max: 64, .jiraProject, example: "OPS")),
            .defaulted("issueType", \.issueType, "The type of issue.", .text(min: 1, max: 64, example: "Bug")),
            .defaulted("deployment", \.deployment, "Cloud, or DataCenter (Server too), whose search differs.", .word()),
            .defaulted(
                "user", \.user, "Whose API token the secret is; empty: the secret is a personal access token.",
                .text(max: 253, example: "plimsoll@example.com")),
            .defaulted(
                "resolveTransition", \.resolveTransition, "The transition that closes an issue at the end; empty: a comment tells of it.",
                .text(max: 255, example: "Done")),
            .defaulted(
                "labels", \.labels, "Labels of the issues besides our own.", .set(of: .text(min: 1, max: 64, .labelValue, example: "slo"), max: 16)),
        ]
    }

    struct Statuspage: Fielded, Hashable {
        var pageID = ""
        var componentIDs: [String] = []
        var deliverNotifications = true

        static let fields: [Field<Self>] = [
            .required("pageID", \.pageID, "The page.", .text(min: 1, max: 64, .statuspageID, example: "kctbh9vrtdwd")),
            .defaulted(
                "componentIDs", \.componentIDs, "Components that are shown as degraded meanwhile.",
                .set(of: .text(min: 1, max: 64, .statuspageID, example: "ftgks51sfs2d"), max: 32)),
            .defaulted("deliverNotifications", \.deliverNotifications, "Whether the page's subscribers are told.", .boolean),
        ]
    }

    var template = Template.custom
    var url = ""
    var urlFile = ""
    var secretFile = ""
    var caFile = ""
    var jira: Jira?
    var statuspage: Statuspage?
    var body = ""

    static let fields: [Field<Self>] = [
        .required("template", \.template, "The form of its requests; Custom is a body of one's own.", .word()),
        .defaulted(
            "url", \.url, "Where it is; PagerDuty and Statuspage are known, and Slack's is its secret.",
            .optionalHTTPURL(example: "https://example.atlassian.net")),
        .defaulted(
            "urlFile", \.urlFile, "For the template Custom, instead of url: file that holds a URL that is a secret, with its query where it has one.",
            .path),
        .defaulted(
            "secretFile", \.secretFile,
            "File that holds its secret: PagerDuty's routing key, the URL of Slack's incoming webhook, the API token of Jira or Statuspage, a bearer token.",
            .path),
        .defaulted("caFile", \.caFile, "PEM file of the authorities that vouch for an https URL; empty means the system's.", .path),
        .optional("jira", \.jira, "For the template Jira.", .object()),
        .optional("statuspage", \.statuspage, "For the template Statuspage.", .object()),
        .defaulted(
            "body", \.body, "For the template Custom: JSON in which ${title}, ${text} and so on stand for parts of the notification.",
            .text(max: 16384, example: #"{"text": "${title}"}"#).checked(check: fillable)),
    ]
    static let rules: [FieldRule<Self>] = [
        .init(["secretFile", "template"], "this template needs its secret's file; only Custom does without") {
            !$0.secretFile.isEmpty || $0.template == .custom
        },
        .init(["url", "template"], "Slack's URL is its secret: put it into secretFile, and remove url") { $0.url.isEmpty || $0.template != .slack },
        .init(["url", "template"], "this template needs a url") {
            !$0.url.isEmpty || !$0.urlFile.isEmpty || ![.jira, .custom].contains($0.template)
        },
        .init(["urlFile", "template"], "only the template Custom has urlFile, and then no url") {
            $0.urlFile.isEmpty || $0.template == .custom && $0.url.isEmpty
        },
        .init(["jira", "template"], "the template Jira needs jira, and only it has it") { ($0.jira != nil) == ($0.template == .jira) },
        .init(["statuspage", "template"], "the template Statuspage needs statuspage, and only it has it") {
            ($0.statuspage != nil) == ($0.template == .statuspage)
        },
        .init(["body", "template"], "the template Custom needs body, and only it has it") { $0.body.isEmpty == ($0.template != .custom) },
    ]

    private static let fillable: @Sendable (String, FieldPath) -> [Problem] = { text, path in
        guard !text.isEmpty else { return [] }
        do throws(NotifyFailure) {
            _ = try CustomTemplate(text)
            return []
        } catch {
            return [Problem(path, error.message)]
        }
    }
}

struct AlertmanagerNotifier: Fielded, Hashable {
    var url = ""
    var auth = PrometheusAuth()
    var caFile = ""
    var resendInterval = PromDuration.minutes(1)

    static let fields: [Field<Self>] = [
        .required("url", \.url, "Base URL, with a path prefix where there is one.", .httpURL(example: "http://alertmanager.monitoring:9093")),
        .defaulted("auth", \.auth, "How the daemon proves itself; nothing, or one way.", .object()),
        .defaulted("caFile", \.caFile, "PEM file of the authorities that vouch for an https URL; empty means the system's.", .path),
        .defaulted(
            "resendInterval", \.resendInterval, "How often an alert that lasts is sent again; it ends by itself after five such times of silence.",
            .span(.seconds(5), .minutes(10))),
    ]
}

extension FieldType where Value == String {
    /// An http or https URL, or nothing.
    static func optionalHTTPURL(example: String) -> FieldType {
        let url = httpURL(example: example)
        return FieldType(
            schema: { ["type": "string", "maxLength": 2048] },
            decode: { json, path, problems in json == "" ? "" : url.decode(json, path, &problems) }, encode: url.encode)
    }
}

extension FieldPattern {
    /// As Jira makes project keys.
    static let jiraProject = FieldPattern("^[A-Z][A-Z0-9_]*$", what: "the key of a Jira project (capitals, digits, '_')") { text in
        func isCapital(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
        guard let first = text.utf8.first, isCapital(first) else { return false }
        return text.utf8.allSatisfy { isCapital($0) || FieldPattern.isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    static let statuspageID = FieldPattern("^[A-Za-z0-9]+$", what: "an id of Statuspage (letters and digits)") { text in
        !text.isEmpty && text.utf8.allSatisfy { FieldPattern.isLetter($0) || FieldPattern.isDigit($0) }
    }
}
