import TradingCore

/// A connection for one account's orders, fills and balances, opened with a listen key: whoever holds the key is logged in.
struct MEXCPrivateStream: StreamSession {
    static let channels = [
        "spot@private.orders.v3.api.pb", "spot@private.deals.v3.api.pb", "spot@private.account.v3.api.pb",
    ]

    let url: String
    let silenceLimit: Int64 = 45_000
    let catalog: MarketCatalog
    private var connection = MEXCConnection(endpoint: "private stream", channels: Self.channels)

    init(url: String, catalog: MarketCatalog) {
        self.url = url
        self.catalog = catalog
    }

    var nextWake: Int64? { connection.nextWake }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        connection.opened(context.now, into: &effects)
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        connection.wake(now, into: &effects)
    }

    /// A message that cannot be read leaves our picture of the account in doubt: a new connection, and a look at everything,
    /// makes it whole.
    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        guard isBinary else {
            _ = connection.control(frame, into: &effects)
            return
        }
        do {
            let envelope = try MEXCEnvelope(frame)
            let symbol = catalog.market(id: envelope.marketID)?.symbol
            switch envelope.body {
            case .privateOrders:
                effects.append(.event(.order(try MEXCStreamMessages.order(envelope, symbol))))
            case .privateDeals:
                effects.append(.event(.fill(try MEXCStreamMessages.fill(envelope.content, symbol))))
            case .privateAccount:
                effects.append(.event(.balances(try MEXCStreamMessages.balance(envelope), isWhole: false)))
            case .candle, .miniTicker, .depth, .deals, .bookTicker, nil:
                effects.append(.event(.unexplained("message \(envelope.number)")))
            }
        } catch {
            effects.append(.reconnect(connection.failure(.badResponse, "\(error)")))
        }
    }
}

extension MEXCDialect {
    /// - Parameter token: the listen key.
    public func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession {
        guard let token else {
            throw ExchangeFailure(
                .authenticationError, exchange: id.rawValue, endpoint: "private stream", message: "no listen key")
        }
        let root = token.endpoint ?? hosts.streams["private"] ?? ""
        let url = root + "?listenKey=" + FormEncoding.percentEncoded(token.token.reveal())
        return MEXCPrivateStream(url: url, catalog: catalog)
    }

    /// A listen key is good for an hour, and again for one each time it is renewed.
    private static let listenKeyLifetime: Int64 = 3_600_000

    public func streamToken(isPrivate: Bool) -> EndpointCall<StreamToken>? {
        guard isPrivate else { return nil }
        return EndpointCall(signed(.post, "userDataStream")) { answer in
            StreamToken(
                token: Secret(try answer.requiredText("listenKey")), lifetime: Self.listenKeyLifetime)
        }
    }

    public func renew(_ token: StreamToken) -> EndpointCall<Void>? {
        let fields = [JSONValue.Member(key: "listenKey", value: .string(token.token.reveal()))]
        return EndpointCall(signed(.put, "userDataStream", fields)) { answer in
            _ = try answer.requiredText("listenKey")
        }
    }
}
