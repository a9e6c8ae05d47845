import TradingCore

extension GateDialect {
    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        try GatePublicStream(self, channels)
    }
}

/// Market data. Source: "Gate Spot WebSocket v4".
struct GatePublicStream: StreamSession {
    /// A market that frames came of, or may.
    struct Market: Sendable {
        let symbol: Symbol
        /// As `spot.obu` tells it.
        var levels = GateLevelBook()
        /// As `spot.order_book_update` does.
        var updates = DepthSync()
    }

    let url: String
    let silenceLimit: Int64 = 30_000
    let dialect: GateDialect
    private let subscriptions: [GateSubscription]
    private var markets: [Market] = []
    /// Where a market is, by the names that frames carry: `BTC_USDT`, `ob.BTC_USDT.50`.
    private var places = NameTable<Int>()
    private var requests: [Int64: GateSubscription] = [:]
    private var nextID: Int64 = 1
    private var nextPing: Int64?
    /// Books that were asked for again, and when to stop waiting: by name of the subscription.
    private var awaited: [GateSubscription: Int64] = [:]
    /// Whole books that could not be fetched, and when to try again.
    private var retries: [Symbol: Int64] = [:]

    /// Milliseconds.
    private static let (pingInterval, patience, retryDelay): (Int64, Int64, Int64) = (10_000, 10_000, 1_000)

    init(_ dialect: GateDialect, _ channels: [StreamChannel]) throws(ExchangeFailure) {
        guard let url = dialect.hosts.streams["public"] else {
            throw ExchangeFailure(.badRequest, exchange: "gate", message: "no address of the public stream")
        }
        self.url = url
        self.dialect = dialect
        var subscriptions: [GateSubscription] = []
        for channel in channels { subscriptions.append(try dialect.subscription(channel)) }
        self.subscriptions = subscriptions
        for (channel, subscription) in zip(channels, subscriptions) {
            for name in subscription.payload ?? [] { places.add(name, place(of: channel.symbol)) }
        }
    }

