import MarketMaking
import TradingCore

/// Starting, stopping and looking at strategies, by the original's paths.
struct StrategyRoutes {
    let desk: any TradingDesk

    var endpoints: [Endpoint] { reading + control + admin + notOffered }

    // MARK: - Declarations shared

    /// The original's body for pure market making, and the parameters of our own beside it.
    static let marketMaking: [Parameter] = originalMarketMaking + ownMarketMaking

    private static let originalMarketMaking: [Parameter] = [
        .body("userId"), .body("clientId"), .body("pair", .string, "BASE/QUOTE, such as BTC/USDT"),
        .body("exchangeName"), .body("oracleExchangeName", isRequired: false),
        .body("bidSpread", .number, isRequired: false, "Fraction of the price, each layer: 0.001 is 0.1 %"),
        .body("askSpread", .number, isRequired: false, "Fraction of the price, each layer"),
        .body("orderAmount", .number, "Base asset in the first layer"),
        .body("orderRefreshTime", .number, "Milliseconds, 10 to 86400000"),
        .body("numberOfLayers", .number, "1 to 50"),
        .body("priceSourceType", .string, "mid_price, best_ask, best_bid, last_price or microprice, in any capitals"),
        .body("amountChangePerLayer", .number, isRequired: false),
        .body("amountChangeType", .string, isRequired: false, "fixed or percentage"),
        .body("ceilingPrice", .number, isRequired: false, "No buys above; 0 or absent is no limit"),
        .body("floorPrice", .number, isRequired: false, "No sells below; 0 or absent is no limit"),
    ]

    private static let owner: [Parameter] = [.query("userId"), .query("clientId")]
    private static let ownerInBody: [Parameter] = [.body("userId"), .body("clientId")]

    // MARK: - Reading

    private var reading: [Endpoint] {
        [
            Endpoint(
                .get, "/strategy/running", "Strategies that run", tag: "strategy", answers: .json(.array(.strategy)),
                success: "Instances"
            ) { _ in
                try await list(.status(.running))
            },
            Endpoint(
                .get, "/strategy/all-strategies", "All strategies", tag: "strategy", answers: .json(.array(.strategy)),
                success: "Instances"
            ) { _ in
                try await list(.all)
            },
            Endpoint(
                .get, "/admin/strategies", "Strategies that run", tag: "admin", answers: .json(.array(.strategy)),
                success: "Instances"
            ) { _ in
                try await list(.status(.running))
            },
            Endpoint(
                .get, "/strategy/inspect", "A session this moment: funds, profit, open orders", tag: "strategy",
                answers: .json(.inspection),
                parameters: [.query("strategyKey")]
            ) { input in
                .json(JSONTree(try await desk.inspect(input.required("strategyKey"))))
            },
            Endpoint(
                .get, "/strategy/fills.csv", "A strategy's fills as CSV, oldest first", tag: "strategy", answers: .csv,
                parameters: [
                    .query("strategyKey"), .query("after", .integer(0...Int64.max), isRequired: false),
                    .query("limit", .integer(1...100_000), isRequired: false),
                ]
            ) { input in
                let fills = try await desk.fills(
                    strategyKey: input.required("strategyKey"), after: input.integer("after") ?? 0,
                    limit: Int(input.integer("limit") ?? 100_000))
                return .csv(name: "fills.csv", CSV.fills(fills))
            },
        ]
    }

    private func list(_ filter: StrategyFilter) async throws -> Answer {
        .json(.array(try await desk.strategies(filter).map(JSONTree.init)))
    }

    // MARK: - Control

    private var control: [Endpoint] {
        [
            Endpoint(
                .post, "/strategy/execute-pure-market-making", "Start pure market making", tag: "strategy",
                answers: .nothing,
                parameters: Self.marketMaking, status: 200
            ) { input in
                _ = try await desk.startPureMarketMaking(input.bodyText)
                return .empty
            },
            Endpoint(
                .get, "/strategy/stop-marketmaking", "Stop pure market making (kept for old clients; prefer POST)",
                tag: "strategy",
                answers: .nothing.or(202, "The exchange has not confirmed yet: how it stands", .strategy),
                parameters: Self.owner
            ) { input in try await stop(input, .pureMarketMaking) },
            Endpoint(
                .post, "/strategy/stop-marketmaking", "Stop pure market making", tag: "strategy",
                answers: .nothing.or(202, "The exchange has not confirmed yet: how it stands", .strategy),
                parameters: Self.ownerInBody, status: 200
            ) { input in try await stop(input, .pureMarketMaking) },
            Endpoint(
                .post, "/strategy/rerun", "Take a stopped strategy up again with its newest parameters",
                tag: "strategy", answers: .nothing, parameters: [.body("strategyKey")]
            ) { input in
                _ = try await desk.rerun(input.required("strategyKey"))
                return .empty
            },
        ]
    }

