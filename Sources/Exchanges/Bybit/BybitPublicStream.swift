import TradingCore

/// A connection for market data. Books are subscribed anew when they are lost; a snapshot that does not come in time, or a
/// frame that makes no sense, ends the connection.
struct BybitPublicStream: StreamSession {
    /// Milliseconds that a snapshot may take.
    static let snapshotLimit: Int64 = 10_000
    /// Spot takes ten topics in one frame.
    private static let topicsPerFrame = 10

    let url: String
    let silenceLimit: Int64 = 30_000
    private let dialect: BybitDialect
    private let topics: [BybitTopic]
    private var heartbeat = Heartbeat(interval: 20_000)
    /// By topic.
    private var books = NameTable<BybitBookState>()
    /// Of the topics that were asked for.
    private var symbols = NameTable<Symbol>()
    private var snapshotDue: [String: Int64] = [:]

    init(_ dialect: BybitDialect, _ topics: [BybitTopic], url: String) {
        self.dialect = dialect
        self.topics = topics
        self.url = url
        for topic in topics {
            symbols.add(topic.name, topic.symbol)
            guard topic.isBook else { continue }
            books.add(topic.name, BybitBookState(topic.symbol, isBestOnly: topic.name.hasPrefix("orderbook.1.")))
        }
    }

    var nextWake: Int64? {
        guard let ping = heartbeat.next else { return nil }
        return snapshotDue.values.min().map { min($0, ping) } ?? ping
    }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        heartbeat.heard(context.now)
        for topic in books.names { snapshotDue[topic] = context.now.saturatingAdd(Self.snapshotLimit) }
        for start in stride(from: 0, to: topics.count, by: Self.topicsPerFrame) {
            let part = topics[start..<min(start + Self.topicsPerFrame, topics.count)].map(\.name)
            effects.append(.send(BybitTopic.frame("subscribe", part, id: part.joined(separator: " "))))
        }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if heartbeat.isDue(now) { effects.append(.send(BybitTopic.ping)) }
        let late = snapshotDue.filter { now >= $0.value }.map(\.key).sorted()
        guard !late.isEmpty else { return }
        snapshotDue = [:]
        effects.append(.reconnect(failure(.requestTimeout, "no snapshot of \(late.joined(separator: ", "))")))
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        do throws(BybitFrameError) {
            switch try BybitFrameParser.parse(frame) {
            case .book(let topic, let isSnapshot, let time, let state):
                guard let place = book(of: topic, frame) else { return effects.append(.event(.alive)) }
                book(place, isSnapshot, time, state, now, &effects)
            case .trades(let topic, let trades):
                guard let symbol = symbol(of: topic, frame) else { return effects.append(.event(.alive)) }
                for var trade in trades {
                    trade.symbol = symbol
                    effects.append(.event(.trade(trade)))
                }
            case .other(let value): other(value, &effects)
            }
        } catch {
            unreadable(error, now, &effects)
        }
    }

    // MARK: - Books

    private func symbol(of topic: JSONScanner.Text, _ frame: UnsafeRawBufferPointer) -> Symbol? {
        let scanner = JSONScanner(frame)
        if let place = symbols.place(of: topic, in: scanner) { return symbols.values[place] }
        return (try? scanner.unescaped(topic)).flatMap { dialect.symbol(ofMarket: BybitTopic.market($0)) }
    }

    private mutating func book(of topic: JSONScanner.Text, _ frame: UnsafeRawBufferPointer) -> Int? {
        let scanner = JSONScanner(frame)
        if let place = books.place(of: topic, in: scanner) { return place }
        // Another depth of a market that we list, subscribed by somebody who knows why.
        guard let name = try? scanner.unescaped(topic), let symbol = symbol(of: topic, frame) else { return nil }
        return books.add(name, BybitBookState(symbol, isBestOnly: name.hasPrefix("orderbook.1.")))
    }

    private mutating func book(
        _ place: Int, _ isSnapshot: Bool, _ time: Int64, _ frame: BybitBookFrame, _ now: Int64,
        _ effects: inout [StreamEffect]
    ) {
        let outcome = books.values[place].received(frame, isSnapshot: isSnapshot, time: time)
        if !snapshotDue.isEmpty, books.values[place].isSynced { snapshotDue[books.names[place]] = nil }
        switch outcome {
        case .nothing: break
        case .event(let event): effects.append(.event(event))
        case .lost(let failure): resubscribe(place, failure, now, &effects)
        }
    }

    private mutating func resubscribe(
        _ place: Int, _ failure: ExchangeFailure, _ now: Int64, _ effects: inout [StreamEffect]
    ) {
        let (topic, state) = (books.names[place], books.values[place])
        books.values[place].lose()
        snapshotDue[topic] = now.saturatingAdd(Self.snapshotLimit)
        if !state.isBestOnly { effects.append(.event(.bookLost(state.symbol, failure))) }
        effects.append(.send(BybitTopic.frame("unsubscribe", [topic], id: topic)))
        effects.append(.send(BybitTopic.frame("subscribe", [topic], id: topic)))
    }

    private mutating func unreadable(_ error: BybitFrameError, _ now: Int64, _ effects: inout [StreamEffect]) {
        let failure = failure(.badResponse, "unreadable frame: \(error.cause)")
        if let place = error.bookTopic.flatMap({ books.place(of: $0) }) {
            return resubscribe(place, failure, now, &effects)
        }
        // Whose frame it was is unknown: no book can be trusted.
        for place in books.values.indices where books.values[place].isSynced {
            books.values[place].lose()
            let state = books.values[place]
            if !state.isBestOnly { effects.append(.event(.bookLost(state.symbol, failure))) }
        }
        effects.append(.reconnect(failure))
    }

    // MARK: - The rest

    private mutating func other(_ value: JSONValue, _ effects: inout [StreamEffect]) {
        guard let topic = value.text("topic") else {
            if value.bool("success") == false {
                // Books that were refused will not come.
                for refused in (value.text("req_id") ?? "").split(separator: " ") { snapshotDue[String(refused)] = nil }
            }
            return BybitStreamAnswer.tell(value, &effects)
        }
        guard topic.hasPrefix("tickers.") || BybitTopic.interval(topic) != nil else {
            return effects.append(.event(.unexplained(String(value.compactText.prefix(200)))))
        }
        do {
            let events = try events(topic, value)
            effects += events.map { .event($0) }
        } catch {
            effects.append(.event(.refused(topic, failure(.badResponse, "\(error)"))))
        }
    }

    private func events(_ topic: String, _ value: JSONValue) throws(UnreadableAnswer) -> [StreamEvent] {
        let data = value["data"] ?? .null
        if topic.hasPrefix("tickers.") { return [.ticker(try dialect.ticker(data, try value.integer("ts")))] }
        guard let interval = BybitTopic.interval(topic),
            let symbol = dialect.symbol(ofMarket: BybitTopic.market(topic))
        else { throw UnreadableAnswer("topic", expected: "one that was asked for", found: topic) }
        var events: [StreamEvent] = []
        for row in try data.list(named: "data") {
            guard let start = try row.integer("start") else {
                throw UnreadableAnswer("start", expected: "a time", found: row.compactText)
            }
            let candle = ExchangeCandle(
                time: start, open: try row.decimal("open"), high: try row.decimal("high"), low: try row.decimal("low"),
                close: try row.decimal("close"), volume: try row.decimal("volume"))
            events.append(.candle(symbol, interval, candle))
        }
        return events
    }

    private func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: "bybit", endpoint: "public stream", message: message)
    }
}