    var nextWake: Int64? { ([nextPing].compactMap { $0 } + awaited.values + retries.values).min() }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        for subscription in subscriptions { send("subscribe", subscription, context.now, into: &effects) }
        nextPing = context.now &+ Self.pingInterval
    }

    private mutating func send(
        _ event: String, _ subscription: GateSubscription, _ now: Int64, into effects: inout [StreamEffect]
    ) {
        requests[nextID] = subscription
        effects.append(.send(subscription.message(event, id: nextID, seconds: now / 1_000)))
        nextID &+= 1
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if let ping = nextPing, ping <= now {
            effects.append(.send(GateSubscription.ping(seconds: now / 1_000)))
            nextPing = now &+ Self.pingInterval
        }
        for (subscription, time) in awaited where time <= now { resubscribe(subscription, now, into: &effects) }
        for (symbol, time) in retries where time <= now {
            retries[symbol] = nil
            if markets[place(of: symbol)].updates.retry() { fetch(symbol, into: &effects) }
        }
    }

    mutating func received(
        _ bytes: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        let frame: GateFrame
        do { frame = try GateFrame(bytes) } catch {
            // Whose it was cannot be known: no book is safe any more.
            effects.append(.reconnect(dialect.unreadable("stream", error)))
            return
        }
        guard frame.event == .update else { return acknowledge(frame, bytes, into: &effects) }
        do {
            switch frame.channel {
            case .levels: try receivedLevels(frame, bytes, now, into: &effects)
            case .updates: try receivedUpdate(frame, bytes, into: &effects)
            default: effects.append(.event(try dialect.marketEvent(frame, bytes)))
            }
        } catch {
            effects.append(.event(.refused(frame.channel.rawValue, dialect.unreadable(frame.channel.rawValue, error))))
        }
    }

    private mutating func acknowledge(
        _ frame: GateFrame, _ bytes: UnsafeRawBufferPointer, into effects: inout [StreamEffect]
    ) {
        let subscription = frame.id.flatMap { requests.removeValue(forKey: $0) }
        let event = dialect.acknowledgement(frame, bytes, subscription?.title ?? frame.channel.rawValue)
        effects.append(.event(event))
        guard case .confirmed = event, frame.event == .subscribe, let subscription, subscription.channel == .updates
        else { return }
        // A quiet market sends no change for a long time: its book is fetched as soon as its changes are on their way.
        guard let place = subscription.payload?.first.flatMap({ places.place(of: $0) }).map({ places.values[$0] }),
            markets[place].updates.retry()
        else { return }
        fetch(markets[place].symbol, into: &effects)
    }

    // MARK: - Books

    private mutating func place(of symbol: Symbol) -> Int {
        if let known = markets.firstIndex(where: { $0.symbol == symbol }) { return known }
        markets.append(Market(symbol: symbol))
        return markets.count - 1
    }

    private mutating func place(of name: JSONScanner.Text, _ bytes: UnsafeRawBufferPointer) -> Int? {
        let scanner = JSONScanner(bytes)
        if let known = places.place(of: name, in: scanner) { return places.values[known] }
        guard let text = try? scanner.unescaped(name) else { return nil }
        let pair = text.hasPrefix("ob.") ? text.dropFirst(3).split(separator: ".").first.map { String($0) } : text
        return dialect.symbol(pair).map { place(of: $0) }
    }

    /// What a frame says of a book, and where that market is.
    private mutating func depth(
        _ frame: GateFrame, _ bytes: UnsafeRawBufferPointer
    ) throws -> (GateDepth, Int) {
        let depth: GateDepth
        if let read = frame.depth {
            depth = read
        } else {
            var scanner = try frame.result(of: bytes)
            depth = GateDepth(&scanner)
        }
        guard let name = depth.name, let place = place(of: name, bytes) else {
            let found = depth.name.map { GatePublicStream.text($0, bytes) }
            throw UnreadableAnswer("s", expected: "a market", found: depth.problem ?? found ?? "nothing")
        }
        return (depth, place)
    }

    private static func text(_ name: JSONScanner.Text, _ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: JSONScanner(bytes).content(of: name), as: UTF8.self)
    }

    private mutating func receivedLevels(
        _ frame: GateFrame, _ bytes: UnsafeRawBufferPointer, _ now: Int64, into effects: inout [StreamEffect]
    ) throws {
        let (depth, place) = try depth(frame, bytes)
        let symbol = markets[place].symbol
        func name() -> String { depth.name.map { GatePublicStream.text($0, bytes) } ?? "" }
        if let problem = depth.problem {
            markets[place].levels.invalidate()
            return lost(symbol, name(), problem, now, into: &effects)
        }
        switch markets[place].levels.received(depth) {
        case .none: effects.append(.event(.alive))
        case .replace:
            awaited[GateSubscription(channel: .levels, payload: [name()])] = nil
            effects.append(
                .event(
                    .book(
                        ExchangeBook(
                            symbol: symbol, bids: depth.bids, asks: depth.asks, time: depth.time,
                            sequence: depth.last))))
        case .pass: effects.append(.event(.bookChange(change(symbol, depth))))
        case .lost(let reason): lost(symbol, name(), reason, now, into: &effects)
        }
    }

    private func change(_ symbol: Symbol, _ depth: GateDepth) -> BookChange {
        BookChange(symbol: symbol, bids: depth.bids, asks: depth.asks, time: depth.time, sequence: depth.last)
    }

    private mutating func lost(
        _ symbol: Symbol, _ name: String, _ reason: String, _ now: Int64, into effects: inout [StreamEffect]
    ) {
        effects.append(.event(.bookLost(symbol, dialect.bookFailure(GateFrame.Channel.levels.rawValue, reason))))
        resubscribe(GateSubscription(channel: .levels, payload: [name]), now, into: &effects)
    }

    private mutating func resubscribe(
        _ subscription: GateSubscription, _ now: Int64, into effects: inout [StreamEffect]
    ) {
        send("unsubscribe", subscription, now, into: &effects)
        send("subscribe", subscription, now, into: &effects)
        awaited[subscription] = now &+ Self.patience
    }

    private mutating func receivedUpdate(
        _ frame: GateFrame, _ bytes: UnsafeRawBufferPointer, into effects: inout [StreamEffect]
    ) throws {
        let (depth, place) = try depth(frame, bytes)
        let symbol = markets[place].symbol
        if let problem = depth.problem {
            markets[place].updates.invalidate()
            effects.append(.event(.bookLost(symbol, dialect.bookFailure(frame.channel.rawValue, problem))))
            if markets[place].updates.retry() { fetch(symbol, into: &effects) }
            return
        }
        let change = change(symbol, depth)
        let first = depth.first ?? depth.last
        if markets[place].updates.follows(first: first, last: depth.last) {
            effects.append(.event(.bookChange(change)))
        } else {
            let action = markets[place].updates.received(.init(change, first: first, last: depth.last))
            carryOut(action, symbol, into: &effects)
        }
    }

    mutating func fetched(
        _ answer: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64,
        into effects: inout [StreamEffect]
    ) {
        guard case .success(let book) = answer, let number = book.sequence,
            (0...GateDepth.largestNumber).contains(number)
        else {
            markets[place(of: symbol)].updates.fetchFailed()
            retries[symbol] = now &+ Self.retryDelay
            return
        }
        let action = markets[place(of: symbol)].updates.fetched(book)
        carryOut(action, symbol, into: &effects)
    }

    private func carryOut(_ action: DepthSync.Action, _ symbol: Symbol, into effects: inout [StreamEffect]) {
        switch action {
        case .none: effects.append(.event(.alive))
        case .pass(let change): effects.append(.event(.bookChange(change)))
        case .replace(let book, let changes):
            effects.append(.event(.book(book)))
            for change in changes { effects.append(.event(.bookChange(change))) }
        case .fetch: fetch(symbol, into: &effects)
        case .lost(let reason):
            effects.append(.event(.bookLost(symbol, dialect.bookFailure("spot.order_book_update", reason))))
            fetch(symbol, into: &effects)
        }
    }

    private func fetch(_ symbol: Symbol, into effects: inout [StreamEffect]) {
        do throws(ExchangeFailure) {
            effects.append(.fetchBook(symbol, try dialect.book(symbol, limit: 100, [])))
        } catch {
            effects.append(.event(.bookLost(symbol, error.at(dialect.id.rawValue, "book \(symbol)"))))
        }
    }
}
