import TradingCore

/// A connection for market data. Books are subscribed anew when they are lost; a snapshot that does not come in time, or a
/// frame that makes no sense, ends the connection.
struct OKXPublicStream: StreamSession {
    /// Milliseconds that a snapshot may take.
    static let snapshotLimit: Int64 = 10_000
    /// Channels in one frame: a frame may have 4096 bytes.
    private static let channelsPerFrame = 40

    let url: String
    let silenceLimit: Int64 = 30_000
    private let dialect: OKXDialect
    private let channels: [OKXChannel]
    private var heartbeat = Heartbeat(interval: 15_000)
    /// By instrument.
    private var books = NameTable<OKXBookState>()
    private var snapshotDue: [String: Int64] = [:]

    /// - Parameter channels: either candles alone or none: those have an address of their own.
    init(_ dialect: OKXDialect, _ channels: [OKXChannel], url: String) {
        self.dialect = dialect
        self.channels = channels
        self.url = url
        for channel in channels where channel.isIncrementalBook {
            books.add(channel.instrument, OKXBookState(channel.symbol))
        }
    }

    var nextWake: Int64? {
        guard let ping = heartbeat.next else { return nil }
        return snapshotDue.values.min().map { min($0, ping) } ?? ping
    }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        heartbeat.heard(context.now)
        for instrument in books.names { snapshotDue[instrument] = context.now.saturatingAdd(Self.snapshotLimit) }
        for start in stride(from: 0, to: channels.count, by: Self.channelsPerFrame) {
            let part = channels[start..<min(start + Self.channelsPerFrame, channels.count)]
            effects.append(.send(OKXChannel.frame("subscribe", part.map(\.argument))))
        }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if heartbeat.isDue(now) { effects.append(.send("ping")) }
        let late = snapshotDue.filter { now >= $0.value }.map(\.key).sorted()
        guard !late.isEmpty else { return }
        snapshotDue = [:]
        effects.append(.reconnect(failure(.requestTimeout, "no snapshot of \(late.joined(separator: ", "))")))
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        heartbeat.heard(now)
        if frame.count == 4, frame.elementsEqual("pong".utf8) {
            effects.append(.event(.alive))
            return
        }
        do throws(OKXFrameError) {
            switch try OKXFrameParser.parse(frame) {
            case .books(let channel, let instrument, let isSnapshot, let states):
                if states.isEmpty { return }
                book(channel, instrument, isSnapshot, states.first, frame, now, &effects)
                for state in states.others { book(channel, instrument, isSnapshot, state, frame, now, &effects) }
            case .trades(let instrument, let trades):
                guard let symbol = symbol(of: instrument, frame) else { return unasked(&effects) }
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

    private mutating func book(
        _ channel: OKXBookChannel, _ instrument: JSONScanner.Text, _ isSnapshot: Bool, _ state: OKXBookFrame,
        _ frame: UnsafeRawBufferPointer, _ now: Int64, _ effects: inout [StreamEffect]
    ) {
        guard channel == .incremental else {
            guard let symbol = symbol(of: instrument, frame) else { return unasked(&effects) }
            let book = state.whole(symbol)
            effects.append(.event(channel == .best5 ? .book(book) : .bestPrices(ExchangeTicker(bestOf: book))))
            return
        }
        guard let place = books.place(of: instrument, in: JSONScanner(frame)) else { return unasked(&effects) }
        if isSnapshot { snapshotDue[books.names[place]] = nil }
        switch books.values[place].received(state, isSnapshot: isSnapshot) {
        case .nothing: break
        case .event(let event): effects.append(.event(event))
        case .lost(let failure): resubscribe(place, failure, now, &effects)
        }
    }

    private mutating func resubscribe(
        _ place: Int, _ failure: ExchangeFailure, _ now: Int64, _ effects: inout [StreamEffect]
    ) {
        let (instrument, symbol) = (books.names[place], books.values[place].symbol)
        books.values[place].lose()
        snapshotDue[instrument] = now.saturatingAdd(Self.snapshotLimit)
        let argument = OKXChannel(.book(symbol), instrument).argument
        effects.append(.event(.bookLost(symbol, failure)))
        effects.append(.send(OKXChannel.frame("unsubscribe", [argument])))
        effects.append(.send(OKXChannel.frame("subscribe", [argument])))
    }

    private mutating func unreadable(_ error: OKXFrameError, _ now: Int64, _ effects: inout [StreamEffect]) {
        let failure = failure(.badResponse, "unreadable frame: \(error.cause)")
        if let place = error.bookOf.flatMap({ books.place(of: $0) }) {
            return resubscribe(place, failure, now, &effects)
        }
        // Whose frame it was is unknown: no book can be trusted.
        for place in books.values.indices where books.values[place].isSynced {
            books.values[place].lose()
            effects.append(.event(.bookLost(books.values[place].symbol, failure)))
        }
        effects.append(.reconnect(failure))
    }

    // MARK: - The rest

    private mutating func other(_ value: JSONValue, _ effects: inout [StreamEffect]) {
        if let event = value.text("event") {
            if event == "error" { stopWaiting(value.text("msg") ?? "") }
            return OKXStreamEvent.tell(event, value, &effects)
        }
        guard let argument = value["arg"], let channel = argument.text("channel"), let rows = value["data"]?.elements,
            channel == "tickers" || OKXChannel.interval(channel) != nil
        else { return effects.append(.event(.unexplained(String(value.compactText.prefix(200))))) }
        do {
            for row in rows { effects.append(.event(try event(channel, argument.text("instId"), row))) }
        } catch {
            effects.append(.event(.refused(channel, failure(.badResponse, "\(error)"))))
        }
    }

    /// A book that was refused will not come; the refusal names it in its words alone.
    private mutating func stopWaiting(_ message: String) {
        for instrument in snapshotDue.keys where message.contains("instId:" + instrument + " ") {
            snapshotDue[instrument] = nil
        }
    }

    private func event(
        _ channel: String, _ instrument: String?, _ row: JSONValue
    ) throws(UnreadableAnswer) -> StreamEvent {
        if channel == "tickers" { return .ticker(try dialect.ticker(row)) }
        guard let interval = OKXChannel.interval(channel), let symbol = dialect.symbol(ofInstrument: instrument) else {
            throw UnreadableAnswer("channel", expected: "one that was asked for", found: channel)
        }
        return .candle(symbol, interval, try OKXDialect.candle(row))
    }

    /// A market that we do not list, or never asked for: nothing to tell, but the connection lives.
    private func unasked(_ effects: inout [StreamEffect]) { effects.append(.event(.alive)) }

    /// Of a market whose book is followed, or any other that we list.
    private func symbol(of instrument: JSONScanner.Text, _ frame: UnsafeRawBufferPointer) -> Symbol? {
        let scanner = JSONScanner(frame)
        if let place = books.place(of: instrument, in: scanner) { return books.values[place].symbol }
        return dialect.symbol(ofInstrument: try? scanner.unescaped(instrument))
    }

    private func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: "okx", endpoint: "public stream", message: message)
    }
}
