import TradingCore

/// A connection for market data: at most 25 channels, known by numbers that the exchange hands out.
///
/// A book is *waiting* until its first rows have come, *live* while rows and checksums fit, and after a wrong checksum or a
/// row that cannot be read it is *leaving*: the channel is given up, and subscribed to anew once that is confirmed.
/// Every message is numbered; a missing number means that something was lost, and everything begins anew.
/// Source: docs.bitfinex.com, "WebSockets - General", "Configuration", "Public Channels".
struct BitfinexPublicStream: StreamSession {
    enum BookState: Sendable {
        case waiting, live, leaving
    }

    enum Content: Sendable {
        /// ``Channel/book`` is its book, apart from the state so that a change is made in place.
        case book(BookState)
        case trades
        case ticker
        case candles(CandleInterval)
        /// Of a pair or kind that we do not follow.
        case other
    }

    /// A channel the exchange confirmed.
    struct Channel: Sendable {
        var id: Int64
        var name: String
        var symbol: Symbol
        var market: ExchangeMarket
        var content: Content
        /// Empty in channels of other kinds.
        var book = BitfinexBook(isOrders: false)
        /// When a channel that is being left is overdue.
        var leftBy: Int64?
        /// What to send to have it again.
        var request: String
    }

    static let channelLimit = 25
    private static let pingEvery: Int64 = 15_000
    private static let leaveWithin: Int64 = 10_000
    /// Books have been seen to take 13 seconds.
    private static let confirmWithin: Int64 = 30_000
    /// Sequence numbers, times and checksums.
    private static let configuration = 65_536 + 32_768 + 131_072

    let url: String
    /// Every channel has a heartbeat each 15 seconds.
    let silenceLimit: Int64 = 40_000
    let catalog: MarketCatalog
    let options: BitfinexDialect.Options
    let wanted: [StreamChannel]

    var channels: [Channel] = []
    /// Channels whose frames are of no use to us.
    var ignored: Set<Int64> = []
    var lastSequence: Int64?
    var nextPing: Int64?
    /// Subscriptions that were neither confirmed nor refused, and when that is too late.
    private(set) var unconfirmed = 0
    private var confirmedBy: Int64?

    init(url: String, catalog: MarketCatalog, options: BitfinexDialect.Options, wanted: [StreamChannel]) {
        self.url = url
        self.catalog = catalog
        self.options = options
        self.wanted = wanted
    }

    var nextWake: Int64? {
        (channels.compactMap(\.leftBy) + [nextPing, confirmedBy].compactMap { $0 }).min()
    }

    // MARK: - Opening

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        effects.append(.send("{\"event\":\"conf\",\"flags\":\(Self.configuration)}"))
        for request in requests { subscribe(request, context.now, into: &effects) }
        nextPing = context.now + Self.pingEvery
    }

    mutating func subscribe(_ request: String, _ now: Int64, into effects: inout [StreamEffect]) {
        effects.append(.send(request))
        unconfirmed += 1
        confirmedBy = now + Self.confirmWithin
    }

    /// One subscription less to wait for.
    mutating func settleSubscription() {
        unconfirmed = max(unconfirmed - 1, 0)
        if unconfirmed == 0 { confirmedBy = nil }
    }

    /// A subscription for each channel wanted; some are told by the same one.
    var requests: [String] {
        var requests: [String] = []
        for channel in wanted {
            guard let request = request(for: channel), !requests.contains(request) else { continue }
            requests.append(request)
        }
        return requests
    }

    /// Best prices come with the ticker.
    private func request(for channel: StreamChannel) -> String? {
        guard let market = catalog.market(channel.symbol) else { return nil }
        var fields = [JSONValue.Member(key: "event", value: .string("subscribe"))]
        func add(_ key: String, _ value: String) { fields.append(.init(key: key, value: .string(value))) }
        switch channel {
        case .book:
            add("channel", "book")
            add("symbol", market.id)
            add("prec", options.bookPrecision.rawValue)
            if options.bookPrecision == .levels { add("freq", "F0") }
            add("len", String(options.bookLength))
        case .trades:
            add("channel", "trades")
            add("symbol", market.id)
        case .ticker, .bestPrices:
            add("channel", "ticker")
            add("symbol", market.id)
        case .candles(_, let interval):
            guard let name = BitfinexMapping.intervals[interval] else { return nil }
            add("channel", "candles")
            add("key", "trade:\(name):\(market.id)")
        }
        return JSONValue.object(fields).compactText
    }

    // MARK: - Receiving

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        var scanner = JSONScanner(frame)
        do {
            guard scanner.peek() == UInt8(ascii: "[") else {
                handle(try JSONValue(utf8: frame), now, into: &effects)
                return
            }
            try scanner.beginArray()
            guard try scanner.nextElement() else { throw scanner.error(.integer) }
            let id = try scanner.integer()
            guard let index = channels.firstIndex(where: { $0.id == id }) else {
                try skipUnknown(&scanner, id, into: &effects)
                return
            }
            try receive(index, &scanner, frame, now, into: &effects)
        } catch {
            effects.append(.reconnect(Self.unreadable("\(error)")))
        }
    }

    /// Frames of channels that are no use to us, or just left. Heartbeats come before a channel is confirmed, too.
    private mutating func skipUnknown(
        _ scanner: inout JSONScanner, _ id: Int64, into effects: inout [StreamEffect]
    ) throws {
        guard try scanner.nextElement() else { throw scanner.error(.value) }
        var isHeartbeat = false
        if scanner.peek() == UInt8(ascii: "\"") {
            let name = try scanner.string()
            isHeartbeat = scanner.matches(name, "hb")
            if !isHeartbeat, try scanner.nextElement() { try scanner.skipValue() }
        } else {
            try scanner.skipValue()
        }
        _ = try trailer(&scanner)
        guard isHeartbeat || ignored.contains(id) else {
            throw UnreadableAnswer("channel", expected: "a channel we know", found: "\(id)")
        }
        effects.append(.event(.alive))
    }

    // MARK: - Waking

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if let late = channels.first(where: { ($0.leftBy ?? .max) <= now }) {
            effects.append(.reconnect(Self.unreadable("\(late.name) could not be left")))
            return
        }
        if let confirmedBy, confirmedBy <= now {
            self.confirmedBy = nil
            effects.append(
                .reconnect(
                    ExchangeFailure(
                        .requestTimeout, exchange: "bitfinex", endpoint: "public stream",
                        message: "\(unconfirmed) subscriptions were not confirmed")))
            return
        }
        if let nextPing, nextPing <= now {
            effects.append(.send("{\"event\":\"ping\"}"))
            self.nextPing = now + Self.pingEvery
        }
    }

    // MARK: - Parts

    /// Gives a book up: it is lost until the channel has been subscribed to anew.
    mutating func leave(_ index: Int, _ failure: ExchangeFailure, _ now: Int64, into effects: inout [StreamEffect]) {
        guard case .book = channels[index].content else { return }
        var failure = failure
        failure.exchange = "bitfinex"
        failure.endpoint = channels[index].name
        channels[index].content = .book(.leaving)
        channels[index].book = BitfinexBook(isOrders: channels[index].book.isOrders)
        channels[index].leftBy = now + Self.leaveWithin
        effects.append(.event(.bookLost(channels[index].symbol, failure)))
        effects.append(.send("{\"event\":\"unsubscribe\",\"chanId\":\(channels[index].id)}"))
    }

    static func unreadable(_ message: String) -> ExchangeFailure {
        ExchangeFailure(.badResponse, exchange: "bitfinex", endpoint: "public stream", message: message)
    }
}
