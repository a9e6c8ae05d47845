import TradingCore

/// A connection for one account's orders, fills and balances: channel 0, after a login.
///
/// Two states: before the login is confirmed nothing is believed; after it every message changes an order or a balance, and
/// one that cannot be read means that our picture is no longer whole: a new connection brings new snapshots.
/// Source: docs.bitfinex.com, "WebSockets - Authenticated Channels", "Account Info".
struct BitfinexPrivateStream: StreamSession {
    private static let pingEvery: Int64 = 15_000
    private static let loginWithin: Int64 = 15_000

    private static let others: Set<String> = [
        "ps", "pn", "pu", "pc", "fos", "fon", "fou", "foc", "fcs", "fcn", "fcu", "fcc", "fls", "fln", "flu", "flc",
        "hos",
        "hts", "hfos", "hfcs", "hfls", "hfts", "fte", "ftu", "ats", "bu", "miu", "fiu", "uac", "ff",
    ]

    let url: String
    let silenceLimit: Int64 = 40_000
    let catalog: MarketCatalog
    let cancelsOnDisconnect: Bool
    /// Wallets whose free part was asked for, and has not come.
    private var calculating: Set<String> = []
    private var nextPing: Int64?
    /// When a login that was not answered is overdue.
    private var loginBy: Int64?

    init(url: String, catalog: MarketCatalog, cancelsOnDisconnect: Bool) {
        self.url = url
        self.catalog = catalog
        self.cancelsOnDisconnect = cancelsOnDisconnect
    }

