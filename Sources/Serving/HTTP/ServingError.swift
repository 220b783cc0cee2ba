import Glibc
import NIOCore

/// Why the daemon can't serve: the world is at fault (exit code 3).
package struct ServingError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable { case addressInUse, addressNotAvailable, permissionDenied, unknownHost, stopped, other }

    package let kind: Kind
    package let address: ListenAddress
    package let message: String

    package var description: String { "cannot listen on \(address): \(message)" }

    init(kind: Kind, address: ListenAddress, message: String) {
        self.kind = kind
        self.address = address
        self.message = message
    }

    init(_ error: any Error, address: ListenAddress) {
        switch error {
        case let error as ServingError: self = error
        case let error as IOError:
            switch error.errnoCode {
            case EADDRINUSE:
                self.init(
                    kind: .addressInUse, address: address,
                    message: "port \(address.port) is in use by another process; stop that one or set serving.address to another port")
            case EADDRNOTAVAIL:
                self.init(
                    kind: .addressNotAvailable, address: address,
                    message: "this machine has no address \(address.host); 0.0.0.0 listens on all it has")
            case EACCES, EPERM:
                self.init(kind: .permissionDenied, address: address, message: "not permitted; ports below 1024 need more rights")
            default: self.init(kind: .other, address: address, message: String(cString: strerror(error.errnoCode)))
            }
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            self.init(kind: .unknownHost, address: address, message: "the host name \(address.host) has no address")
        default: self.init(kind: .other, address: address, message: "\(error)")
        }
    }
}
