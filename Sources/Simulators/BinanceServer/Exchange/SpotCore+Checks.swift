import Execution
import TradingCore

/// Everything that can refuse an order.
extension SpotCore {
    /// An order that may be placed, in the engine's terms.
    struct Checked {
        let market: SpotMarket
        let account: AccountID
        var lots: Int64
        var ticks: Int64
    }

    /// Everything that can refuse an order, with nothing done.
    func check(_ place: SpotCommand.Place) throws(SpotError) -> Checked {
        let market = try market(place.symbol)
        guard let account = accounts[place.account] else { throw .unknownKey }
        guard market.status == .trading, market.engine.isOpen else { throw .marketClosed }
        let owner = OrderRecords.Owner(account: place.account, symbol: place.symbol)
        if let earlier = records.newest(place.clientID, owner), records[earlier]?.status.isOpen == true {
            throw .duplicateOrder
        }
        let ticket = place.ticket
        let (lots, ticks) = try checkFilters(place)
        let checked = Checked(market: market, account: account, lots: lots, ticks: ticks)
        guard market.best(ticket.side.opposite) != nil || ticket.kind != .market else { throw .noDepth }
        if ticket.kind == .limitMaker, let best = market.best(ticket.side.opposite),
            ticket.side.crosses(Price(ticks: checked.ticks), best.price)
        {
            throw .wouldTake
        }
        try checkFunds(checked, ticket, place.account)
        return checked
    }

    /// The symbol's filters alone. A cancel-and-replace is refused by them before its cancel is looked at.
    /// - Returns: the order in the engine's terms.
    func checkFilters(_ place: SpotCommand.Place) throws(SpotError) -> (lots: Int64, ticks: Int64) {
        let (market, ticket) = (try market(place.symbol), place.ticket)
        let owner = OrderRecords.Owner(account: place.account, symbol: place.symbol)
        if let quote = ticket.quoteQuantity, !market.filters.allows(spending: quote) { throw .filter("NOTIONAL") }
        let situation = SpotFilters.Situation(
            average: market.averagePrice(at: now), reference: market.averagePrice(at: now),
            openOrders: records.openCount(owner),
            position: market.filters.mostPosition == nil ? .zero : position(owner, market))
        if let name = market.filters.violation(
            side: ticket.side, price: ticket.kind == .market ? nil : ticket.price, quantity: ticket.quantity, situation)
        {
            throw .filter(name)
        }
        return (try lots(ticket, market), try ticks(ticket, market))
    }

    /// Base held and on its way.
    private func position(_ owner: OrderRecords.Owner, _ market: SpotMarket) -> FixedDecimal {
        let held = balance(owner.account, market.instrument.base)
        let buys = records.open(owner).filter { $0.side == .buy }.reduce(Int128(0)) { $0 + Int128($1.remaining) }
        let (coming, overflow) = market.unit.quantity.raw.multipliedReportingOverflow(by: buys)
        let sum = held.free.raw.addingReportingOverflow(held.locked.raw)
        let total = sum.partialValue.addingReportingOverflow(coming)
        return FixedDecimal(raw: overflow || sum.overflow || total.overflow ? .max : total.partialValue)
    }

    private func lots(_ ticket: OrderTicket, _ market: SpotMarket) throws(SpotError) -> Int64 {
        if let quote = ticket.quoteQuantity {
            guard let lots = market.lots(worth: quote, ticket.side) else { throw .noDepth }
            guard lots > 0 else { throw .filter("LOT_SIZE") }
            return lots
        }
        guard let quantity = ticket.quantity, quantity.raw % market.unit.quantity.raw == 0,
            let lots = try? quantity.count(of: market.unit.quantity, rounding: .down), lots <= OrderRules.maximumLots
        else { throw .filter("LOT_SIZE") }
        return lots
    }

    private func ticks(_ ticket: OrderTicket, _ market: SpotMarket) throws(SpotError) -> Int64 {
        guard ticket.kind != .market else { return 0 }
        guard let price = ticket.price, price.raw % market.unit.price.raw == 0,
            let ticks = try? price.count(of: market.unit.price, rounding: .down), ticks <= OrderRules.maximumTicks
        else { throw .filter("PRICE_FILTER") }
        return ticks
    }

    private func checkFunds(_ order: Checked, _ ticket: OrderTicket, _ account: String) throws(SpotError) {
        let market = order.market
        if ticket.side == .sell {
            let held = balance(account, market.instrument.base)
            guard held.free >= market.amount(order.lots) else { throw .insufficientBalance }
            return
        }
        var cost: Int128 = 0
        if ticket.kind == .market {
            var left = order.lots
            for level in market.engine.shownLevels(.sell, limit: 5_000) where left > 0 {
                let taken = min(left, level.quantity.lots)
                cost += Int128(level.price.ticks) * Int128(taken)
                left -= taken
            }
        } else {
            cost = Int128(order.ticks) * Int128(order.lots)
        }
        guard balance(account, market.instrument.quote).free >= market.value(cost) else { throw .insufficientBalance }
    }
}
