import TradingCore

extension BinanceDialect {
    /// At most 1 024 streams on one connection.
    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        guard let root = hosts.streams["public"] else { throw unsupported("public streams") }
        var names: [String] = []
        var markets = NameTable<BinancePublicStream.Market>()
        var bookPlaces: [Int?] = []
        for channel in channels {
            let market = try catalog.required(channel.symbol)
            names.append(try streamName(channel, market))
            let place = markets.place(of: market.id) ?? markets.add(market.id, .init(symbol: market.symbol))
            if case .book = channel {
                markets.values[place].sync = DepthSync()
                bookPlaces.append(place)
            } else {
                bookPlaces.append(nil)
            }
        }
        guard names.count <= 1_024 else {
            throw ExchangeFailure(.badRequest, message: "\(names.count) streams, and a connection takes 1024")
        }
        return BinancePublicStream(
            dialect: self, url: root + "/stream", names: names, markets: markets, bookPlaces: bookPlaces)
    }

    private func streamName(_ channel: StreamChannel, _ market: ExchangeMarket) throws(ExchangeFailure) -> String {
        let name = market.id.lowercased()
        switch channel {
        case .book: return name + "@depth@100ms"
        case .bestPrices: return name + "@bookTicker"
        case .trades: return name + "@trade"
        case .ticker: return name + "@ticker"
        case .candles(_, let interval):
            guard interval != .twoWeeks, interval != .threeHours else {
                throw unsupported("candles of \(interval.rawValue)")
            }
            return name + "@kline_" + interval.rawValue
        }
    }
}

/// A connection of the market streams.
///
/// Books are kept by "How to manage a local order book correctly": ``DepthSync``. The server pings every 20 seconds by the
/// protocol's own means and cuts each connection after 24 hours; ten minutes before that it is given up.
struct BinancePublicStream: StreamSession {
    /// A market that something is subscribed of.
    struct Market: Sendable {
        let symbol: Symbol
        /// Nil: its book is not.
        var sync: DepthSync?
    }

    let dialect: BinanceDialect
    let url: String
    private let names: [String]
    /// By the exchange's names.
    private var markets: NameTable<Market>
    /// Where the market is whose book each of the names is; nil for other channels.
    private let bookPlaces: [Int?]
    private var openedAt: Int64?
    /// When books that could not be fetched are asked for again.
    private var retriesAt: Int64?

    /// Three of the server's pings.
    let silenceLimit: Int64 = 60_000
    static let lifetime: Int64 = 85_800_000
    /// Most names in one message: all streams of a connection in four, and five a second are allowed.
    private static let namesAtOnce = 256
    private static let retryDelay: Int64 = 1_000

    init(
        dialect: BinanceDialect, url: String, names: [String], markets: NameTable<Market>, bookPlaces: [Int?]
    ) {
        self.dialect = dialect
        self.url = url
        self.names = names
        self.markets = markets
        self.bookPlaces = bookPlaces
    }

