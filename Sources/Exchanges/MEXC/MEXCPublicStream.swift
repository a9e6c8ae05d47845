import TradingCore

/// A connection for market data. Books follow the rule of ``DepthSync``: changes are kept, a book is fetched, and the change
/// that spans its version is the first; a missing version begins it anew.
///
/// Source: the documentation's "How to properly maintain a local copy of the order book".
struct MEXCPublicStream: StreamSession {
    struct Book: Sendable {
        let symbol: Symbol
        var sync = DepthSync()
        /// When a book was last asked for, and when to ask again.
        var fetchedAt: Int64?
        var retryAt: Int64?
        /// Failures in a row.
        var failures = 0
    }

    private static let fetchSpacing: Int64 = 1_000
    private static let longestWait: Int64 = 30_000
    private static let bookLimit = 1_000

    let url: String
    let silenceLimit: Int64 = 45_000
    let dialect: MEXCDialect
    var connection: MEXCConnection
    var books: [Book] = []
    /// Where a market's book is, by the exchange's name.
    private var places: [String: Int] = [:]
    private var bookNames: [String: Int] = [:]

    init(dialect: MEXCDialect, channels: [StreamChannel]) throws(ExchangeFailure) {
        self.dialect = dialect
        url = dialect.hosts.streams["public"] ?? ""
        var names: [String] = []
        for channel in channels {
            let name = try dialect.channelName(channel)
            guard !names.contains(name) else { continue }
            names.append(name)
            if case .book(let symbol) = channel {
                places[try dialect.catalog.required(symbol).id] = books.count
                bookNames[name] = books.count
                books.append(Book(symbol: symbol))
            }
        }
        connection = MEXCConnection(endpoint: "public stream", channels: names)
    }

