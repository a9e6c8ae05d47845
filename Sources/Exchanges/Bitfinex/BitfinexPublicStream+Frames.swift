import TradingCore

extension BitfinexPublicStream {
    /// `[channel, payload, sequence, time]` or `[channel, "kind", payload, sequence, time]`; the last two where asked for.
    mutating func receive(
        _ index: Int, _ scanner: inout JSONScanner, _ frame: UnsafeRawBufferPointer, _ now: Int64,
        into effects: inout [StreamEffect]
    ) throws {
        guard try scanner.nextElement() else { throw scanner.error(.value) }
        if scanner.peek() == UInt8(ascii: "\"") {
            try receiveNamed(index, &scanner, now, into: &effects)
            return
        }
        if case .book(let state) = channels[index].content {
            if state == .leaving {
                try scanner.skipValue()
                _ = try trailer(&scanner)
            } else {
                try receiveRows(index, &scanner, now, into: &effects)
            }
            return
        }
        let start = scanner.offset
        try scanner.skipValue()
        let payload = try JSONValue(utf8: UnsafeRawBufferPointer(rebasing: frame[start..<scanner.offset]))
        let time = try trailer(&scanner)
        try receivePayload(index, payload, time, into: &effects)
    }

    // MARK: - Named

    private mutating func receiveNamed(
        _ index: Int, _ scanner: inout JSONScanner, _ now: Int64, into effects: inout [StreamEffect]
    ) throws {
        let name = try scanner.string()
        if scanner.matches(name, "hb") {
            _ = try trailer(&scanner)
            effects.append(.event(.alive))
        } else if scanner.matches(name, "cs") {
            guard try scanner.nextElement() else { throw scanner.error(.integer) }
            let sum = try scanner.integer()
            _ = try trailer(&scanner)
            check(index, sum, now, into: &effects)
        } else if scanner.matches(name, "te"), case .trades = channels[index].content {
            guard try scanner.nextElement() else { throw scanner.error(.array) }
            let trade = try readTrade(&scanner, channels[index].symbol)
            _ = try trailer(&scanner)
            effects.append(.event(.trade(trade)))
        } else {
            // `tu` repeats what `te` said.
            if try scanner.nextElement() { try scanner.skipValue() }
            _ = try trailer(&scanner)
            effects.append(.event(.alive))
        }
    }

    private mutating func check(_ index: Int, _ sum: Int64, _ now: Int64, into effects: inout [StreamEffect]) {
        guard case .book(.live) = channels[index].content else { return }
        let ours = channels[index].book.checksum()
        guard Int64(ours) != sum else { return }
        leave(
            index, ExchangeFailure(.checksumError, message: "checksum \(ours) of ours is not \(sum)"), now,
            into: &effects)
    }

    private func readTrade(_ scanner: inout JSONScanner, _ symbol: Symbol) throws -> ExchangeTrade {
        try scanner.beginArray()
        guard try scanner.nextElement() else { throw scanner.error(.integer) }
        let id = try scanner.integer()
        guard try scanner.nextElement() else { throw scanner.error(.integer) }
        let time = try scanner.integer()
        guard try scanner.nextElement() else { throw scanner.error(.number) }
        let amount = try FixedDecimal(feed: scanner.content(of: try scanner.number()))
        guard try scanner.nextElement() else { throw scanner.error(.number) }
        let price = try FixedDecimal(feed: scanner.content(of: try scanner.number()))
        while try scanner.nextElement() { try scanner.skipValue() }
        return try ExchangeTrade(
            id: String(id), symbol: symbol, side: amount.isNegative ? .sell : .buy, price: price,
            amount: BitfinexMapping.magnitude(amount), time: time
        ).completed()
    }

    // MARK: - Books

