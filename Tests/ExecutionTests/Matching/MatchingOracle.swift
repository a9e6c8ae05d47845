import TradingCore

@testable import Execution

/// An independent account of what the matching engine may do, kept from its reports alone and checked after every step.
final class MatchingOracle {
    private struct Key: Hashable {
        var side: Side
        var ticks: Int64
    }

    private struct Known {
        var account: AccountID
        var request: OrderRequest
        /// Its place in the order of arrival.
        var arrival: Int
        /// What the engine has left of it: less than `untold` where self-trade prevention took some.
        var remaining: Int64
        /// What its owner has not been told as filled.
        var untold: Int64
    }

    private struct ID: Hashable {
        var account: AccountID
        var id: ClientOrderID
    }

    /// What is wrong, in words; empty when nothing is.
    private(set) var faults: [String] = []
    private(set) var fillCount = 0
    private let accounts: [AccountID]
    private let totals: [FixedDecimal]
    private let assets: [AssetID]
    private let isWhole: Bool
    private let hasRebates: Bool
    /// Recorded lots that our fills have used and the feed still shows.
    private var used: [Key: Int64] = [:]
    private var orders: [ID: Known] = [:]
    private var arrivals = 0
    private var lastTradeID: UInt64 = 0
    /// Nothing is known of the book between a gap and the end of the next snapshot.
    private var isKnown = false

    init(_ market: PaperMarket) {
        accounts = [market.alice, market.bob, market.carol]
        assets = [PaperMarket.base, PaperMarket.quote, PaperMarket.third]
        totals = MatchingOracle.totals(market, assets)
        isWhole = market.engine.configuration.fillModel == .whole
        hasRebates = market.engine.instrument.fees.maker.isNegative || market.engine.instrument.fees.taker.isNegative
    }

    private static func totals(_ market: PaperMarket, _ assets: [AssetID]) -> [FixedDecimal] {
        assets.compactMap { market.balances.index(of: $0).map(market.balances.total) }
    }

    private func check(_ isGood: Bool, _ fault: @autoclosure () -> String) {
        if !isGood { faults.append(fault()) }
    }

    // MARK: - Steps

    /// After a record of the market has been applied.
    func applied(_ record: MarketRecord, _ market: PaperMarket) {
        if record.kind == .gap { isKnown = false }
        if isKnown { forgetUsed(market) }
        var budget = record.kind == .trade ? record.quantity.lots : 0
        for report in market.engine.reports {
            guard case .filled(let fill) = report.event else {
                check(remaining(report) == 0, "a record led to \(report.event)")
                close(report)
                continue
            }
            check(market.engine.isOpen, "a fill while closed")
            check(fill.liquidity == .maker, "a record made a taker")
            checkTradeID(fill.tradeID)
            guard !isWhole else {
                book(fill, of: report.account)
                continue
            }
            if record.kind == .trade {
                check(fill.side == record.side.opposite, "filled by a trade of its own side")
                check(!fill.side.isBetter(record.price, than: fill.price), "a trade filled a worse price")
                budget -= fill.quantity.lots
                check(budget >= 0, "fills exceed the trade by \(-budget)")
            } else {
                useAcross(fill, market)
            }
            book(fill, of: report.account)
        }
        if record.isLast, market.engine.isOpen {
            isKnown = true
            forgetUsed(market)
        }
        finish(market, mayDecrement: nil)
    }