    var nextWake: Int64? { (books.compactMap(\.retryAt) + [connection.nextWake].compactMap { $0 }).min() }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        connection.opened(context.now, into: &effects)
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        connection.wake(now, into: &effects)
        for index in books.indices where (books[index].retryAt ?? .max) <= now {
            books[index].retryAt = nil
            _ = books[index].sync.retry()
            if books[index].sync.last == nil { fetch(index, now, into: &effects) }
        }
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        guard isBinary else {
            if let channel = connection.control(frame, into: &effects), let index = bookNames[channel],
                books[index].sync.retry()
            {
                // A quiet market sends no change for a long time: its book is fetched at once.
                fetch(index, now, into: &effects)
            }
            return
        }
        let envelope: MEXCEnvelope
        do throws(ProtobufError) { envelope = try MEXCEnvelope(frame) } catch {
            effects.append(.reconnect(connection.failure(.badResponse, "\(error)")))
            return
        }
        do { try receive(envelope, now, into: &effects) } catch {
            let failure = connection.failure(.badResponse, "\(envelope.marketID): \(error)")
            if envelope.body == .depth, let index = places[envelope.marketID] {
                lose(index, failure, now, into: &effects)
            } else {
                effects.append(.reconnect(failure))
            }
        }
    }

    private mutating func receive(
        _ envelope: MEXCEnvelope, _ now: Int64, into effects: inout [StreamEffect]
    ) throws {
        let time = envelope.sentAt ?? envelope.createdAt
        if envelope.body == .depth, let index = places[envelope.marketID] {
            let depth = try MEXCDepth(envelope.content)
            let change = BookChange(
                symbol: books[index].symbol, bids: depth.bids, asks: depth.asks, time: time, sequence: depth.last)
            let action = books[index].sync.received(.init(change, first: depth.first, last: depth.last))
            perform(action, index, now, into: &effects)
            return
        }
        guard let market = dialect.catalog.market(id: envelope.marketID) else {
            effects.append(.event(.unexplained("a message of \(envelope.marketID.prefix(40))")))
            return
        }
        switch envelope.body {
        case .deals:
            for trade in try MEXCStreamMessages.deals(envelope.content, market.symbol) {
                effects.append(.event(.trade(trade)))
            }
        case .bookTicker:
            effects.append(
                .event(.bestPrices(try MEXCStreamMessages.bookTicker(envelope.content, market.symbol, time))))
        case .miniTicker:
            effects.append(.event(.ticker(try MEXCStreamMessages.miniTicker(envelope.content, market, time))))
        case .candle:
            guard let (interval, candle) = try MEXCStreamMessages.candle(envelope.content) else {
                effects.append(.event(.unexplained("candles of an unknown length")))
                return
            }
            effects.append(.event(.candle(market.symbol, interval, candle)))
        case .depth, .privateOrders, .privateDeals, .privateAccount, nil:
            effects.append(.event(.unexplained("message \(envelope.number) of \(envelope.marketID)")))
        }
    }

    // MARK: - Books

    mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect]
    ) {
        guard let index = books.firstIndex(where: { $0.symbol == symbol }) else { return }
        switch book {
        case .success(let book):
            books[index].failures = 0
            perform(books[index].sync.fetched(book), index, now, into: &effects)
        case .failure(let failure):
            // It still counts as asked for: it will be, after a while.
            guard books[index].sync.last == nil else { return }
            books[index].failures = min(books[index].failures + 1, 5)
            let wait = min(Self.fetchSpacing << Int64(books[index].failures), Self.longestWait)
            books[index].retryAt = now + max(wait, min(failure.retryAfter ?? 0, 3_600_000))
        }
    }

    private mutating func perform(
        _ action: DepthSync.Action, _ index: Int, _ now: Int64, into effects: inout [StreamEffect]
    ) {
        switch action {
        case .none: break
        case .pass(let change): effects.append(.event(.bookChange(change)))
        case .replace(let book, let changes):
            effects.append(.event(.book(book)))
            for change in changes { effects.append(.event(.bookChange(change))) }
        case .fetch: fetch(index, now, into: &effects)
        case .lost(let message):
            effects.append(.event(.bookLost(books[index].symbol, connection.failure(.invalidNonce, message))))
            fetch(index, now, into: &effects)
        }
    }

    private mutating func lose(
        _ index: Int, _ failure: ExchangeFailure, _ now: Int64, into effects: inout [StreamEffect]
    ) {
        let wasWhole = books[index].sync.last != nil
        books[index].sync.invalidate()
        if wasWhole { effects.append(.event(.bookLost(books[index].symbol, failure))) }
        if books[index].sync.retry() { fetch(index, now, into: &effects) }
    }

    /// Asks for a book, or plans to: not more than one a second.
    private mutating func fetch(_ index: Int, _ now: Int64, into effects: inout [StreamEffect]) {
        if let last = books[index].fetchedAt, now < last + Self.fetchSpacing {
            books[index].retryAt = last + Self.fetchSpacing
            return
        }
        do throws(ExchangeFailure) {
            let call = try dialect.book(books[index].symbol, limit: Self.bookLimit, [])
            books[index].fetchedAt = now
            effects.append(.fetchBook(books[index].symbol, call))
        } catch {
            let place = "book \(books[index].symbol)"
            effects.append(.event(.refused(place, error.at(dialect.id.rawValue, place))))
        }
    }
}

extension MEXCDialect {
    /// As the streams call a channel.
    func channelName(_ channel: StreamChannel) throws(ExchangeFailure) -> String {
        let market = try catalog.required(channel.symbol)
        let rate = "\(options.streamInterval)ms"
        switch channel {
        case .book: return "spot@public.aggre.depth.v3.api.pb@\(rate)@\(market.id)"
        case .bestPrices: return "spot@public.aggre.bookTicker.v3.api.pb@\(rate)@\(market.id)"
        case .trades: return "spot@public.aggre.deals.v3.api.pb@\(rate)@\(market.id)"
        case .ticker: return "spot@public.miniTicker.v3.api.pb@\(market.id)@UTC+8"
        case .candles(_, let interval):
            guard let name = MEXCStreamMessages.intervals[interval] else {
                throw unsupported("candles of \(interval.rawValue)")
            }
            return "spot@public.kline.v3.api.pb@\(market.id)@\(name)"
        }
    }

    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        let stream = try MEXCPublicStream(dialect: self, channels: channels)
        guard stream.connection.channels.count <= MEXCConnection.channelLimit else {
            throw ExchangeFailure(
                .badRequest, exchange: id.rawValue,
                message: "at most \(MEXCConnection.channelLimit) channels a connection")
        }
        return stream
    }
}
