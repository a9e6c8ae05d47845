import TradingCore

/// Market data. Source: docs-new, "WebSocket API", Spot public channels.
struct KuCoinPublicStream: StreamSession {
    private let dialect: KuCoinDialect
    private var connection: KuCoinConnection
    private var books = NameTable<KuCoinBook>()
    private var retries: [String: Int64] = [:]

    /// Milliseconds.
    private static let retryDelay: Int64 = 1_000

    init(_ dialect: KuCoinDialect, _ channels: [StreamChannel], token: StreamToken?) throws(ExchangeFailure) {
        self.dialect = dialect
        connection = try KuCoinConnection(
            dialect, topics: try dialect.topics(channels), token: token, isPrivate: false)
    }

    var url: String { connection.url }
    var silenceLimit: Int64 { connection.silenceLimit }
    var nextWake: Int64? { ([connection.nextWake].compactMap { $0 } + retries.values).min() }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        connection.opened(context.now)
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        connection.wake(now, into: &effects)
        for (name, time) in retries where time <= now {
            retries[name] = nil
            if let place = books.place(of: name), books.values[place].retry() {
                fetch(books.values[place].symbol, into: &effects)
            }
        }
    }

    mutating func received(
        _ bytes: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        let frame: KuCoinFrame
        do { frame = try KuCoinFrame(bytes) } catch {
            // Whose it was cannot be known: no book is safe any more.
            effects.append(.reconnect(dialect.unreadable("stream", error)))
            return
        }
        guard frame.kind == .message else {
            if let topic = connection.received(frame, bytes, now, into: &effects) { confirmed(topic, into: &effects) }
            return
        }
        guard frame.topic != .changes else { return receivedChanges(frame, bytes, into: &effects) }
        guard frame.topic != .other else {
            effects.append(.event(.unexplained(String(decoding: bytes.prefix(200), as: UTF8.self))))
            return
        }
        do {
            effects.append(.event(try dialect.marketEvent(frame, bytes)))
        } catch {
            effects.append(.event(.refused(frame.topic.rawValue, dialect.unreadable(frame.topic.rawValue, error))))
        }
    }

    // MARK: - Books

    /// A quiet market sends no change for a long time: its book is fetched as soon as its changes are on their way.
    private mutating func confirmed(_ topic: String, into effects: inout [StreamEffect]) {
        let prefix = KuCoinFrame.Topic.changes.rawValue + ":"
        guard topic.hasPrefix(prefix) else { return }
        for name in topic.dropFirst(prefix.count).split(separator: ",").map(String.init) {
            guard let place = place(of: name), books.values[place].retry() else { continue }
            fetch(books.values[place].symbol, into: &effects)
        }
    }

    private mutating func receivedChanges(
        _ frame: KuCoinFrame, _ bytes: UnsafeRawBufferPointer, into effects: inout [StreamEffect]
    ) {
        guard let place = place(of: frame, bytes) else {
            let error = UnreadableAnswer("topic", expected: "a market", found: frame.name(in: bytes))
            effects.append(.event(.refused(frame.topic.rawValue, dialect.unreadable(frame.topic.rawValue, error))))
            return
        }
        let symbol = books.values[place].symbol
        do {
            let depth = try depth(frame, bytes)
            let change = depth.change(symbol)
            if books.values[place].follows(change, first: depth.first, last: depth.last) {
                effects.append(.event(.bookChange(change)))
                if books.values[place].startsRefresh() { fetch(symbol, into: &effects) }
                return
            }
            let (action, further) = books.values[place].received(.init(change, first: depth.first, last: depth.last))
            carryOut(action, symbol, into: &effects)
            if case .fetch = further { fetch(symbol, into: &effects) }
        } catch {
            books.values[place].invalidate()
            effects.append(.event(.bookLost(symbol, dialect.unreadable(frame.topic.rawValue, error))))
            if books.values[place].retry() { fetch(symbol, into: &effects) }
        }
    }

    private func depth(_ frame: KuCoinFrame, _ bytes: UnsafeRawBufferPointer) throws -> KuCoinDepth {
        if let depth = frame.depth { return try depth.get() }
        var scanner = try frame.data(of: bytes)
        return try KuCoinDepth(&scanner)
    }

    /// Where the book of a frame's market is; of a market that comes for the first time a new one.
    private mutating func place(of frame: KuCoinFrame, _ bytes: UnsafeRawBufferPointer) -> Int? {
        if let known = books.place(of: frame.name, in: JSONScanner(bytes)) { return known }
        return place(of: frame.name(in: bytes))
    }

    private mutating func place(of name: String) -> Int? {
        if let known = books.place(of: name) { return known }
        return dialect.symbol(name).map {
            books.add(name, KuCoinBook($0, isPartial: dialect.bookSnapshot == .best100))
        }
    }

    mutating func fetched(
        _ answer: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64,
        into effects: inout [StreamEffect]
    ) {
        guard let name = dialect.catalog.market(symbol)?.id else { return }
        guard case .success(let book) = answer, let number = book.sequence,
            (0...KuCoinDepth.largestNumber).contains(number)
        else {
            if let place = books.place(of: name) { books.values[place].fetchFailed() }
            retries[name] = now &+ Self.retryDelay
            return
        }
        guard let place = books.place(of: name) else { return }
        carryOut(books.values[place].fetched(book), symbol, into: &effects)
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
            let failure = ExchangeFailure(
                .checksumError, exchange: "kucoin", endpoint: KuCoinFrame.Topic.changes.rawValue, message: reason)
            effects.append(.event(.bookLost(symbol, failure)))
            fetch(symbol, into: &effects)
        }
    }

    private func fetch(_ symbol: Symbol, into effects: inout [StreamEffect]) {
        do throws(ExchangeFailure) {
            let limit = dialect.bookSnapshot == .best100 ? 100 : nil
            effects.append(.fetchBook(symbol, try dialect.book(symbol, limit: limit, [])))
        } catch {
            effects.append(.event(.bookLost(symbol, error.at(dialect.id.rawValue, "book \(symbol)"))))
        }
    }
}
