import TradingCore

/// What streams tell.
extension SpotRenderer {
    func depth(_ update: DepthCounter.Update, _ market: SpotMarket, at now: Timestamp) -> JSON {
        [
            "e": .text("depthUpdate"), "E": time(now), "s": .text(market.name), "U": .number(update.first),
            "u": .number(update.last), "b": levels(update.bids, market), "a": levels(update.asks, market),
        ]
    }

    func bookTicker(_ market: SpotMarket, _ bid: BookLevel?, _ ask: BookLevel?) -> JSON {
        func price(_ level: BookLevel?) -> JSON { .decimal(level.map { market.unit.decimal($0.price) } ?? .zero) }
        func quantity(_ level: BookLevel?) -> JSON { .decimal(level.map { market.unit.decimal($0.quantity) } ?? .zero) }
        return [
            "u": .number(market.depth.last), "s": .text(market.name), "b": price(bid), "B": quantity(bid),
            "a": price(ask), "A": quantity(ask),
        ]
    }

    func tradeEvent(_ trade: PublicTrade, _ market: SpotMarket, at now: Timestamp) -> JSON {
        [
            "e": .text("trade"), "E": time(now), "s": .text(market.name), "t": .number(trade.id),
            "p": .decimal(market.unit.decimal(trade.price)), "q": .decimal(market.unit.decimal(trade.quantity)),
            "T": time(trade.time), "m": .bool(trade.isBuyerMaker), "M": .bool(true),
        ]
    }

    func aggregateEvent(_ trade: AggregateTrade, _ market: SpotMarket, at now: Timestamp) -> JSON {
        (["e": .text("aggTrade"), "E": time(now), "s": .text(market.name)] as JSON).adding(aggregate(trade, market))
    }

    func candleEvent(
        _ candle: SpotCandle, _ interval: CandleInterval, end: Timestamp, _ market: SpotMarket, at now: Timestamp
    ) -> JSON {
        let body: JSON = [
            "t": time(candle.start), "T": time(end.advanced(byNanoseconds: -Nanoseconds.perMillisecond)),
            "s": .text(market.name), "i": .text(interval.rawValue), "f": .number(candle.firstTrade),
            "L": .number(candle.lastTrade), "o": .decimal(market.decimal(candle.open)),
            "c": .decimal(market.decimal(candle.close)), "h": .decimal(market.decimal(candle.high)),
            "l": .decimal(market.decimal(candle.low)), "v": .decimal(market.amount(candle.volume)),
            "n": .number(Int64(candle.trades)), "x": .bool(end <= now),
        ]
        return [
            "e": .text("kline"), "E": time(now), "s": .text(market.name),
            "k": body.adding([
                "q": .decimal(market.value(candle.value.raw)), "V": .decimal(market.amount(candle.takerBuyVolume)),
                "Q": .decimal(market.value(candle.takerBuyValue.raw)), "B": .text("0"),
            ]),
        ]
    }

    func averageEvent(_ market: SpotMarket, at now: Timestamp) -> JSON {
        [
            "e": .text("avgPrice"), "E": time(now), "s": .text(market.name),
            "i": .text("\(market.filters.averageMinutes)m"),
            "w": .decimal(market.averagePrice(at: now) ?? .zero), "T": time(market.tape.trades.last?.time ?? now),
        ]
    }
}
