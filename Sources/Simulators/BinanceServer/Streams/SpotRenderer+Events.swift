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

    // MARK: - Accounts

    func event(_ event: SpotEvent, _ market: (String) -> SpotMarket?) -> JSON {
        switch event.body {
        case .balances(let balances):
            return [
                "e": .text("outboundAccountPosition"), "E": time(event.time), "u": time(event.time),
                "B": .list(
                    balances.map {
                        ["a": .text($0.asset.rawValue), "f": .decimal($0.free), "l": .decimal($0.locked)]
                    }),
            ]
        case .order(let order, let kind, let fill, let cancelID):
            guard let market = market(order.symbol) else { return [:] }
            return report(event, order, kind, fill, cancelID, market)
        }
    }

    private func report(
        _ event: SpotEvent, _ order: SpotOrder, _ kind: SpotEvent.Kind, _ fill: SpotFill?, _ cancelID: String?,
        _ market: SpotMarket
    ) -> JSON {
        let ticket = order.ticket
        let head: JSON = [
            "e": .text("executionReport"), "E": time(event.time), "s": .text(order.symbol),
            "c": .text(cancelID ?? order.clientID), "S": Self.side(order.side), "o": .text(ticket.kind.rawValue),
            "f": .text(ticket.force.rawValue), "q": .decimal(market.amount(order.lots)),
            "p": .decimal(ticket.price ?? .zero), "P": .decimal(.zero), "F": .decimal(.zero), "g": .number(-1),
            "C": .text(cancelID == nil ? "" : order.clientID), "x": .text(kind.rawValue),
            "X": .text(order.status.rawValue), "r": .text("NONE"), "i": .number(order.id),
        ]
        let isOnBook = order.status.isOpen && ticket.kind != .market
        let execution: JSON = [
            "l": .decimal(fill.map { market.amount($0.lots) } ?? .zero), "z": .decimal(market.amount(order.executed)),
            "L": .decimal(fill.map { market.decimal($0.ticks) } ?? .zero),
            "n": fill.map { .decimal($0.commission) } ?? .text("0"),
            "N": fill.map { .text($0.commissionAsset.rawValue) } ?? .null, "T": time(fill?.time ?? order.updated),
            "t": .number(fill?.tradeID ?? -1), "I": .number(event.number), "w": .bool(isOnBook),
            "m": .bool(fill?.isMaker ?? false), "M": .bool(false), "O": time(order.placed),
        ]
        let tail: JSON = [
            "Z": .decimal(order.value), "Y": .decimal(fill?.value ?? .zero),
            "Q": .decimal(ticket.quoteQuantity ?? .zero), "V": .text(ticket.prevention.rawValue),
        ]
        var report = head.adding(execution).adding(tail)
        if isOnBook { report = report.adding(["W": time(order.placed)]) }
        if kind == .expired { report = report.adding(["eR": .number(order.ticket.force == .fillOrKill ? 3 : 2)]) }
        return report
    }
}
