import Execution
import Scheduling
import TradingCore

/// What everybody may look at.
extension SpotExchange {
    func answer(
        _ operation: SpotOperation, _ renderer: SpotRenderer, _ reader: inout ParameterReader, _ connection: Int?
    ) throws(SpotError) -> JSON {
        switch operation {
        case .ping:
            try reader.finish()
            return [:]
        case .time:
            try reader.finish()
            return ["serverTime": renderer.time(time.now())]
        case .exchangeInfo: return try exchangeInfo(renderer, &reader)
        case .depth: return try depth(&reader)
        case .recentTrades, .historicalTrades: return try trades(operation, renderer, &reader)
        case .aggregateTrades: return try aggregateTrades(renderer, &reader)
        case .candles, .uiCandles: return try candles(renderer, &reader)
        case .averagePrice: return try averagePrice(renderer, &reader)
        case .dayTicker, .rollingTicker, .tradingDayTicker: return try tickers(operation, renderer, &reader)
        case .priceTicker, .bookTicker: return try prices(operation, &reader)
        case .systemStatus:
            try reader.finish()
            return ["status": .number(0), "msg": .text("normal")]
        case .unsubscribeAccount, .subscriptions, .sessionStatus, .logout, .subscribeSession:
            return try session(operation, &reader, connection)
        default: throw .badCombination
        }
    }

