import TradingCore

/// The streams' messages as our types, by their field numbers.
///
/// Source: github.com/mexcdevelop/websocket-proto.
enum MEXCStreamMessages {
    /// Fields of a message by number, texts and numbers; what comes twice counts the last time.
    struct Fields {
        private var texts: [Int: UnsafeRawBufferPointer] = [:]
        private var numbers: [Int: Int64] = [:]

        init(_ content: UnsafeRawBufferPointer) throws(ProtobufError) {
            var reader = ProtobufReader(content)
            while let (number, wire) = try reader.nextField() {
                switch wire {
                case .bytes: texts[number] = try reader.content()
                case .varint: numbers[number] = try reader.integer()
                case .fixed32, .fixed64: try reader.skip(wire)
                }
            }
        }

        func text(_ number: Int) throws(UnreadableAnswer) -> String? {
            guard let bytes = texts[number], !bytes.isEmpty else { return nil }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw UnreadableAnswer("field \(number)", expected: "valid UTF-8", found: "\(bytes.count) bytes")
            }
            return text
        }

        func decimal(_ number: Int) throws(UnreadableAnswer) -> FixedDecimal? {
            try JSONValue.decimal(try text(number).map { .string($0) }, "field \(number)")
        }

        func required(_ number: Int) throws(UnreadableAnswer) -> FixedDecimal {
            guard let value = try decimal(number) else {
                throw UnreadableAnswer("field \(number)", expected: "a number", found: "nothing")
            }
            return value
        }

