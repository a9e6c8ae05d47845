import TradingCore

/// Rolling statistics, as REST and the streams write them.
extension SpotRenderer {
    /// What a ticker is made of; all zero before the first trade.
    struct Rolling {
        let market: SpotMarket
        let candle: SpotCandle
        let opened: Timestamp
        let closed: Timestamp
        let bid: BookLevel?
        let ask: BookLevel?

        init(_ market: SpotMarket, seconds: Int64, now: Timestamp) {
            let start = CandleInterval.minute.start(of: now.advanced(byNanoseconds: -Nanoseconds.seconds(seconds)))
            self.init(market, from: start, now: now)
        }

        init(_ market: SpotMarket, from start: Timestamp, now: Timestamp) {
            self.market = market
            opened = start
            closed = now
            candle = market.candles.rolling(from: start) ?? SpotCandle(start: start, flat: 0)
            (bid, ask) = (market.best(.buy), market.best(.sell))
        }

        var change: FixedDecimal { market.decimal(candle.close - candle.open) }

        /// In percent, three decimals.
        var changePercent: String {
            guard candle.open != 0 else { return "0.000" }
            let thousandths = Int128(candle.close - candle.open) * 100_000 / Int128(candle.open)
            let magnitude = thousandths.magnitude
            let digits = String(magnitude % 1_000)
            return (thousandths < 0 ? "-" : "") + "\(magnitude / 1_000)."
                + String(repeating: "0", count: 3 - digits.count) + digits
        }

        var average: FixedDecimal {
            guard candle.volume > 0 else { return .zero }
            return market.decimal(Int64(candle.value.raw / Int128(candle.volume)))
        }

        func price(_ level: BookLevel?) -> JSON { .decimal(level.map { market.unit.decimal($0.price) } ?? .zero) }
        func quantity(_ level: BookLevel?) -> JSON { .decimal(level.map { market.unit.decimal($0.quantity) } ?? .zero) }
        var value: FixedDecimal { market.value(candle.value.raw) }
        var volume: FixedDecimal { market.amount(candle.volume) }
        var lastQuantity: FixedDecimal { market.tape.trades.last.map { market.unit.decimal($0.quantity) } ?? .zero }
    }

    private func times(_ rolling: Rolling) -> JSON {
        [
            "openTime": time(rolling.opened), "closeTime": time(rolling.closed),
            "firstId": .number(rolling.candle.firstTrade), "lastId": .number(rolling.candle.lastTrade),
            "count": .number(Int64(rolling.candle.trades)),
        ]
    }

    private func prices(_ rolling: Rolling) -> JSON {
        let market = rolling.market
        return [
            "openPrice": .decimal(market.decimal(rolling.candle.open)),
            "highPrice": .decimal(market.decimal(rolling.candle.high)),
            "lowPrice": .decimal(market.decimal(rolling.candle.low)),
            "lastPrice": .decimal(market.decimal(rolling.candle.close)), "volume": .decimal(rolling.volume),
            "quoteVolume": .decimal(rolling.value),
        ]
    }

    func miniTicker(_ rolling: Rolling) -> JSON {
        (["symbol": .text(rolling.market.name)] as JSON).adding(prices(rolling)).adding(times(rolling))
    }

    /// - Parameter isDay: with the best prices and what came before, as only the 24 hours' ticker has them.
    func ticker(_ rolling: Rolling, isDay: Bool) -> JSON {
        let head: JSON = [
            "symbol": .text(rolling.market.name), "priceChange": .decimal(rolling.change),
            "priceChangePercent": .text(rolling.changePercent), "weightedAvgPrice": .decimal(rolling.average),
        ]
        let day: JSON =
            isDay
            ? [
                "prevClosePrice": .decimal(rolling.market.decimal(rolling.candle.open)),
                "lastQty": .decimal(rolling.lastQuantity), "bidPrice": rolling.price(rolling.bid),
                "bidQty": rolling.quantity(rolling.bid), "askPrice": rolling.price(rolling.ask),
                "askQty": rolling.quantity(rolling.ask),
            ] : [:]
        return head.adding(day).adding(prices(rolling)).adding(times(rolling))
    }

    // MARK: - Streams

    func miniTickerEvent(_ rolling: Rolling) -> JSON {
        let market = rolling.market
        return [
            "e": .text("24hrMiniTicker"), "E": time(rolling.closed), "s": .text(market.name),
            "c": .decimal(market.decimal(rolling.candle.close)), "o": .decimal(market.decimal(rolling.candle.open)),
            "h": .decimal(market.decimal(rolling.candle.high)), "l": .decimal(market.decimal(rolling.candle.low)),
            "v": .decimal(rolling.volume), "q": .decimal(rolling.value),
        ]
    }

    func tickerEvent(_ rolling: Rolling) -> JSON {
        let market = rolling.market
        let head: JSON = [
            "e": .text("24hrTicker"), "E": time(rolling.closed), "s": .text(market.name),
            "p": .decimal(rolling.change), "P": .text(rolling.changePercent), "w": .decimal(rolling.average),
            "x": .decimal(market.decimal(rolling.candle.open)),
            "c": .decimal(market.decimal(rolling.candle.close)), "Q": .decimal(rolling.lastQuantity),
            "b": rolling.price(rolling.bid), "B": rolling.quantity(rolling.bid),
            "a": rolling.price(rolling.ask), "A": rolling.quantity(rolling.ask),
        ]
        return head.adding([
            "o": .decimal(market.decimal(rolling.candle.open)), "h": .decimal(market.decimal(rolling.candle.high)),
            "l": .decimal(market.decimal(rolling.candle.low)), "v": .decimal(rolling.volume),
            "q": .decimal(rolling.value), "O": time(rolling.opened), "C": time(rolling.closed),
            "F": .number(rolling.candle.firstTrade), "L": .number(rolling.candle.lastTrade),
            "n": .number(Int64(rolling.candle.trades)),
        ])
    }

    /// - Parameter name: of the event, `1hTicker`.
    func rollingEvent(_ rolling: Rolling, _ name: String) -> JSON {
        let (market, candle) = (rolling.market, rolling.candle)
        let head: JSON = [
            "e": .text(name), "E": time(rolling.closed), "s": .text(market.name), "p": .decimal(rolling.change),
            "P": .text(rolling.changePercent), "o": .decimal(market.decimal(candle.open)),
            "h": .decimal(market.decimal(candle.high)), "l": .decimal(market.decimal(candle.low)),
            "c": .decimal(market.decimal(candle.close)), "w": .decimal(rolling.average),
        ]
        return head.adding([
            "v": .decimal(rolling.volume), "q": .decimal(rolling.value), "O": time(rolling.opened),
            "C": time(rolling.closed), "F": .number(candle.firstTrade), "L": .number(candle.lastTrade),
            "n": .number(Int64(candle.trades)),
        ])
    }
}
