import TradingCore

/// One stretch of a market's trading, counted exactly.
struct SpotCandle: Hashable, Codable, Sendable {
    var start: Timestamp
    var open: Int64
    var high: Int64
    var low: Int64
    var close: Int64
    /// In lots, and in ticks × lots; as texts in a store, since JSON readers know no 128 bits.
    var volume: Int64 = 0
    var value: Wide = Wide(0)
    var takerBuyVolume: Int64 = 0
    var takerBuyValue: Wide = Wide(0)
    var trades = 0
    var firstTrade: Int64 = -1
    var lastTrade: Int64 = -1

    struct Wide: Hashable, Codable, Sendable {
        var raw: Int128

        init(_ raw: Int128) { self.raw = raw }

        init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            raw = Int128(text) ?? 0
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode("\(raw)")
        }
    }

    /// Nothing traded: all at the last price.
    init(start: Timestamp, flat ticks: Int64) {
        self.start = start
        (open, high, low, close) = (ticks, ticks, ticks, ticks)
    }

    mutating func add(_ trade: PublicTrade) {
        let ticks = trade.price.ticks
        if trades == 0 { (open, high, low) = (ticks, ticks, ticks) }
        (high, low, close) = (max(high, ticks), min(low, ticks), ticks)
        let worth = Int128(ticks) &* Int128(trade.quantity.lots)
        volume &+= trade.quantity.lots
        value.raw &+= worth
        if !trade.isBuyerMaker {
            takerBuyVolume &+= trade.quantity.lots
            takerBuyValue.raw &+= worth
        }
        trades += 1
        if firstTrade < 0 { firstTrade = trade.id }
        lastTrade = trade.id
    }

    /// The stretch that follows, counted into this one.
    mutating func merge(_ later: SpotCandle) {
        if trades == 0, later.trades > 0 { (open, high, low) = (later.open, later.high, later.low) }
        if later.trades > 0 { (high, low) = (max(high, later.high), min(low, later.low)) }
        close = later.close
        volume &+= later.volume
        value.raw &+= later.value.raw
        takerBuyVolume &+= later.takerBuyVolume
        takerBuyValue.raw &+= later.takerBuyValue.raw
        trades += later.trades
        if firstTrade < 0 { firstTrade = later.firstTrade }
        if later.lastTrade >= 0 { lastTrade = later.lastTrade }
    }
}

/// One market's candles: seconds of the last hour and minutes of the last weeks, of which all others are made.
struct SpotCandles: Sendable {
    private static let keptSeconds = 3_600
    private static let keptMinutes = 20_160

    private(set) var minutes: [SpotCandle] = []
    private var seconds: [SpotCandle] = []

    init(minutes: [SpotCandle] = []) { self.minutes = minutes }

    mutating func add(_ trade: PublicTrade) {
        Self.add(trade, to: &seconds, .second, keeping: Self.keptSeconds)
        Self.add(trade, to: &minutes, .minute, keeping: Self.keptMinutes)
    }

    private static func add(
        _ trade: PublicTrade, to series: inout [SpotCandle], _ interval: CandleInterval, keeping kept: Int
    ) {
        let start = interval.start(of: trade.time)
        if series.last.map({ $0.start < start }) ?? true {
            series.append(SpotCandle(start: start, flat: trade.price.ticks))
            if series.count > 2 * kept { series.removeFirst(kept) }
        }
        series[series.count - 1].add(trade)
    }

    /// Candles of one length, oldest first, stretches without a trade filled in.
    /// - Parameters:
    ///   - range: of starts.
    ///   - takesLatest: whether the end of the range matters more than its start.
    func candles(
        _ interval: CandleInterval, in range: ClosedRange<Timestamp>, limit: Int, takesLatest: Bool, offset: Int64 = 0,
        now: Timestamp
    ) -> [SpotCandle] {
        let series = interval == .second ? seconds : minutes
        guard limit > 0, let first = series.first else { return [] }
        let current = interval.start(of: now, offset: offset)
        let oldest = interval.start(of: first.start, offset: offset)
        let newest = min(current, interval.start(of: range.upperBound, offset: offset))
        var start = max(oldest, interval.start(of: range.lowerBound, offset: offset))
        if start < range.lowerBound { start = interval.end(of: start, offset: offset) }
        if takesLatest { start = max(start, Self.back(limit - 1, from: newest, interval, offset)) }
        guard start <= newest else { return [] }
        var index = Self.firstIndex(series, from: start)
        var price = index > 0 ? series[index - 1].close : first.open
        var result: [SpotCandle] = []
        while start <= newest, result.count < limit {
            let end = interval.end(of: start, offset: offset)
            var candle = SpotCandle(start: start, flat: price)
            while index < series.count, series[index].start < end {
                candle.merge(series[index])
                index += 1
            }
            price = candle.close
            result.append(candle)
            start = end
        }
        return result
    }

    private static func back(
        _ count: Int, from start: Timestamp, _ interval: CandleInterval, _ offset: Int64
    ) -> Timestamp {
        var start = start
        for _ in 0..<count { start = interval.start(of: start.advanced(byNanoseconds: -1), offset: offset) }
        return start
    }

    private static func firstIndex(_ series: [SpotCandle], from start: Timestamp) -> Int {
        var (low, high) = (0, series.count)
        while low < high {
            let middle = (low + high) / 2
            if series[middle].start < start { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// All trading of a stretch that ends now, as one candle; nil when there never was a trade.
    func rolling(from start: Timestamp) -> SpotCandle? {
        guard let first = minutes.first else { return nil }
        let index = Self.firstIndex(minutes, from: start)
        let before = index > 0 ? minutes[index - 1].close : first.open
        var sum = SpotCandle(start: index < minutes.count ? minutes[index].start : start, flat: before)
        for candle in minutes[index...] { sum.merge(candle) }
        return sum
    }

    /// The volume-weighted average of the last minutes in whole-minute steps, in ticks rounded down.
    func average(minutes count: Int64, at now: Timestamp) -> Int64? {
        let start = CandleInterval.minute.start(of: now).advanced(
            byNanoseconds: -(count - 1) * 60 * Nanoseconds.perSecond)
        var (value, volume): (Int128, Int128) = (0, 0)
        for candle in minutes.reversed() {
            if candle.start < start { break }
            value += candle.value.raw
            volume += Int128(candle.volume)
        }
        return volume == 0 ? nil : Int64(value / volume)
    }

    var lastPrice: Int64? { minutes.last?.close }
}
