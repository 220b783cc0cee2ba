import HTTPTransport
package import KubeClient
package import KubeModel

extension RequestFailure {
    package init(_ error: KubeError) {
        switch error {
        case .status(let status): self.init(status)
        case .transport(let error): self = .connection(error.description)
        case .decoding(let message): self = .undecodable(message)
        case .authentication(let message): self = .unauthorized(message)
        case .fenced(let message): self = .other(message)
        }
    }

    package init(_ status: KubeStatus) {
        let error = KubeError.status(status)
        self =
            if error.isExpired {
                .expired
            } else if error.isTooLargeResourceVersion {
                .tooLargeResourceVersion
            } else if error.isTooManyRequests || ([503, 504].contains(status.code) && error.retryAfter != nil) {
                .throttled(retryAfter: error.retryAfter)
            } else if error.isUnknownResource {
                .notFound(status.description)
            } else if error.isNotFound {
                // A list or a watch of a kind that is there never answers so: something between us and the server did.
                .connection(status.description)
            } else if error.isForbidden {
                .forbidden(status.description)
            } else if error.isUnauthorized {
                .unauthorized(status.description)
            } else if status.code == 500 {
                .internalError(status.description)
            } else if [408, 502, 503, 504].contains(status.code) {
                .connection(status.description)
            } else {
                .other(status.description)
            }
    }
}