    /// After an order has been sent in, or an order replaced.
    func submitted(_ request: OrderRequest, by account: AccountID, _ market: PaperMarket) {
        let id = ID(account: account, id: request.id)
        var reports = market.engine.reports[...]
        var taken: Int64 = 0
        var isRejected = false
        var ended = false
        while let report = reports.popFirst() {
            switch report.event {
            case .accepted(request.id):
                arrivals += 1
                orders[id] = Known(
                    account: account, request: request, arrival: arrivals, remaining: request.quantity.lots,
                    untold: request.quantity.lots)
            case .rejected(request.id, _): isRejected = true
            case .filled(let fill) where fill.liquidity == .taker:
                check(report.account == account && fill.orderID == request.id, "another order took")
                check(!request.isPostOnly, "post-only took")
                check(market.engine.isOpen, "a fill while closed")
                checkTradeID(fill.tradeID)
                taken += fill.quantity.lots
                book(fill, of: account)
                if case .filled(let maker)? = reports.first?.event, maker.tradeID == fill.tradeID {
                    checkPair(fill, maker, request, account, reports.removeFirst().account)
                } else if !isWhole {
                    use(fill.quantity.lots, Key(side: fill.side.opposite, ticks: fill.price.ticks), market)
                }
            case .filled: check(false, "a maker without its taker")
            case .expired(request.id, _) where report.account == account:
                ended = true
                orders[id] = nil
            default: close(report)
            }
        }
        if request.timeInForce == .fillOrKill, !isRejected {
            check(taken == 0 || taken == request.quantity.lots, "FOK filled \(taken) of \(request.quantity.lots)")
        }
        let rests = market.ahead(account, request.id.rawValue) != nil
        check(!(rests && ended), "an expired order rests")
        check(!rests || request.type == .limit && request.timeInForce == .goodTillCancelled || isRejected, "it rests")
        finish(market, mayDecrement: request.selfTradePrevention == .decrement ? account : nil)
    }

    func cancelled(_ market: PaperMarket) {
        for report in market.engine.reports { close(report) }
        finish(market, mayDecrement: nil)
    }

    // MARK: - Bookkeeping

    private func checkTradeID(_ id: UInt64) {
        check(id > lastTradeID, "trade id \(id) after \(lastTradeID)")
        lastTradeID = id
    }

    private func checkPair(
        _ taker: Fill, _ maker: Fill, _ request: OrderRequest, _ account: AccountID, _ other: AccountID
    ) {
        check(maker.liquidity == .maker && maker.side == taker.side.opposite, "a pair of one side")
        check(maker.price == taker.price && maker.quantity == taker.quantity, "a pair that differs")
        check(account != other || request.selfTradePrevention == .none, "a trade with itself")
        book(maker, of: other)
    }

    private func book(_ fill: Fill, of account: AccountID) {
        fillCount += 1
        let id = ID(account: account, id: fill.orderID)
        guard var order = orders[id] else {
            check(false, "a fill of an order that is not open: \(fill)")
            return
        }
        check(fill.quantity.lots > 0, "an empty fill")
        if order.request.type == .limit {
            check(!fill.side.isBetter(fill.price, than: order.request.price), "a fill worse than the limit")
            check(fill.liquidity == .taker || fill.price == order.request.price, "a maker away from its price")
        }
        order.remaining -= fill.quantity.lots
        check(order.remaining >= 0, "filled more than ordered")
        order.untold -= fill.quantity.lots
        orders[id] = order.untold == 0 ? nil : order
    }

    private func remaining(_ report: ExecutionReport) -> Int64? {
        orders[ID(account: report.account, id: report.event.orderID)]?.remaining
    }

    private func close(_ report: ExecutionReport) {
        switch report.event {
        case .cancelled(let id), .expired(let id, _):
            check(orders.removeValue(forKey: ID(account: report.account, id: id)) != nil, "ended twice: \(id)")
        case .cancelRejected(let id, _):
            check(orders[ID(account: report.account, id: id)] == nil, "an open order could not be cancelled")
        default: check(false, "unexpected \(report.event)")
        }
    }

    /// A fill across the spread uses the best recorded volume that its price reaches.
    private func useAcross(_ fill: Fill, _ market: PaperMarket) {
        let side = fill.side.opposite
        var left = fill.quantity.lots
        var ticks = market.engine.book.bestTicks(side)
        while left > 0, ticks != 0, ticks != .max, fill.side.crosses(fill.price, Price(ticks: ticks)) {
            let key = Key(side: side, ticks: ticks)
            let part = min(left, max(0, market.engine.book.lots(side, at: ticks) - used[key, default: 0]))
            if part > 0 { used[key, default: 0] += part }
            left -= part
            ticks = market.engine.book.nextTicks(side, after: ticks)
        }
        check(left == 0, "\(left) lots of a fill at \(fill.price.ticks) were not offered")
    }

