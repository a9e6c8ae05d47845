import Execution
import TradingCore

/// What the engine did, as orders, fills, trades and events.
extension SpotCore {
    /// One thing that the engine did.
    private enum Step {
        case report(ExecutionReport)
        case prevented(PreventedTrade)

        var order: ClientOrderID {
            switch self {
            case .report(let report): report.event.orderID
            case .prevented(let prevented): prevented.taker
            }
        }
    }

    /// Books what a record, or a command, did to orders, and prints its trades.
    /// - Parameters:
    ///   - cancelID: of the request that ended an order.
    ///   - incoming: the order that came in, if one did: it stands on the book only once it has taken all it can.
    func drain(
        _ market: SpotMarket, after record: MarketRecord? = nil, cancelID: String? = nil,
        incoming: ClientOrderID? = nil
    ) {
        let steps = takeSteps(market)
        let settled = incoming.flatMap { incoming in steps.lastIndex { $0.order == incoming } } ?? -1
        var printed: [UInt64: PublicTrade] = [:]
        var touched: [String] = []
        var left = record.flatMap { $0.kind == .trade ? $0.quantity.lots : nil } ?? 0
        for (index, step) in steps.enumerated() {
            let isUnderWay = step.order == incoming && index < settled
            switch step {
            case .prevented(let prevented): book(prevented, market, incoming: incoming, isUnderWay: isUnderWay)
            case .report(let report):
                guard let account = names[report.account], let order = records[Int64(report.event.orderID.rawValue)]
                else { continue }
                if case .filled(let fill) = report.event {
                    let trade =
                        printed[fill.tradeID]
                        ?? market.print(
                            fill.price, fill.quantity, at: fill.time,
                            isBuyerMaker: (fill.liquidity == .maker) == (fill.side == .buy))
                    if printed.updateValue(trade, forKey: fill.tradeID) == nil { left -= fill.quantity.lots }
                    book(fill, trade, order, market, isUnderWay: isUnderWay)
                } else {
                    book(report.event, order, market, cancelID, isUnderWay: isUnderWay)
                }
                if !touched.contains(account) { touched.append(account) }
            }
        }
        if let record, record.kind == .trade, left > 0 {
            _ = market.print(
                record.price, Quantity(lots: left), at: record.time, isBuyerMaker: record.side == .sell)
        }
        for account in touched { tellBalances(account, market) }
    }

    /// Reports and preventions in the order they happened; the engine has none left.
    private func takeSteps(_ market: SpotMarket) -> [Step] {
        defer {
            market.engine.reports.removeAll(keepingCapacity: true)
            market.engine.preventions.removeAll(keepingCapacity: true)
        }
        var steps: [Step] = []
        var next = market.engine.preventions.makeIterator()
        var prevented = next.next()
        for (index, report) in market.engine.reports.enumerated() {
            while let due = prevented, due.reportCount <= index {
                steps.append(.prevented(due))
                prevented = next.next()
            }
            steps.append(.report(report))
        }
        while let due = prevented {
            steps.append(.prevented(due))
            prevented = next.next()
        }
        return steps
    }

    // MARK: - Fills

    private func book(
        _ fill: Fill, _ trade: PublicTrade, _ before: SpotOrder, _ market: SpotMarket, isUnderWay: Bool
    ) {
        var order = before
        let value = market.unit.notional(fill.price, fill.quantity)
        order.executed += fill.quantity.lots
        order.value = (try? order.value.adding(value)) ?? order.value
        order.status = order.remaining <= 0 ? .filled : .partlyFilled
        order.updated = fill.time
        let booked = SpotFill(
            tradeID: trade.id, orderID: order.id, account: order.account, symbol: order.symbol, side: order.side,
            ticks: fill.price.ticks, lots: fill.quantity.lots, value: value, commission: fill.fee,
            commissionAsset: asset(of: fill.feeAsset, market), isMaker: fill.liquidity == .maker, time: fill.time)
        records.update(order)
        records.add(booked)
        market.depth.touch(order.side, fill.price.ticks)
        market.depth.touch(order.side.opposite, fill.price.ticks)
        tell(
            order.account,
            .order(order, .init(kind: .trade, isOnBook: rests(order, market, isUnderWay), fill: booked)))
    }

    private func asset(of fee: FeeAsset, _ market: SpotMarket) -> AssetID {
        switch fee {
        case .base: return market.instrument.base
        case .quote: return market.instrument.quote
        case .other:
            if case .third(let third, _, _) = market.instrument.fees.payment { return third }
            return market.instrument.quote
        }
    }

    /// Whether an order is on the book: it is not while it still takes, and one that cannot rest never is.
    private func rests(_ order: SpotOrder, _ market: SpotMarket, _ isUnderWay: Bool) -> Bool {
        guard !isUnderWay, order.status.isOpen, let account = accounts[order.account],
            let id = ClientOrderID(rawValue: UInt64(order.id))
        else { return false }
        return market.engine.remaining(of: id, account: account) != nil
    }

    // MARK: - Beginnings and ends

    private func book(
        _ event: AccountEvent, _ before: SpotOrder, _ market: SpotMarket, _ cancelID: String?, isUnderWay: Bool
    ) {
        var order = before
        touch(order, market)
        switch event {
        case .accepted:
            tell(order.account, .order(order, .init(kind: .new, isOnBook: rests(order, market, isUnderWay))))
        case .cancelled:
            (order.status, order.updated) = (.cancelled, now)
            records.update(order)
            tell(order.account, .order(order, .init(kind: .cancelled, cancelID: cancelID ?? "")))
        case .expired(_, let reason):
            // What ends by a prevention was told with it.
            guard order.status.isOpen else { return }
            let isPrevented = reason == .selfTradePrevention
            (order.status, order.updated) = (isPrevented ? .expiredInMatch : .expired, now)
            records.update(order)
            tell(order.account, .order(order, .init(kind: isPrevented ? .prevented : .expired)))
        case .rejected, .filled, .cancelRejected, .outcomeUnknown, .notFound, .reappeared: break
        }
    }

    private func touch(_ order: SpotOrder, _ market: SpotMarket) {
        guard let price = order.ticket.price, let ticks = try? price.count(of: market.unit.price, rounding: .down)
        else { return }
        market.depth.touch(order.side, ticks)
    }

    // MARK: - Self-trades prevented

    private func book(
        _ prevented: PreventedTrade, _ market: SpotMarket, incoming: ClientOrderID?, isUnderWay: Bool
    ) {
        guard let taker = records[Int64(prevented.taker.rawValue)], let maker = records[Int64(prevented.maker.rawValue)]
        else { return }
        let match = market.note(prevented, taker, at: now)
        for (order, lots) in [(maker, prevented.makerLots), (taker, prevented.takerLots)] where lots > 0 {
            take(lots, off: order, match, market, isUnderWay: order.id == taker.id && isUnderWay)
        }
    }

    private func take(
        _ lots: Int64, off before: SpotOrder, _ match: PreventedMatch, _ market: SpotMarket, isUnderWay: Bool
    ) {
        var order = before
        order.prevented = (order.prevented ?? 0) + lots
        (order.preventedMatch, order.updated) = (match.id, now)
        if order.remaining <= 0 { order.status = .expiredInMatch }
        records.update(order)
        touch(order, market)
        tell(
            order.account,
            .order(order, .init(kind: .prevented, isOnBook: rests(order, market, isUnderWay), prevention: match)))
    }
}
