import Glibc
import HTTPTransport
import TestSupport

/// A real nginx of one process on a free port, ended with the value.
final class Nginx: Sendable {
    struct Options: Sendable {
        var tls = true
        var http2 = true
        var certificate = "server"
        /// Verifies client certificates against `ca`.
        var clientCertificates = false
        /// What `/api/` is passed on to.
        var backend: String?
        /// Added to the server block.
        var extra = ""
    }

    static let path: String? = TestEnvironment.executable("nginx") ?? (access("/usr/sbin/nginx", X_OK) == 0 ? "/usr/sbin/nginx" : nil)

    let port: UInt16
    let process: ChildProcess
    let folder: ScratchDirectory
    private let options: Options
    var url: String { "\(options.tls ? "https" : "http")://127.0.0.1:\(port)" }

    init(_ options: Options = Options(), port: UInt16? = nil) async throws {
        guard let path = Self.path else { throw TestFailure("nginx is not installed (Debian: nginx-light)") }
        self.options = options
        let port = try port ?? Sockets.freePort()
        self.port = port
        folder = try ScratchDirectory("plimsoll-nginx")
        let certificates = try await Certificates.shared.value
        try writeFile(folder.file("nginx.conf"), Self.configuration(options, port: port, folder: folder.path, certificates: certificates.folder.path))
        process = try ChildProcess(
            path, ["-p", folder.path, "-c", folder.file("nginx.conf"), "-e", folder.file("error.log")], output: folder.file("output"))
        // Its pid file comes after its socket: a connection might reach another test's server.
        let pidFile = folder.file("pid")
        guard await eventually(within: .seconds(20), every: .milliseconds(10), { access(pidFile, F_OK) == 0 || !process.isRunning }),
            process.isRunning
        else {
            throw TestFailure("nginx did not start: \(process.output) \((try? readFile(folder.file("error.log"))) ?? "")")
        }
    }

    /// What clients of this server trust.
    static func trust() async throws -> TLSOptions {
        TLSOptions(caPEM: try await Certificates.shared.value.bytes("ca.pem"))
    }

    /// A sparse file of zeros under `/files/`.
    func makeFile(_ name: String, bytes: Int) throws {
        let descriptor = Glibc.open(folder.file(name), O_CREAT | O_WRONLY, 0o644)
        defer { close(descriptor) }
        guard ftruncate(descriptor, bytes) == 0 else { throw TestFailure("can't make \(name)") }
    }

    private static func configuration(_ options: Options, port: UInt16, folder: String, certificates: String) -> String {
        let listen = "127.0.0.1:\(port)\(options.tls ? " ssl" : "")\(options.http2 && options.tls ? " http2" : "")"
        let tls =
            options.tls
            ? """
            ssl_certificate \(certificates)/\(options.certificate).pem;
            ssl_certificate_key \(certificates)/\(options.certificate).key;
            ssl_protocols TLSv1.2 TLSv1.3;
            """ : ""
        let client = options.clientCertificates ? "ssl_client_certificate \(certificates)/ca.pem; ssl_verify_client on;" : ""
        let backend = options.backend.map { "location /api/ { proxy_pass \($0); proxy_http_version 1.1; proxy_buffering off; }" } ?? ""
        return """
            daemon off; master_process off; pid \(folder)/pid; user root;
            events { worker_connections 1024; }
            http {
                access_log off;
                types { text/plain bin txt; }
                client_body_temp_path \(folder)/t1; proxy_temp_path \(folder)/t2; fastcgi_temp_path \(folder)/t3;
                uwsgi_temp_path \(folder)/t4; scgi_temp_path \(folder)/t5;
                keepalive_requests 100000;
                large_client_header_buffers 8 64k;
                server {
                    listen \(listen) backlog=1024;
                    \(tls)
                    \(client)
                    location = /who {
                        return 200 "$request_method $server_protocol $connection $http_host $http_user_agent $ssl_client_s_dn $ssl_server_name";
                    }
                    location = /moved { return 302 $scheme://127.0.0.1:\(port)/who; }
                    location = /teapot { return 418 "short and stout"; }
                    location /files/ { alias \(folder)/; }
                    location /slow/ { alias \(folder)/; limit_rate 20k; }
                    location /gzip/ { alias \(folder)/; gzip on; gzip_types text/plain; gzip_min_length 1; gzip_proxied any; }
                    \(backend)
                    \(options.extra)
                }
            }
            """
    }
}

extension HTTPClient {
    /// A client with a deadline-friendly default for tests.
    static func make(
        _ label: String = "test", tls: TLSOptions = TLSOptions(), _ change: (inout HTTPClientConfiguration) -> Void = { _ in }
    ) -> HTTPClient {
        var configuration = HTTPClientConfiguration(label: label, tls: tls)
        change(&configuration)
        return HTTPClient(configuration: configuration)
    }

    func get(_ url: String, deadlines: HTTPDeadlines = HTTPDeadlines()) async throws(HTTPError) -> HTTPResponse {
        try await send(HTTPRequest(url: url, deadlines: deadlines))
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// The error that the call ends in.
func failure<T>(of body: () async throws(HTTPError) -> T) async -> HTTPError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}