    private func use(_ lots: Int64, _ key: Key, _ market: PaperMarket) {
        used[key, default: 0] += lots
        let shown = market.engine.book.lots(key.side, at: key.ticks)
        check(used[key, default: 0] <= shown, "took \(used[key, default: 0]) of \(shown) at \(key.ticks)")
    }

    private func forgetUsed(_ market: PaperMarket) {
        for (key, lots) in used {
            let shown = market.engine.book.lots(key.side, at: key.ticks)
            if shown == 0 { used[key] = nil } else if shown < lots { used[key] = shown }
        }
    }

    // MARK: - What always holds

    private func finish(_ market: PaperMarket, mayDecrement: AccountID?) {
        market.engine.reports.removeAll()
        check(MatchingOracle.totals(market, assets) == totals, "an asset was created or lost")
        checkResting(market.engine.orders[.buy].orders, market, mayDecrement)
        checkResting(market.engine.orders[.sell].orders, market, mayDecrement)
        check(market.engine.restingCount == orders.count, "\(market.engine.restingCount) rest, \(orders.count) known")
        checkBalances(market)
    }

    private func checkResting(
        _ resting: [RestingOrder], _ market: PaperMarket, _ mayDecrement: AccountID?
    ) {
        var previous: (order: Known, ahead: Int64)?
        for order in resting {
            let id = ID(account: order.account, id: order.request.id)
            guard var known = orders[id] else {
                check(false, "an unknown order rests")
                continue
            }
            let lost = known.remaining - order.remaining
            check(
                lost == 0 || lost > 0 && mayDecrement == order.account,
                "remaining \(order.remaining), known \(known.remaining)")
            check(order.remaining > 0, "an empty order rests")
            known.remaining = order.remaining
            orders[id] = known
            check(
                (0...max(0, order.queue.level)).contains(order.queue.ahead) || isWhole,
                "ahead \(order.queue.ahead) of \(order.queue.level)")
            if let previous {
                let (better, worse) = (previous.order.request.price, order.request.price)
                check(!order.request.side.isBetter(worse, than: better), "not by price")
                if better == worse {
                    check(previous.order.arrival < known.arrival, "not by time")
                    check(
                        previous.ahead <= order.queue.ahead || isWhole,
                        "overtaken: \(previous.ahead) > \(order.queue.ahead)")
                }
            }
            previous = (known, order.queue.ahead)
        }
    }

    private func checkBalances(_ market: PaperMarket) {
        let unit = market.engine.instrument.unit
        for account in accounts {
            var (quote, base): (Int128, Int128) = (0, 0)
            var count = 0
            for order in orders.values where order.account == account {
                count += 1
                if order.request.side == .buy {
                    quote += unit.notional(order.request.price, Quantity(lots: order.remaining)).raw
                } else {
                    base += unit.decimal(Quantity(lots: order.remaining)).raw
                }
            }
            check(market.engine.openCount(account) == count, "open orders miscounted")
            for (asset, expected) in zip(assets, [base, quote, 0]) {
                guard let index = market.balances.index(of: asset) else { continue }
                let balance = market.balances.balance(account, index)
                check(!balance.free.isNegative, "\(asset) of \(account) is \(balance.free)")
                check(balance.locked.raw == expected, "\(asset) locked \(balance.locked), open \(expected)")
            }
        }
        for asset in assets {
            guard let index = market.balances.index(of: asset) else { continue }
            check(market.balances.balance(PaperBalances.market, index).locked.isZero, "the market locked \(asset)")
            let fees = market.balances.balance(PaperBalances.fees, index)
            check(hasRebates || !fees.free.isNegative, "fees of \(fees.free) \(asset)")
        }
    }
}
