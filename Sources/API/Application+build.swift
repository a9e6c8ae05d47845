public import ExchangeKeys
import HTTPTypes
public import Hummingbird
public import Logging
public import MarketMaking
public import Scheduling
import TradingCore

/// Everything the HTTP server is made of.
public struct APIServer: Sendable {
    public var desk: any TradingDesk
    public var configuration: ServerConfiguration
    public var secrets: ServerSecrets
    public var operations: Operations
    public var registry: ScheduleRegistry
    public var time: any TimeSource
    /// Keys of exchange accounts; nil where this server has none.
    public var keys: (any ExchangeKeyDesk)?
    /// Deposits and withdrawals over those keys; nil where there are none.
    public var transfers: (any ExchangeTransferDesk)?
    /// Where Swagger UI's files are; nil where there are none.
    public var swaggerFolder: String?
    public var limits: ConnectionLimits
    public var logger: Logger
    /// What every exchange there is says of itself.
    public var catalog: ExchangeCatalog
    /// How old, in nanoseconds, the look may be that `GET /health` answers with.
    public var healthLasting: Int64 = 0

    public init(
        desk: any TradingDesk, operations: Operations, configuration: ServerConfiguration, secrets: ServerSecrets,
        registry: ScheduleRegistry, time: any TimeSource, keys: (any ExchangeKeyDesk)? = nil, swaggerFolder: String?,
        limits: ConnectionLimits = .within(descriptors: 1_024), logger: Logger,
        catalog: ExchangeCatalog = .absent("it is not part of this server")
    ) {
        self.desk = desk
        self.operations = operations
        self.configuration = configuration
        self.secrets = secrets
        self.registry = registry
        self.time = time
        self.keys = keys
        self.swaggerFolder = swaggerFolder
        self.limits = limits
        self.logger = logger
        self.catalog = catalog
    }

    /// The server, ready to run.
    /// - Parameter onListening: told the port once connections are taken.
    public func application(
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async -> some ApplicationProtocol {
        Application(
            router: await router(),
            server: .loopBound(
                configuration: .init(
                    additionalChannelHandlers: [
                        ProtocolFaultHandler(), ContinueHandler(),
                        RequestHeadDeadline(.milliseconds(Int64(limits.headMilliseconds))),
                    ], idleTimeout: .seconds(Int64(limits.idleSeconds))), limits: limits),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil,
                availableConnectionsDelegate:
                    .maximum(limits.connections + ConnectionLimits.surplus, logger: logger)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) }, logger: logger)
    }

    func router() async -> Router<AppRequestContext> {
        let metrics = RequestMetrics()
        let authentication = await AdminAuthentication(
            password: secrets.adminPassword, signingKey: secrets.signingKey, time: time)
        let endpoints = endpoints(metrics, authentication)
        let router = Router(context: AppRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RequestLogMiddleware(logger: logger, metrics: metrics, time: time))
        router.add(middleware: OpenCORSMiddleware())
        router.add(middleware: ErrorEnvelopeMiddleware(logger: logger))
        let minute = Nanoseconds.seconds(60)
        router.add(
            middleware: ThrottleMiddleware(
                general: Throttle(limit: configuration.requestsPerMinute, windowNanoseconds: minute, time: time),
                login: Throttle(limit: configuration.loginsPerMinute, windowNanoseconds: minute, time: time)))
        for endpoint in endpoints {
            let asked = Set(endpoint.parameters.filter { $0.place == .query }.map(\.name))
            router.on(RouterPath(endpoint.path), method: endpoint.method.http) { request, context in
                try await answer(endpoint, asked, request, context, authentication)
            }
        }
        DocumentationRoutes(document: OpenAPIDocument(endpoints: endpoints), assets: swaggerFolder).add(to: router)
        return router
    }

    func endpoints(_ metrics: RequestMetrics, _ authentication: AdminAuthentication) -> [Endpoint] {
        GeneralRoutes(authentication: authentication, configuration: configuration, time: time).endpoints
            + StrategyRoutes(desk: desk).endpoints + RecordRoutes(desk: desk).endpoints
            + TradingStateRoutes(desk: desk).endpoints + TradeRoutes(desk: desk).endpoints
            + HealthRoutes(
                desk: desk, operations: operations, registry: registry, metrics: metrics, lasting: healthLasting,
                time: time
            ).endpoints
            + QueueHealthRoutes(operations: operations).endpoints + JobRoutes(operations: operations).endpoints
            + SagaRoutes(operations: operations).endpoints + LedgerRoutes(operations: operations).endpoints
            + ExchangeCatalogRoutes(catalog: catalog, logger: logger).endpoints
            + (keys.map { ExchangeKeyRoutes(keys: $0).endpoints } ?? [])
            + (transfers.map { ExchangeTransferRoutes(transfers: $0).endpoints } ?? [])
    }

    /// Who may, then what was sent, then the work.
    /// - Parameter asked: the fields of the query that the endpoint declares.
    private func answer(
        _ endpoint: Endpoint, _ asked: Set<String>, _ request: Request, _ context: AppRequestContext,
        _ authentication: AdminAuthentication
    ) async throws -> Response {
        if endpoint.needsToken, await !authentication.accepts(request.headers[.authorization]) {
            throw APIError.unauthorized
        }
        var input = EndpointInput(path: [:], query: [:], body: [:], bodyText: "")
        for parameter in endpoint.parameters where parameter.place == .path {
            input.path[parameter.name] = context.parameters.get(parameter.name)?.percentDecoded
        }
        // Only what is declared: a field of the body must not come in, unjudged, through the address (D1).
        if !asked.isEmpty {
            input.query = RequestBody.fields(request.uri.query ?? "", only: asked)
        }
        if endpoint.method == .post { (input.body, input.bodyText) = try await RequestBody.read(request) }
        try input.check(endpoint.parameters, only: endpoint.takesOnlyParameters)
        return response(try await endpoint.handle(input), .init(code: endpoint.status))
    }

    private func response(_ answer: Answer, _ status: HTTPResponse.Status) -> Response {
        switch answer {
        case .json(let tree): return .json(status, tree)
        case .written(let code, let text):
            return .text(code.map { .init(code: $0) } ?? status, text, type: "application/json; charset=utf-8")
        case .status(let code, let tree): return .json(.init(code: code), tree)
        case .empty: return Response(status: status)
        case .text(let text): return .text(status, text, type: "text/html; charset=utf-8")
        case .prometheus(let text): return .text(status, text, type: "text/plain; version=0.0.4; charset=utf-8")
        case .csv(let name, let text):
            var response = Response.text(status, text, type: "text/csv; charset=utf-8")
            response.headers[.contentDisposition] = "attachment; filename=\"\(name)\""
            return response
        }
    }
}