    private mutating func receiveRows(
        _ index: Int, _ scanner: inout JSONScanner, _ now: Int64, into effects: inout [StreamEffect]
    ) throws {
        guard case .book(let state) = channels[index].content else { return }
        do {
            var ahead = scanner
            try ahead.beginArray()
            let first = ahead.peek()
            if first == UInt8(ascii: "[") || first == UInt8(ascii: "]") {
                try receiveWhole(index, &scanner, into: &effects)
            } else {
                guard state == .live else {
                    throw UnreadableAnswer("book", expected: "a whole book first", found: "a change")
                }
                try receiveChange(index, &scanner, into: &effects)
            }
        } catch let error as LostSequence {
            throw error
        } catch {
            leave(index, ExchangeFailure(.badResponse, message: "\(error)"), now, into: &effects)
        }
    }

    private mutating func receiveWhole(
        _ index: Int, _ scanner: inout JSONScanner, into effects: inout [StreamEffect]
    ) throws {
        var book = BitfinexBook(isOrders: channels[index].book.isOrders)
        try scanner.beginArray()
        while try scanner.nextElement() { try book.place(BitfinexBook.Row(&scanner, isOrders: book.isOrders)) }
        let time = try trailer(&scanner)
        let whole = try book.whole(channels[index].symbol, time: time)
        channels[index].book = book
        channels[index].content = .book(.live)
        effects.append(.event(.book(whole)))
    }

    private mutating func receiveChange(
        _ index: Int, _ scanner: inout JSONScanner, into effects: inout [StreamEffect]
    ) throws {
        var change = BitfinexBook.Change()
        let row = try BitfinexBook.Row(&scanner, isOrders: channels[index].book.isOrders)
        try channels[index].book.apply(row, into: &change)
        let time = try trailer(&scanner)
        effects.append(
            .event(
                .bookChange(
                    BookChange(symbol: channels[index].symbol, bids: change.bids, asks: change.asks, time: time))))
    }

    // MARK: - Tickers, trades and candles

    private mutating func receivePayload(
        _ index: Int, _ payload: JSONValue, _ time: Int64?, into effects: inout [StreamEffect]
    ) throws {
        let (symbol, market) = (channels[index].symbol, channels[index].market)
        switch channels[index].content {
        case .ticker:
            let ticker = try BitfinexMapping.ticker(payload, from: 0, market, time: time)
            let isOnlyBest = wanted.contains(.bestPrices(symbol)) && !wanted.contains(.ticker(symbol))
            if !isOnlyBest { effects.append(.event(.ticker(ticker))) }
            if wanted.contains(.bestPrices(symbol)) { effects.append(.event(.bestPrices(ticker))) }
        case .trades:
            // The newest first.
            for row in try payload.list(named: "trades").reversed() {
                effects.append(.event(.trade(try BitfinexMapping.trade(row, symbol))))
            }
        case .candles(let interval):
            let rows = try payload.list(named: "candles")
            let candles = rows.first?.elements == nil ? (rows.isEmpty ? [] : [payload]) : rows.reversed()
            for row in candles {
                effects.append(.event(.candle(symbol, interval, try BitfinexMapping.candle(row))))
            }
        case .book, .other:
            effects.append(.event(.alive))
        }
    }

    // MARK: - The end of a frame

    /// Reads what follows the payload: the message's number and its time, told apart by their size.
    /// - Returns: the time, milliseconds since 1970.
    /// - Throws: ``LostSequence`` when a number is missing.
    mutating func trailer(_ scanner: inout JSONScanner) throws -> Int64? {
        var time: Int64?
        var sequence: Int64?
        while try scanner.nextElement() {
            guard scanner.peek() == UInt8(ascii: "-") || (48...57).contains(scanner.peek()) else {
                try scanner.skipValue()
                continue
            }
            let number = try scanner.integer()
            if number >= 1_000_000_000_000 { time = number } else if sequence == nil { sequence = number }
        }
        try scanner.finish()
        if let sequence {
            if let lastSequence, sequence != lastSequence &+ 1 {
                throw LostSequence(expected: lastSequence &+ 1, found: sequence)
            }
            lastSequence = sequence
        }
        return time
    }

    struct LostSequence: Error, CustomStringConvertible {
        var expected: Int64
        var found: Int64
        var description: String { "expected message \(expected), got \(found)" }
    }
}