        func integer(_ number: Int) -> Int64? { numbers[number] }
    }

    // MARK: - Market

    /// 1 deals: 1 price, 2 quantity, 3 side of the taker, 4 time.
    static func deals(_ content: UnsafeRawBufferPointer, _ symbol: Symbol) throws -> [ExchangeTrade] {
        var reader = ProtobufReader(content)
        var trades: [ExchangeTrade] = []
        while let (number, wire) = try reader.nextField() {
            guard number == 1 else {
                try reader.skip(wire)
                continue
            }
            try reader.expect(wire, .bytes)
            trades.append(try deal(try reader.content(), symbol))
        }
        return trades
    }

    private static func deal(_ content: UnsafeRawBufferPointer, _ symbol: Symbol) throws -> ExchangeTrade {
        var reader = ProtobufReader(content)
        var trade = ExchangeTrade(symbol: symbol, liquidity: .taker)
        while let (number, wire) = try reader.nextField() {
            switch number {
            case 1:
                try reader.expect(wire, .bytes)
                trade.price = try reader.decimal()
            case 2:
                try reader.expect(wire, .bytes)
                trade.amount = try reader.decimal()
            case 3:
                try reader.expect(wire, .varint)
                trade.side = side(try reader.integer())
            case 4:
                try reader.expect(wire, .varint)
                trade.time = try reader.integer()
            default: try reader.skip(wire)
            }
        }
        guard let price = trade.price, let amount = trade.amount, price.isPositive, amount.isPositive else {
            throw UnreadableAnswer("deal", expected: "a price and an amount", found: "another")
        }
        return try trade.completed()
    }

    /// 1 bid, 2 its quantity, 3 ask, 4 its quantity; an empty side has no price or 0.
    static func bookTicker(
        _ content: UnsafeRawBufferPointer, _ symbol: Symbol, _ time: Int64?
    ) throws -> ExchangeTicker {
        var reader = ProtobufReader(content)
        var ticker = ExchangeTicker(symbol: symbol, time: time)
        while let (number, wire) = try reader.nextField() {
            guard (1...4).contains(number) else {
                try reader.skip(wire)
                continue
            }
            try reader.expect(wire, .bytes)
            let value = Derived.nonZero(try reader.decimal())
            switch number {
            case 1: ticker.bid = value
            case 2: ticker.bidAmount = value
            case 3: ticker.ask = value
            default: ticker.askAmount = value
            }
        }
        return ticker
    }

    /// 2 price, 3 change as a fraction, 5 high, 6 low, 7 volume in quote, 8 in base.
    static func miniTicker(
        _ content: UnsafeRawBufferPointer, _ market: ExchangeMarket, _ time: Int64?
    ) throws -> ExchangeTicker {
        let fields = try Fields(content)
        var ticker = ExchangeTicker(symbol: market.symbol, time: time)
        ticker.last = try fields.decimal(2)
        if let rate = try fields.decimal(3) { ticker.percentage = try Derived.product(rate, "100", "rate") }
        ticker.high = try fields.decimal(5)
        ticker.low = try fields.decimal(6)
        ticker.quoteVolume = try fields.decimal(7)
        ticker.baseVolume = try fields.decimal(8)
        return try ticker.completed(market)
    }

    /// 1 interval, 2 start in seconds, 3 open, 4 close, 5 high, 6 low, 7 volume.
    static func candle(_ content: UnsafeRawBufferPointer) throws -> (interval: CandleInterval, candle: ExchangeCandle)?
    {
        let fields = try Fields(content)
        guard let interval = intervals.first(where: { $0.value == (try? fields.text(1)) })?.key else { return nil }
        guard let start = fields.integer(2), (0...9_000_000_000_000).contains(start) else {
            throw UnreadableAnswer("start", expected: "seconds since 1970", found: "another")
        }
        let candle = ExchangeCandle(
            time: start * 1_000, open: try fields.decimal(3), high: try fields.decimal(5), low: try fields.decimal(6),
            close: try fields.decimal(4), volume: try fields.decimal(7))
        return (interval, candle)
    }

    static let intervals: [CandleInterval: String] = [
        .oneMinute: "Min1", .fiveMinutes: "Min5", .fifteenMinutes: "Min15", .thirtyMinutes: "Min30",
        .oneHour: "Min60", .fourHours: "Hour4", .eightHours: "Hour8", .oneDay: "Day1", .oneWeek: "Week1",
        .oneMonth: "Month1",
    ]

    static func side(_ number: Int64?) -> Side? {
        switch number {
        case 1: .buy
        case 2: .sell
        default: nil
        }
    }

    // MARK: - Account

    /// 1 id, 2 our id, 3 price, 4 quantity, 6 average, 7 type, 8 side, 11 remaining, 13 filled, 14 filled in quote,
    /// 15 status, 16 created, 19 trigger.
    static func order(_ envelope: MEXCEnvelope, _ symbol: Symbol?) throws -> ExchangeOrder {
        let fields = try Fields(envelope.content)
        guard let id = try fields.text(1) else {
            throw UnreadableAnswer("order", expected: "an id", found: "nothing")
        }
        var order = ExchangeOrder(
            id: id, clientOrderID: try fields.text(2), symbol: symbol, side: side(fields.integer(8)),
            price: try fields.decimal(3), triggerPrice: Derived.nonZero(try fields.decimal(19)),
            amount: try fields.decimal(4), filled: try fields.decimal(13), remaining: try fields.decimal(11),
            cost: try fields.decimal(14), average: try fields.decimal(6), status: state(fields.integer(15)),
            createdAt: fields.integer(16), updatedAt: envelope.sentAt ?? envelope.createdAt)
        switch fields.integer(7) {
        case 1: (order.type, order.timeInForce) = (.limit, .goodTillCancelled)
        case 2: (order.type, order.timeInForce) = (.limit, .postOnly)
        case 3: (order.type, order.timeInForce) = (.limit, .immediateOrCancel)
        case 4: (order.type, order.timeInForce) = (.limit, .fillOrKill)
        case 5: order.type = .market
        case let other: order.type = other.map { .other(String($0)) }
        }
        if let told = order.timeInForce { order.isPostOnly = told == .postOnly }
        return try order.completed()
    }

    private static func state(_ number: Int64?) -> OrderState? {
        switch number {
        case 1, 3: .open
        case 2: .closed
        case 4, 5: .cancelled
        case let other: other.map { .other(String($0)) }
        }
    }

    /// 1 price, 2 quantity, 3 amount in quote, 4 side, 5 maker, 7 trade, 8 our id, 9 order, 10 fee, 11 its currency, 12 time.
    static func fill(_ content: UnsafeRawBufferPointer, _ symbol: Symbol?) throws -> ExchangeTrade {
        let fields = try Fields(content)
        guard let id = try fields.text(7) else {
            throw UnreadableAnswer("fill", expected: "a trade id", found: "nothing")
        }
        var fees: [ExchangeFee] = []
        if let fee = try fields.decimal(10) {
            fees = [ExchangeFee(cost: fee, asset: try fields.text(11).map(MEXCDialect.asset))]
        }
        return try ExchangeTrade(
            id: id, orderID: fields.text(9), clientOrderID: fields.text(8), symbol: symbol,
            side: side(fields.integer(4)), price: fields.required(1), amount: fields.required(2),
            cost: fields.decimal(3), liquidity: fields.integer(5) == 1 ? .maker : .taker, fees: fees,
            time: fields.integer(12)
        ).completed()
    }

    /// 1 asset, 3 free, 5 locked, 8 time.
    static func balance(_ envelope: MEXCEnvelope) throws -> ExchangeBalances {
        let fields = try Fields(envelope.content)
        guard let code = try fields.text(1) else {
            throw UnreadableAnswer("account", expected: "an asset", found: "nothing")
        }
        let balance = try ExchangeBalance(
            asset: MEXCDialect.asset(code), free: try fields.required(3), used: try fields.decimal(5) ?? .zero)
        return ExchangeBalances([balance], time: fields.integer(8) ?? envelope.createdAt)
    }
}
