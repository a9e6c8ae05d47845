import AsyncHTTPClient
public import Exchanges
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL
public import Scheduling
import TradingCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Sends signed requests as they are and gives whole answers: each within a time and a size, over connections that are kept.
///
/// Follows no redirect and repeats nothing: a signed request is sent once. Whoever makes one shuts it down; one that is dropped does it by itself, later.
public final class HTTPCaller: Sendable {
    public struct Settings: Sendable {
        /// Milliseconds from the call to the last byte of the answer, where the caller says nothing else.
        public var deadline: Int64
        /// Milliseconds for a connection and its handshake.
        public var connecting: Int64
        /// Bytes of an answer, unpacked. The longest we know, a list of all markets, has some 20 million.
        public var longestAnswer: Int
        /// Most at once to one host.
        public var connectionsPerHost: Int
        /// Milliseconds for which an idle connection is kept.
        public var idle: Int64
        public var trust: TrustedRoots

        public init(
            deadline: Int64 = 10_000, connecting: Int64 = 5_000, longestAnswer: Int = 64 << 20,
            connectionsPerHost: Int = 8, idle: Int64 = 30_000, trust: TrustedRoots = .system
        ) {
            self.deadline = deadline
            self.connecting = connecting
            self.longestAnswer = longestAnswer
            self.connectionsPerHost = connectionsPerHost
            self.idle = idle
            self.trust = trust
        }
    }

    private let settings: Settings
    private let client: HTTPClient
    private let time: any TimeSource

    /// - Parameter time: by which deadlines are counted.
    /// - Throws: when the trusted roots cannot be read.
    public init(_ settings: Settings = Settings(), time: any TimeSource = SystemTime()) throws {
        self.settings = settings
        self.time = time
        var pool = HTTPClient.Configuration.ConnectionPool(
            idleTimeout: .milliseconds(settings.idle),
            concurrentHTTP1ConnectionsPerHostSoftLimit: settings.connectionsPerHost)
        // One attempt: who calls decides what to do about a host that does not answer.
        pool.retryConnectionEstablishment = false
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try settings.trust.clientConfiguration(), redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(settings.connecting)), connectionPool: pool,
            decompression: .enabled(limit: .size(settings.longestAnswer)))
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// A day, in milliseconds.
    private static let longestDeadline: Int64 = 86_400_000

    public func shutdown() async { try? await client.shutdown() }

    deinit {
        // A client must be shut down before it goes, also where an error let its owner go first. Twice does no harm.
        let client = client
        Task { try? await client.shutdown() }
    }

    /// - Parameter milliseconds: for all of it, instead of ``Settings/deadline``.
    public func send(
        _ request: SignedRequest, within milliseconds: Int64? = nil
    ) async throws(HTTPFailure) -> EndpointAnswer {
        guard ["http://", "https://"].contains(where: request.url.hasPrefix) else { throw .notSent("no such address") }
        let milliseconds = min(max(1, milliseconds ?? settings.deadline), Self.longestDeadline)
        let deadline = time.now().advanced(byNanoseconds: milliseconds * Nanoseconds.perMillisecond)
        // The client's own deadline ends with the head of the answer; ours holds to the end of its body.
        let outcome = await withTaskGroup(of: Result<EndpointAnswer, HTTPFailure>.self) { group in
            group.addTask { await self.perform(request, milliseconds) }
            group.addTask { [time] in
                do {
                    try await time.sleep(until: deadline)
                    return .failure(.unknown("nothing whole within \(milliseconds) ms"))
                } catch {
                    return .failure(.unknown("given up"))
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.unknown("given up"))
        }
        return try outcome.get()
    }

    private func perform(_ request: SignedRequest, _ milliseconds: Int64) async -> Result<EndpointAnswer, HTTPFailure> {
        var made = HTTPClientRequest(url: request.url)
        made.method = HTTPMethod(rawValue: request.verb.rawValue)
        for header in request.headers { made.headers.add(name: header.name, value: header.value) }
        if !made.headers.contains(name: "User-Agent") { made.headers.add(name: "User-Agent", value: "mrmarket") }
        if let body = request.body { made.body = .bytes(ByteBuffer(string: body)) }
        do {
            let response = try await client.execute(made, timeout: .milliseconds(milliseconds))
            let body = try await response.body.collect(upTo: settings.longestAnswer)
            let headers = response.headers.map { SignedRequest.Header($0.name, $0.value) }
            return .success(
                EndpointAnswer(status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
            )
        } catch {
            return .failure(HTTPFailure(error, limit: settings.longestAnswer))
        }
    }
}

extension HTTPFailure {
    init(_ error: any Error, limit: Int) {
        switch error {
        case is NIOTooManyBytesError, NIOHTTPDecompression.DecompressionError.limit:
            self = .answerTooLong(limit: limit)
        case let error as HTTPClientError where Self.comesBeforeSending.contains(error):
            self = .notSent(error.description)
        // Only connecting can be refused; other numbers may come from a connection that stood.
        case let error as IOError where error.errnoCode == ECONNREFUSED: self = .notSent("\(error)")
        case is NIOConnectionError, is SocketAddressError: self = .notSent("\(error)")
        case NIOSSLError.handshakeFailed(let why): self = .notSent("handshake failed: \(why)")
        case let error as NIOSSLExtraError: self = .notSent("\(error)")
        default: self = .unknown("\(error)")
        }
    }

    private static let comesBeforeSending: [HTTPClientError] = [
        .invalidURL, .emptyHost, .emptyScheme, .alreadyShutdown, .connectTimeout, .tlsHandshakeTimeout,
    ]
}
