import TradingCore

/// Orders, fills and accounts as REST and the WebSocket API write them.
struct SpotRenderer: Sendable {
    /// In which times are written.
    enum TimeUnit: Sendable { case milliseconds, microseconds }

    var unit = TimeUnit.milliseconds

    func time(_ time: Timestamp) -> JSON {
        .number(time.nanoseconds / (unit == .milliseconds ? Nanoseconds.perMillisecond : 1_000))
    }

    static func side(_ side: Side) -> JSON { .text(side == .buy ? "BUY" : "SELL") }

    // MARK: - Orders

    private func amounts(_ order: SpotOrder, _ market: SpotMarket) -> JSON {
        [
            "price": .decimal(order.ticket.price ?? .zero), "origQty": .decimal(market.amount(order.lots)),
            "executedQty": .decimal(market.amount(order.executed)),
            "origQuoteOrderQty": .decimal(order.ticket.quoteQuantity ?? .zero),
            "cummulativeQuoteQty": .decimal(order.value), "status": .text(order.status.rawValue),
            "timeInForce": .text(order.ticket.force.rawValue), "type": .text(order.ticket.kind.rawValue),
            "side": Self.side(order.side),
        ]
    }

    /// What an order tells only where there is something to tell: its strategy, and what self-trade prevention did.
    private func conditional(_ order: SpotOrder, _ market: SpotMarket) -> JSON {
        var members: [JSON.Member] = []
        if let id = order.ticket.strategyID { members.append(JSON.Member(key: "strategyId", value: .number(id))) }
        if let type = order.ticket.strategyType {
            members.append(JSON.Member(key: "strategyType", value: .number(type)))
        }
        if let match = order.preventedMatch {
            members.append(JSON.Member(key: "preventedMatchId", value: .number(match)))
        }
        if let lots = order.prevented {
            members.append(JSON.Member(key: "preventedQuantity", value: .decimal(market.amount(lots))))
        }
        return .object(members)
    }

    /// The answer to an order, as much of it as was asked for.
    func placed(
        _ order: SpotOrder, _ fills: [SpotFill], _ market: SpotMarket, _ response: OrderTicket.Response? = nil
    ) -> JSON {
        let head: JSON = [
            "symbol": .text(order.symbol), "orderId": .number(order.id), "orderListId": .number(-1),
            "clientOrderId": .text(order.clientID), "transactTime": time(order.updated),
        ]
        let response = response ?? order.ticket.response
        guard response != .acknowledgement else { return head }
        let result = head.adding(amounts(order, market)).adding([
            "workingTime": time(order.placed),
            "selfTradePreventionMode": .text(order.ticket.prevention.rawValue),
        ]).adding(conditional(order, market))
        guard response == .full else { return result }
        let matches = market.prevented.filter { $0.taker == order.id }.map { match in
            let head: JSON = [
                "preventedMatchId": .number(match.id), "makerSymbol": .text(order.symbol),
                "makerOrderId": .number(match.maker),
            ]
            return head.adding(amounts(match, market))
        }
        return result.adding(matches.isEmpty ? [:] : ["preventedMatches": .list(matches)]).adding([
            "fills": .list(
                fills.map { fill in
                    [
                        "price": .decimal(market.decimal(fill.ticks)), "qty": .decimal(market.amount(fill.lots)),
                        "commission": .decimal(fill.commission),
                        "commissionAsset": .text(fill.commissionAsset.rawValue), "tradeId": .number(fill.tradeID),
                    ]
                })
        ])
    }

    /// Price, and what was taken off either order.
    private func amounts(_ match: PreventedMatch, _ market: SpotMarket) -> JSON {
        var members: JSON = ["price": .decimal(market.decimal(match.ticks))]
        if match.takerLots > 0 {
            members = members.adding(["takerPreventedQuantity": .decimal(market.amount(match.takerLots))])
        }
        if match.makerLots > 0 {
            members = members.adding(["makerPreventedQuantity": .decimal(market.amount(match.makerLots))])
        }
        return members
    }

    func match(_ match: PreventedMatch, _ market: SpotMarket) -> JSON {
        let head: JSON = [
            "symbol": .text(market.name), "preventedMatchId": .number(match.id), "takerOrderId": .number(match.taker),
            "makerSymbol": .text(market.name), "makerOrderId": .number(match.maker), "tradeGroupId": .number(-1),
            "selfTradePreventionMode": .text(match.mode.rawValue),
        ]
        return head.adding(amounts(match, market)).adding(["transactTime": time(match.time)])
    }

    func cancelled(_ order: SpotOrder, _ cancelID: String, _ market: SpotMarket) -> JSON {
        let head: JSON = [
            "symbol": .text(order.symbol), "origClientOrderId": .text(order.clientID), "orderId": .number(order.id),
            "orderListId": .number(-1), "clientOrderId": .text(cancelID), "transactTime": time(order.updated),
        ]
        return head.adding(amounts(order, market))
            .adding(["selfTradePreventionMode": .text(order.ticket.prevention.rawValue)]).adding(
                conditional(order, market))
    }