    /// Nothing to say when it is stopped; while the exchange has not confirmed yet, how it stands.
    private func stop(_ input: EndpointInput, _ type: StrategyType) async throws -> Answer {
        let key = StrategyKey(
            userID: try input.required("userId"), clientID: try input.required("clientId"), type: type)
        let instance = try await desk.stop(key)
        return instance.status == .stopped ? .empty : .status(202, JSONTree(instance))
    }

    // MARK: - Admin

    static let types = ["arbitrage", "marketMaking", "pureMarketMaking", "volume"]

    private var admin: [Endpoint] {
        [
            Endpoint(
                .post, "/admin/strategy/start", "Start a strategy", tag: "admin", answers: .nothing,
                parameters: [
                    .body("strategyType", .choice(Self.types)), .body("marketMakingParams", .object, isRequired: false),
                    .body("arbitrageParams", .object, isRequired: false),
                    .body("volumeParams", .object, isRequired: false),
                    .body("checkIntervalSeconds", .number, isRequired: false),
                    .body("maxOpenOrders", .number, isRequired: false),
                ]
            ) { input in try await adminStart(input) },
            Endpoint(
                .post, "/admin/strategy/stop", "Stop a strategy", tag: "admin",
                answers: .nothing.or(202, "The exchange has not confirmed yet: how it stands", .strategy),
                parameters: [.body("userId"), .body("clientId"), .body("strategyType", .choice(Self.types))]
            ) { input in
                guard let type = StrategyType(wireName: try input.required("strategyType")) else {
                    throw APIError.typed(400, "Invalid strategy type")
                }
                guard type == .pureMarketMaking else { throw Self.notOffered("\(type.rawValue)") }
                return try await stop(input, type)
            },
        ]
    }

    private func adminStart(_ input: EndpointInput) async throws -> Answer {
        guard let type = StrategyType(wireName: try input.required("strategyType")) else {
            throw APIError.typed(400, "Invalid strategy type")
        }
        let field =
            switch type {
            case .pureMarketMaking: "marketMakingParams"
            case .arbitrage: "arbitrageParams"
            case .volume: "volumeParams"
            case .direct: ""
            }
        guard case .object(let members)? = input.body[field] else {
            throw APIError.typed(400, "Invalid strategy parameters")
        }
        guard type == .pureMarketMaking else { throw Self.notOffered(type.rawValue) }
        let nested = EndpointInput(
            path: [:], query: [:],
            body: Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }), bodyText: "")
        try nested.check(Self.marketMaking)
        _ = try await desk.startPureMarketMaking(JSONTree(.object(members)).json)
        return .empty
    }

    // MARK: - What is not offered yet

    private static func notOffered(_ what: String) -> APIError {
        .typed(501, "\(what) is not offered by this server yet")
    }

    private var notOffered: [Endpoint] {
        let arbitrage: [Parameter] =
            Self.ownerInBody + [
                .body("pair"), .body("amountToTrade", .number), .body("minProfitability", .number),
                .body("exchangeAName"), .body("exchangeBName"),
                .body("checkIntervalSeconds", .number, isRequired: false),
                .body("maxOpenOrders", .number, isRequired: false),
            ]
        let volume: [Parameter] =
            Self.ownerInBody + [
                .body("exchangeName"), .body("symbol"), .body("incrementPercentage", .number),
                .body("intervalTime", .number), .body("tradeAmount", .number), .body("numTrades", .number),
                .body("pricePushRate", .number),
            ]
        let join: [Parameter] =
            Self.ownerInBody + [
                .body("strategyKey"), .body("amount", .number), .body("transactionHash"), .body("tokenSymbol"),
                .body("chainId", .number), .body("tokenAddress"),
            ]
        func refusing(
            _ method: Endpoint.Method, _ path: String, _ name: String, _ parameters: [Parameter], status: Int? = nil
        ) -> Endpoint {
            Endpoint(
                method, path, "\(name) (not offered yet)", tag: "strategy", answers: .refusals, parameters: parameters,
                status: status
            ) { _ in throw Self.notOffered(name) }
        }
        return [
            refusing(.post, "/strategy/execute-arbitrage", "arbitrage", arbitrage, status: 200),
            refusing(.get, "/strategy/stop-arbitrage", "arbitrage", Self.owner),
            refusing(.post, "/strategy/stop-arbitrage", "arbitrage", Self.ownerInBody, status: 200),
            refusing(.post, "/strategy/execute-volume-strategy", "volume", volume, status: 200),
            refusing(.post, "/strategy/stop-volume-strategy", "volume", Self.ownerInBody, status: 200),
            refusing(.post, "/strategy/join", "join", join),
        ]
    }
}
