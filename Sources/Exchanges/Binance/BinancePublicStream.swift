import TradingCore

extension BinanceDialect {
    /// At most 1 024 streams on one connection.
    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        guard let root = hosts.streams["public"] else { throw unsupported("public streams") }
        var names: [String] = []
        var books: [Symbol: DepthSync] = [:]
        for channel in channels {
            let market = try catalog.required(channel.symbol)
            names.append(try streamName(channel, market))
            if case .book(let symbol) = channel { books[symbol] = DepthSync() }
        }
        guard names.count <= 1_024 else {
            throw ExchangeFailure(.badRequest, message: "\(names.count) streams, and a connection takes 1024")
        }
        return BinancePublicStream(
            dialect: self, url: root + "/stream", names: names, books: books,
            bookPlaces: channels.map { if case .book(let symbol) = $0 { symbol } else { nil } })
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
    let dialect: BinanceDialect
    let url: String
    private let names: [String]
    private var books: [Symbol: DepthSync]
    /// Whose book each of the names is; nil for other channels.
    private let bookPlaces: [Symbol?]
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
        dialect: BinanceDialect, url: String, names: [String], books: [Symbol: DepthSync], bookPlaces: [Symbol?] = []
    ) {
        self.dialect = dialect
        self.url = url
        self.names = names
        self.books = books
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
        for symbol in books.keys where books[symbol]?.retry() == true { fetch(symbol, into: &effects) }
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
        guard let symbol = dialect.catalog.market(id: message.symbol)?.symbol else {
            effects.append(.event(.unexplained(BinanceMarketFrame.excerpt(frame))))
            return
        }
        switch message.kind {
        case .depth: receiveDepth(message, symbol, into: &effects)
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
        _ message: BinanceMarketFrame, _ symbol: Symbol, into effects: inout [StreamEffect]
    ) {
        guard let first = message.first, let last = message.last, first >= 0, first <= last else {
            lose(symbol, "a depth change without U and u in order", into: &effects)
            return
        }
        let change = BookChange(
            symbol: symbol, bids: message.bids, asks: message.asks, time: message.eventTime, sequence: last)
        guard let action = books[symbol]?.received(DepthSync.Numbered(change, first: first, last: last)) else {
            effects.append(.event(.unexplained("a depth change of \(symbol)")))
            return
        }
        perform(action, symbol, into: &effects)
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
        for case let symbol? in bookPlaces.dropFirst(first.partialValue).prefix(Self.namesAtOnce)
        where books[symbol]?.retry() == true {
            fetch(symbol, into: &effects)
        }
    }

    mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect]
    ) {
        switch book {
        case .success(let book):
            guard let action = books[symbol]?.fetched(book) else { return }
            perform(action, symbol, into: &effects)
        case .failure:
            books[symbol]?.fetchFailed()
            retriesAt = now &+ Self.retryDelay
        }
    }

    private func perform(_ action: DepthSync.Action, _ symbol: Symbol, into effects: inout [StreamEffect]) {
        switch action {
        case .none: break
        case .pass(let change): effects.append(.event(.bookChange(change)))
        case .replace(let book, let changes):
            effects.append(.event(.book(book)))
            for change in changes { effects.append(.event(.bookChange(change))) }
        case .fetch: fetch(symbol, into: &effects)
        case .lost(let message):
            effects.append(.event(.bookLost(symbol, failure(.checksumError, message))))
            fetch(symbol, into: &effects)
        }
    }

    private func fetch(_ symbol: Symbol, into effects: inout [StreamEffect]) {
        guard let call = try? dialect.book(symbol, limit: 1_000, []) else { return }
        effects.append(.fetchBook(symbol, call))
    }

    private mutating func lose(_ symbol: Symbol, _ message: String, into effects: inout [StreamEffect]) {
        guard books[symbol] != nil else {
            effects.append(.event(.unexplained(message)))
            return
        }
        books[symbol]?.invalidate()
        effects.append(.event(.bookLost(symbol, failure(.badResponse, message))))
        if books[symbol]?.retry() == true { fetch(symbol, into: &effects) }
    }

    /// Which market a frame that cannot be read belongs to is not known: it may be any.
    private mutating func loseBooks(_ message: String, into effects: inout [StreamEffect]) {
        if books.isEmpty { effects.append(.event(.unexplained(message))) }
        for symbol in books.keys { lose(symbol, message, into: &effects) }
    }

    func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: dialect.id.rawValue, endpoint: url, message: message)
    }
}