    func row(_ order: SpotOrder, _ market: SpotMarket) -> JSON {
        let head: JSON = [
            "symbol": .text(order.symbol), "orderId": .number(order.id), "orderListId": .number(-1),
            "clientOrderId": .text(order.clientID),
        ]
        return head.adding(amounts(order, market)).adding([
            "stopPrice": .decimal(.zero), "icebergQty": .decimal(.zero), "time": time(order.placed),
            "updateTime": time(order.updated), "isWorking": .bool(true), "workingTime": time(order.placed),
            "selfTradePreventionMode": .text(order.ticket.prevention.rawValue),
        ]).adding(conditional(order, market))
    }

    func fill(_ fill: SpotFill, _ market: SpotMarket) -> JSON {
        [
            "symbol": .text(fill.symbol), "id": .number(fill.tradeID), "orderId": .number(fill.orderID),
            "orderListId": .number(-1), "price": .decimal(market.decimal(fill.ticks)),
            "qty": .decimal(market.amount(fill.lots)), "quoteQty": .decimal(fill.value),
            "commission": .decimal(fill.commission), "commissionAsset": .text(fill.commissionAsset.rawValue),
            "time": time(fill.time), "isBuyer": .bool(fill.side == .buy), "isMaker": .bool(fill.isMaker),
            "isBestMatch": .bool(true),
        ]
    }

    // MARK: - Markets

    func trade(_ trade: PublicTrade, _ market: SpotMarket) -> JSON {
        [
            "id": .number(trade.id), "price": .decimal(market.unit.decimal(trade.price)),
            "qty": .decimal(market.unit.decimal(trade.quantity)),
            "quoteQty": .decimal(market.value(Int128(trade.price.ticks) * Int128(trade.quantity.lots))),
            "time": time(trade.time), "isBuyerMaker": .bool(trade.isBuyerMaker), "isBestMatch": .bool(true),
        ]
    }

    func aggregate(_ trade: AggregateTrade, _ market: SpotMarket) -> JSON {
        [
            "a": .number(trade.id), "p": .decimal(market.unit.decimal(trade.price)),
            "q": .decimal(market.unit.decimal(trade.quantity)), "f": .number(trade.firstTrade),
            "l": .number(trade.lastTrade), "T": time(trade.time), "m": .bool(trade.isBuyerMaker), "M": .bool(true),
        ]
    }

    func levels(_ levels: [BookLevel], _ market: SpotMarket) -> JSON {
        .list(
            levels.map {
                [.decimal(market.unit.decimal($0.price)), .decimal(market.unit.decimal($0.quantity))]
            })
    }

    func candle(_ candle: SpotCandle, end: Timestamp, _ market: SpotMarket) -> JSON {
        [
            time(candle.start), .decimal(market.decimal(candle.open)), .decimal(market.decimal(candle.high)),
            .decimal(market.decimal(candle.low)), .decimal(market.decimal(candle.close)),
            .decimal(market.amount(candle.volume)), time(end.advanced(byNanoseconds: -Nanoseconds.perMillisecond)),
            .decimal(market.value(candle.value.raw)), .number(Int64(candle.trades)),
            .decimal(market.amount(candle.takerBuyVolume)), .decimal(market.value(candle.takerBuyValue.raw)),
            .text("0"),
        ]
    }

    /// A symbol of `exchangeInfo`.
    func symbol(_ market: SpotMarket) -> JSON {
        let (base, quote) = (market.instrument.base.rawValue, market.instrument.quote.rawValue)
        let head: JSON = [
            "symbol": .text(market.name), "status": .text(market.shownStatus.rawValue), "baseAsset": .text(base),
            "baseAssetPrecision": .number(8), "quoteAsset": .text(quote), "quotePrecision": .number(8),
            "quoteAssetPrecision": .number(8), "baseCommissionPrecision": .number(8),
            "quoteCommissionPrecision": .number(8),
            "orderTypes": [.text("LIMIT"), .text("LIMIT_MAKER"), .text("MARKET")],
        ]
        let abilities: JSON = [
            "icebergAllowed": .bool(false), "ocoAllowed": .bool(false), "otoAllowed": .bool(false),
            "opoAllowed": .bool(false), "quoteOrderQtyMarketAllowed": .bool(true),
            "allowTrailingStop": .bool(false), "cancelReplaceAllowed": .bool(true), "amendAllowed": .bool(true),
            "pegInstructionsAllowed": .bool(false), "isSpotTradingAllowed": .bool(true),
            "isMarginTradingAllowed": .bool(false),
        ]
        let modes = JSON.list(OrderTicket.Prevention.allCases.map { .text($0.rawValue) })
        return head.adding(abilities).adding([
            "filters": market.filters.json, "permissions": [], "permissionSets": [[.text("SPOT")]],
            "defaultSelfTradePreventionMode": .text(OrderTicket.Prevention.expireMaker.rawValue),
            "allowedSelfTradePreventionModes": modes,
        ])
    }
}
