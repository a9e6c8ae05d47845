import TradingCore

/// Market data. Source: docs-new, "WebSocket API", Spot public channels.
struct KuCoinPublicStream: StreamSession {
    private let dialect: KuCoinDialect
    private var connection: KuCoinConnection
    private var books: [String: KuCoinBook] = [:]
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
            if books[name]?.retry() == true, let symbol = dialect.symbol(name) { fetch(symbol, into: &effects) }
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
        let isPartial = dialect.bookSnapshot == .best100
        for name in topic.dropFirst(prefix.count).split(separator: ",").map(String.init) {
            guard let symbol = dialect.symbol(name) else { continue }
            if books[name, default: KuCoinBook(symbol, isPartial: isPartial)].retry() { fetch(symbol, into: &effects) }
        }
    }

    private mutating func receivedChanges(
        _ frame: KuCoinFrame, _ bytes: UnsafeRawBufferPointer, into effects: inout [StreamEffect]
    ) {
        guard let symbol = dialect.symbol(frame.name) else {
            let error = UnreadableAnswer("topic", expected: "a market", found: frame.name)
            effects.append(.event(.refused(frame.topic.rawValue, dialect.unreadable(frame.topic.rawValue, error))))
            return
        }
        let isPartial = dialect.bookSnapshot == .best100
        do {
            var scanner = try frame.data(of: bytes)
            let depth = try KuCoinDepth(&scanner)
            let (action, further) = books[frame.name, default: KuCoinBook(symbol, isPartial: isPartial)]
                .received(depth)
            carryOut(action, symbol, into: &effects)
            if case .fetch = further { fetch(symbol, into: &effects) }
        } catch {
            books[frame.name, default: KuCoinBook(symbol, isPartial: isPartial)].invalidate()
            effects.append(.event(.bookLost(symbol, dialect.unreadable(frame.topic.rawValue, error))))
            if books[frame.name]?.retry() == true { fetch(symbol, into: &effects) }
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
            books[name]?.fetchFailed()
            retries[name] = now &+ Self.retryDelay
            return
        }
        guard let action = books[name]?.fetched(book) else { return }
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
            effects.append(.event(.bookLost(symbol, error)))
        }
    }
}