    private func market(_ reader: inout ParameterReader) throws(SpotError) -> SpotMarket {
        let name = try reader.required("symbol")
        guard name.utf8.count <= 20, name.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }) else {
            throw .illegal("symbol", "^[A-Z0-9-_.]{1,20}$")
        }
        return try core.market(name)
    }

    /// The symbols asked for, and whether one alone was.
    private func selection(
        _ reader: inout ParameterReader, needsOne: Bool = false
    ) throws(SpotError) -> (markets: [SpotMarket], isOne: Bool) {
        if reader.has("symbol"), reader.has("symbols") { throw .badCombination }
        if reader.has("symbol") { return ([try market(&reader)], true) }
        guard let names = try reader.list("symbols") else {
            if needsOne { throw .oneOf("symbol", "symbols") }
            return (core.markets, false)
        }
        var markets: [SpotMarket] = []
        for name in names { markets.append(try core.market(name)) }
        return (markets, false)
    }

    private func exchangeInfo(_ renderer: SpotRenderer, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let (markets, _) = try selection(&reader)
        let status = try reader.choice("symbolStatus", SymbolStatus.self)
        if status != nil, reader.has("symbol") || reader.has("symbols") { throw .badCombination }
        reader.skip("permissions", "showPermissionSets")
        try reader.finish()
        return [
            "timezone": .text("UTC"), "serverTime": renderer.time(time.now()), "rateLimits": limits.json,
            "exchangeFilters": [],
            "symbols": .list(
                markets.filter { status == nil || $0.shownStatus == status }.map { renderer.symbol($0) }),
        ]
    }

    private func depth(_ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let market = try market(&reader)
        let limit = try reader.limit(standard: 100, most: 5_000)
        reader.skip("symbolStatus")
        try reader.finish()
        // Every snapshot is where an update of the fast stream ends, so that a book kept from updates can be compared with it.
        market.settleDepth()
        tellDepth(market, .fast, core.now)
        return snapshot(market, limit: limit)
    }

    /// The book as it is, and the number of its newest change.
    func snapshot(_ market: SpotMarket, limit: Int) -> JSON {
        market.settleDepth()
        let renderer = SpotRenderer()
        return [
            "lastUpdateId": .number(market.depth.last),
            "bids": renderer.levels(market.engine.shownLevels(.buy, limit: limit), market),
            "asks": renderer.levels(market.engine.shownLevels(.sell, limit: limit), market),
        ]
    }

    private func trades(
        _ operation: SpotOperation, _ renderer: SpotRenderer, _ reader: inout ParameterReader
    ) throws(SpotError) -> JSON {
        let market = try market(&reader)
        let limit = try reader.limit(standard: 500, most: 1_000)
        let first = operation == .historicalTrades ? try reader.integer("fromId") : nil
        try reader.finish()
        let all = market.tape.trades
        let rows = first.map { first in Array(all.filter { $0.id >= first }.prefix(limit)) } ?? all.suffix(limit)
        return .list(rows.map { renderer.trade($0, market) })
    }

    private func aggregateTrades(_ renderer: SpotRenderer, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let market = try market(&reader)
        let first = try reader.integer("fromId")
        let (from, to) = (try reader.moment("startTime"), try reader.moment("endTime"))
        let limit = try reader.limit(standard: 500, most: 1_000)
        try reader.finish()
        if first != nil, from != nil || to != nil { throw .badCombination }
        let rows = market.tape.aggregates.filter { trade in
            (first.map { trade.id >= $0 } ?? true) && (from.map { trade.time >= $0 } ?? true)
                && (to.map { trade.time <= $0 } ?? true)
        }
        let takesOldest = first != nil || from != nil
        return .list((takesOldest ? rows.prefix(limit) : rows.suffix(limit)).map { renderer.aggregate($0, market) })
    }

    private func candles(_ renderer: SpotRenderer, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let market = try market(&reader)
        _ = try reader.required("interval")
        guard let interval = try reader.choice("interval", CandleInterval.self, or: .badInterval) else {
            throw .missing("interval")
        }
        let (from, to) = (try reader.moment("startTime"), try reader.moment("endTime"))
        let offset = try zone(&reader)
        let limit = try reader.limit(standard: 500, most: 1_000)
        try reader.finish()
        let (start, end) = (from ?? .distantPast, min(to ?? core.now, core.now))
        guard start <= end else { return [] }
        // The start of what is in the range counts, not what is before it.
        let lowest = max(start, Timestamp(nanoseconds: 0))
        guard lowest <= end else { return [] }
        let rows = market.candles.candles(
            interval, in: lowest...end, limit: limit, takesLatest: from == nil, offset: offset, now: core.now)
        return .list(
            rows.map { renderer.candle($0, end: interval.end(of: $0.start, offset: offset), market) })
    }

    /// `0`, `-1:00` or `05:45`: seconds ahead of UTC.
    private func zone(_ reader: inout ParameterReader) throws(SpotError) -> Int64 {
        guard let text = try reader.text("timeZone") else { return 0 }
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" || $0 == "+" }.split(separator: ":").map { Int64($0) }
        guard let first = parts.first, let hours = first, parts.count <= 2,
            let minutes = parts.count > 1 ? parts[1] : 0,
            (0...14).contains(hours), (0...59).contains(minutes)
        else { throw .badValue("timeZone") }
        let seconds = hours * 3_600 + minutes * 60
        return isNegative ? -seconds : seconds
    }

    private func averagePrice(_ renderer: SpotRenderer, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let market = try market(&reader)
        try reader.finish()
        return [
            "mins": .number(market.filters.averageMinutes),
            "price": .decimal(market.averagePrice(at: core.now) ?? .zero),
            "closeTime": renderer.time(market.tape.trades.last?.time ?? core.now),
        ]
    }

    private enum TickerType: String { case full = "FULL", mini = "MINI" }

    private func tickers(
        _ operation: SpotOperation, _ renderer: SpotRenderer, _ reader: inout ParameterReader
    ) throws(SpotError) -> JSON {
        let (markets, isOne) = try selection(&reader, needsOne: operation != .dayTicker)
        let isMini = try reader.choice("type", TickerType.self) == .mini
        let seconds = operation == .rollingTicker ? try window(&reader) : 86_400
        let offset = operation == .tradingDayTicker ? try zone(&reader) : 0
        reader.skip("symbolStatus")
        try reader.finish()
        let rows = markets.map { market -> JSON in
            let rolling =
                operation == .tradingDayTicker
                ? SpotRenderer.Rolling(
                    market, from: CandleInterval.day.start(of: core.now, offset: offset), now: core.now)
                : SpotRenderer.Rolling(market, seconds: seconds, now: core.now)
            return isMini
                ? renderer.miniTicker(rolling) : renderer.ticker(rolling, isDay: operation == .dayTicker)
        }
        return isOne ? rows.first ?? [] : .list(rows)
    }

    /// `1m` to `59m`, `1h` to `23h`, `1d` to `7d`, in seconds.
    private func window(_ reader: inout ParameterReader) throws(SpotError) -> Int64 {
        guard let text = try reader.text("windowSize") else { return 86_400 }
        let units: [Character: (seconds: Int64, most: Int64)] = ["m": (60, 59), "h": (3_600, 23), "d": (86_400, 7)]
        guard let letter = text.last, let unit = units[letter], let count = Int64(text.dropLast()),
            (1...unit.most).contains(count)
        else { throw .badValue("windowSize") }
        return count * unit.seconds
    }

    private func prices(_ operation: SpotOperation, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let (markets, isOne) = try selection(&reader)
        reader.skip("symbolStatus")
        try reader.finish()
        let rows = markets.map { market -> JSON in
            let name: JSON = ["symbol": .text(market.name)]
            if operation == .priceTicker { return name.adding(["price": .decimal(market.lastPrice ?? .zero)]) }
            let (bid, ask) = (market.best(.buy), market.best(.sell))
            func price(_ level: BookLevel?) -> JSON { .decimal(level.map { market.unit.decimal($0.price) } ?? .zero) }
            func quantity(_ level: BookLevel?) -> JSON {
                .decimal(level.map { market.unit.decimal($0.quantity) } ?? .zero)
            }
            return name.adding([
                "bidPrice": price(bid), "bidQty": quantity(bid), "askPrice": price(ask), "askQty": quantity(ask),
            ])
        }
        return isOne ? rows.first ?? [] : .list(rows)
    }
}