    var nextWake: Int64? {
        [openedAt.map { $0 &+ Self.lifetime }, retriesAt].compactMap { $0 }.min()
    }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        openedAt = context.now
        var number = 1
        var rest = names[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.namesAtOnce)
            rest = rest.dropFirst(Self.namesAtOnce)
            let message = JSONValue.object([
                BinanceField.text("method", "SUBSCRIBE"),
                JSONValue.Member(key: "params", value: .array(part.map { .string($0) })),
                BinanceField.integer("id", Int64(number)),
            ])
            effects.append(.send(message.compactText))
            number += 1
        }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if let openedAt, now >= openedAt &+ Self.lifetime {
            effects.append(.reconnect(failure(.networkError, "a connection lives for 24 hours")))
            return
        }
        guard let retriesAt, now >= retriesAt else { return }
        self.retriesAt = nil
        for place in markets.values.indices where markets.values[place].sync?.retry() == true {
            fetch(place, into: &effects)
        }
    }

    // MARK: - Frames

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        let message: BinanceMarketFrame
        do throws(UnreadableAnswer) { message = try BinanceMarketFrame(frame) } catch {
            loseBooks("\(error)", into: &effects)
            return
        }
        guard message.kind != .other else { return receiveOther(frame, into: &effects) }
        let place = message.symbol.flatMap { markets.place(of: $0, in: JSONScanner(frame)) }
        guard
            let symbol = place.map({ markets.values[$0].symbol })
                ?? dialect.catalog.symbol(id: message.name(in: frame))
        else {
            effects.append(.event(.unexplained(BinanceMarketFrame.excerpt(frame))))
            return
        }
        switch message.kind {
        case .depth:
            guard let place, markets.values[place].sync != nil else {
                effects.append(.event(.unexplained("a depth change of \(symbol)")))
                return
            }
            receiveDepth(message, place, symbol, into: &effects)
        case .trade, .aggregateTrade: receiveTrade(message, symbol, frame, into: &effects)
        case .bestPrices:
            var ticker = ExchangeTicker(symbol: symbol, time: message.eventTime)
            ticker.bid = Derived.nonZero(message.bid)
            ticker.bidAmount = message.bidAmount
            ticker.ask = Derived.nonZero(message.ask)
            ticker.askAmount = message.askAmount
            effects.append(.event(.bestPrices(ticker)))
        case .other: break
        }
    }

    private mutating func receiveDepth(
        _ message: BinanceMarketFrame, _ place: Int, _ symbol: Symbol, into effects: inout [StreamEffect]
    ) {
        guard let first = message.first, let last = message.last, first >= 0, first <= last else {
            lose(place, "a depth change without U and u in order", into: &effects)
            return
        }
        let change = BookChange(
            symbol: symbol, bids: message.bids, asks: message.asks, time: message.eventTime, sequence: last)
        if markets.values[place].sync?.follows(first: first, last: last) == true {
            effects.append(.event(.bookChange(change)))
        } else if let action = markets.values[place].sync?.received(.init(change, first: first, last: last)) {
            perform(action, place, into: &effects)
        }
    }

    private func receiveTrade(
        _ message: BinanceMarketFrame, _ symbol: Symbol, _ frame: UnsafeRawBufferPointer,
        into effects: inout [StreamEffect]
    ) {
        guard let price = message.price, let amount = message.amount, let buyerIsMaker = message.buyerIsMaker,
            price.isPositive, amount.isPositive,
            let trade = try? ExchangeTrade(
                id: message.tradeID.map { String($0) }, symbol: symbol, side: buyerIsMaker ? .sell : .buy, price: price,
                amount: amount, time: message.tradeTime
            ).completed()
        else {
            effects.append(.event(.unexplained(BinanceMarketFrame.excerpt(frame))))
            return
        }
        effects.append(.event(.trade(trade)))
    }

    // MARK: - Books

    /// A quiet market sends no change for a long time: its book is fetched as soon as its changes are on their way.
    /// - Parameter request: the number of a confirmed request.
    mutating func confirmed(_ request: Int, into effects: inout [StreamEffect]) {
        let first = (request - 1).multipliedReportingOverflow(by: Self.namesAtOnce)
        guard request > 0, !first.overflow else { return }
        for case let place? in bookPlaces.dropFirst(first.partialValue).prefix(Self.namesAtOnce)
        where markets.values[place].sync?.retry() == true {
            fetch(place, into: &effects)
        }
    }

    mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect]
    ) {
        guard let place = markets.values.firstIndex(where: { $0.symbol == symbol }) else { return }
        switch book {
        case .success(let book):
            guard let action = markets.values[place].sync?.fetched(book) else { return }
            perform(action, place, into: &effects)
        case .failure:
            markets.values[place].sync?.fetchFailed()
            retriesAt = now &+ Self.retryDelay
        }
    }

    private func perform(_ action: DepthSync.Action, _ place: Int, into effects: inout [StreamEffect]) {
        switch action {
        case .none: break
        case .pass(let change): effects.append(.event(.bookChange(change)))
        case .replace(let book, let changes):
            effects.append(.event(.book(book)))
            for change in changes { effects.append(.event(.bookChange(change))) }
        case .fetch: fetch(place, into: &effects)
        case .lost(let message):
            effects.append(.event(.bookLost(markets.values[place].symbol, failure(.checksumError, message))))
            fetch(place, into: &effects)
        }
    }

    private func fetch(_ place: Int, into effects: inout [StreamEffect]) {
        let symbol = markets.values[place].symbol
        guard let call = try? dialect.book(symbol, limit: 1_000, []) else { return }
        effects.append(.fetchBook(symbol, call))
    }

    private mutating func lose(_ place: Int, _ message: String, into effects: inout [StreamEffect]) {
        markets.values[place].sync?.invalidate()
        effects.append(.event(.bookLost(markets.values[place].symbol, failure(.badResponse, message))))
        if markets.values[place].sync?.retry() == true { fetch(place, into: &effects) }
    }

    /// Which market a frame that cannot be read belongs to is not known: it may be any.
    private mutating func loseBooks(_ message: String, into effects: inout [StreamEffect]) {
        let books = markets.values.indices.filter { markets.values[$0].sync != nil }
        if books.isEmpty { effects.append(.event(.unexplained(message))) }
        for place in books { lose(place, message, into: &effects) }
    }

    func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: dialect.id.rawValue, endpoint: url, message: message)
    }
}