    var nextWake: Int64? { [nextPing, loginBy].compactMap { $0 }.min() }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        nextPing = context.now + Self.pingEvery
        guard let credentials = context.credentials else {
            effects.append(.event(.refused("login", failure(.authenticationError, "no API key"))))
            return
        }
        loginBy = context.now + Self.loginWithin
        effects.append(
            .send(
                BitfinexDialect.login(
                    credentials, nonce: context.nonce, cancelsOnDisconnect: cancelsOnDisconnect)))
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if let loginBy, loginBy <= now {
            self.loginBy = nil
            effects.append(.reconnect(failure(.requestTimeout, "the login was not answered")))
            return
        }
        guard let nextPing, nextPing <= now else { return }
        effects.append(.send("{\"event\":\"ping\"}"))
        self.nextPing = now + Self.pingEvery
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        do {
            let message = try JSONValue(utf8: frame)
            if message.members != nil {
                handle(message, into: &effects)
            } else if message.text(0) == "0" {
                try handle(message.text(1) ?? "", message[2] ?? .null, into: &effects)
            } else if message.elements != nil {
                effects.append(.event(.alive))
            } else {
                throw UnreadableAnswer("message", expected: "an object or a list", found: message.compactText)
            }
        } catch {
            effects.append(.reconnect(failure(.badResponse, "\(error)")))
        }
    }

    // MARK: - Messages

    private mutating func handle(_ message: JSONValue, into effects: inout [StreamEffect]) {
        if message.text("event") == "auth" { loginBy = nil }
        switch message.text("event") {
        case "info": effects.append(BitfinexNotice(message).effect)
        case "auth" where message.text("status") == "OK": effects.append(.event(.confirmed("login")))
        case "auth", "error":
            var failure = BitfinexDialect.failure(code: message.text("code"), message: message.text("msg") ?? "")
            failure.exchange = "bitfinex"
            failure.endpoint = "private stream"
            if message.text("event") == "auth", failure.kind == .exchangeError { failure.kind = .authenticationError }
            effects.append(.event(.refused("login", failure)))
        case "conf", "pong": effects.append(.event(.alive))
        case nil: effects.append(.reconnect(failure(.badResponse, "an object without event: \(message.compactText)")))
        default: effects.append(.event(.unexplained(String(message.compactText.prefix(200)))))
        }
    }

    private mutating func handle(
        _ kind: String, _ payload: JSONValue, into effects: inout [StreamEffect]
    ) throws {
        switch kind {
        case "os":
            for row in try payload.list(named: "os") { try tell(row, into: &effects) }
        case "on", "ou", "oc": try tell(payload, into: &effects)
        // The first word on a fill, `te`, lacks the fee.
        case "tu": effects.append(.event(.fill(try BitfinexMapping.ownTrade(payload, catalog))))
        case "ws": try tellBalances(try payload.list(named: "ws"), isWhole: true, into: &effects)
        case "wu": try tellBalances([payload], isWhole: false, into: &effects)
        case "n": try notify(payload, into: &effects)
        case "hb", "te": effects.append(.event(.alive))
        default:
            // Positions, funding and the like come without being asked for.
            let isKnown = Self.others.contains(kind)
            effects.append(.event(isKnown ? .alive : .unexplained(String(kind.prefix(200)))))
        }
    }

    private func tell(_ row: JSONValue, into effects: inout [StreamEffect]) throws {
        effects.append(.event(.order(try BitfinexMapping.order(row, catalog))))
    }

    private mutating func tellBalances(
        _ rows: [JSONValue], isWhole: Bool, into effects: inout [StreamEffect]
    ) throws {
        var balances: [ExchangeBalance] = []
        var missing: [String] = []
        for row in rows {
            guard let balance = try BitfinexMapping.balance(row), let currency = row.text(1) else { continue }
            balances.append(balance)
            if balance.free != nil {
                calculating.remove(currency)
            } else if calculating.insert(currency).inserted {
                missing.append(currency)
            }
        }
        if balances.isEmpty, !isWhole {
            effects.append(.event(.alive))
            return
        }
        effects.append(.event(.balances(ExchangeBalances(balances), isWhole: isWhole)))
        if !missing.isEmpty {
            // The exchange works the free part out when asked to.
            let wallets = missing.map { JSONValue.array([.string("wallet_exchange_" + $0)]) }
            effects.append(
                .send(JSONValue.array([.number("0"), .string("calc"), .null, .array(wallets)]).compactText))
        }
    }

    /// A word on a request sent on the stream, or by another session: an order that was refused never comes as one.
    private func notify(_ notification: JSONValue, into effects: inout [StreamEffect]) throws {
        guard notification.elements?.count ?? 0 >= 7 else {
            throw UnreadableAnswer("n", expected: "a notification", found: notification.compactText)
        }
        guard notification.text(1) == "on-req", notification.text(6) == "ERROR", let row = notification[4],
            let clientID = row.text(2)
        else {
            effects.append(.event(.alive))
            return
        }
        var order = ExchangeOrder(
            clientOrderID: clientID, symbol: row.text(3).flatMap { catalog.market(id: $0)?.symbol },
            status: .rejected, reason: notification.text(7))
        order.groupID = row.text(1)
        effects.append(.event(.order(order)))
    }

    private func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: "bitfinex", endpoint: "private stream", message: message)
    }
}

extension BitfinexDialect {
    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        for channel in channels {
            _ = try catalog.required(channel.symbol)
            if case .candles(_, let interval) = channel, BitfinexMapping.intervals[interval] == nil {
                throw unsupported("candles of \(interval.rawValue)")
            }
        }
        let stream = BitfinexPublicStream(
            url: hosts.streams["public"] ?? "", catalog: catalog, options: options, wanted: channels)
        guard stream.requests.count <= BitfinexPublicStream.channelLimit else {
            throw ExchangeFailure(
                .badRequest, exchange: id.rawValue,
                message: "at most \(BitfinexPublicStream.channelLimit) channels a connection")
        }
        return stream
    }

    public func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession {
        BitfinexPrivateStream(
            url: hosts.streams["private"] ?? "", catalog: catalog, cancelsOnDisconnect: options.cancelsOnDisconnect)
    }
}
