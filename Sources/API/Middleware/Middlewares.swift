import ExchangeKeys
import HTTPTypes
import Hummingbird
import Logging
import MarketMaking
import Persistence
import Scheduling
import TradingCore

/// One line for each request: method, path, status, time. Never the query, body or headers: codes, ids and tokens are in
/// there (D3).
struct RequestLogMiddleware: RouterMiddleware {
    let logger: Logger
    let metrics: RequestMetrics
    let time: any TimeSource

    @concurrent func handle(
        _ request: Request, context: AppRequestContext,
        next: @concurrent (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        let began = time.now()
        let response = try await next(request, context)
        let took = time.now().nanoseconds(since: began)
        let route = context.endpointPath ?? "unknown"
        metrics.record(
            RequestMetrics.Key(method: request.method.rawValue, route: route, status: response.status.code),
            nanoseconds: took)
        logger.info(
            "request",
            metadata: [
                "method": .string(request.method.rawValue), "path": .string(Self.shown(request.uri.path)),
                "status": .string(String(response.status.code)), "microseconds": .string(String(took / 1_000)),
            ])
        return response
    }

    /// Nobody can fill a disk with long paths.
    private static func shown(_ path: String) -> String {
        path.utf8.count <= 256 ? path : String(path.prefix(200)) + "…"
    }
}

/// Turns whatever was thrown into the original's envelope.
struct ErrorEnvelopeMiddleware: RouterMiddleware {
    let logger: Logger

    @concurrent func handle(
        _ request: Request, context: AppRequestContext,
        next: @concurrent (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch {
            return Response.json(envelope(error, request))
        }
    }

    private func envelope(_ error: any Error, _ request: Request) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as DeskError: return APIError(error)
        case let error as ExchangeKeyError: return APIError(error)
        case let error as TransferError: return APIError(error)
        case let error as HTTPError where error.status == .notFound:
            return .unknownRoute(request.method.rawValue, request.uri.path)
        case let error as HTTPError where error.status == .contentTooLarge: return .tooLarge
        case let error as HTTPError: return .typed(error.status.code, error.body ?? error.status.reasonPhrase)
        case let error as SQLError:
            logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            if case .decoding = error {
                return .typed(500, "Something stored cannot be read, mrmarket ledger verify names it: \(error)")
            }
            return .typed(503, "The database does not answer now: \(error)")
        default:
            logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return .fault
        }
    }
}

/// Open to every origin, as the original is; a preflight ends here.
struct OpenCORSMiddleware: RouterMiddleware {
    private static let methods = "GET,HEAD,PUT,PATCH,POST,DELETE"

    @concurrent func handle(
        _ request: Request, context: AppRequestContext,
        next: @concurrent (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        if request.method == .options { return preflight(request) }
        var response = try await next(request, context)
        response.headers[.accessControlAllowOrigin] = "*"
        return response
    }

    private func preflight(_ request: Request) -> Response {
        var headers: HTTPFields = [.accessControlAllowOrigin: "*", .accessControlAllowMethods: Self.methods]
        if let wanted = request.headers[.accessControlRequestHeaders] {
            headers[.accessControlAllowHeaders] = wanted
            headers[.vary] = "Access-Control-Request-Headers"
        }
        return Response(status: .noContent, headers: headers)
    }
}

/// The throttle that the original declares and never binds (D2). Health and documentation are left alone: scrapers and
/// browsers load many of them.
struct ThrottleMiddleware: RouterMiddleware {
    private static let free: Set<Substring> = ["health", "docs", "docs-json", "docs-yaml"]
    let general: Throttle
    let login: Throttle

    @concurrent func handle(
        _ request: Request, context: AppRequestContext,
        next: @concurrent (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        // As the router reads a path: `//auth/login/` is the login, too.
        let path = request.uri.path.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init)
        // None of theirs is long, nor deep.
        let isFree = path.count <= 3 && request.uri.path.utf8.count <= 64 && Self.free.contains(path.first ?? "")
        if isFree || request.method == .options {
            return try await next(request, context)
        }
        // A halt must go through however busy others, or the operator's own scripts, keep the server; without a token it is
        // refused as cheaply as by a throttle.
        if path == ["admin", "trading-state"] { return try await next(request, context) }
        if path == ["auth", "login"], let seconds = login.refusal(context.client) {
            throw APIError.tooManyRequests(retryAfter: seconds)
        }
        if let seconds = general.refusal(context.client) { throw APIError.tooManyRequests(retryAfter: seconds) }
        return try await next(request, context)
    }
}

extension Response {
    static func json(_ error: APIError) -> Response {
        var response = json(.init(code: error.status), error.body)
        if let seconds = error.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
        return response
    }

    static func json(_ status: HTTPResponse.Status, _ tree: JSONTree) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: .init(byteBuffer: .init(string: tree.json)))
    }

    static func text(_ status: HTTPResponse.Status, _ text: String, type: String) -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: .init(string: text)))
    }
}
