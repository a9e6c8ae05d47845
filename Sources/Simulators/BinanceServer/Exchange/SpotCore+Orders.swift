import Execution
import Scheduling
import TradingCore

/// Carrying commands out.
extension SpotCore {
    func perform(_ command: SpotCommand) -> SpotOutcome {
        do throws(SpotError) {
            switch command {
            case .place(let place):
                let (order, fills) = try self.place(place)
                return .placed(order, fills)
            case .cancel(let cancel):
                let (order, id) = try self.cancel(cancel)
                return .cancelled(order, cancelID: id)
            case .cancelAll(let account, let symbol, let seed):
                return .cancelledAll(try cancelAll(account, symbol, seed: seed))
            case .replace(let cancel, let place, let requiresCancel):
                return replace(cancel, place, requiresCancel: requiresCancel)
            case .amend(let target, let quantity, let clientID):
                return .amended(try amend(target, Amendment(quantity: quantity, clientID: clientID)))
            case .fill(let account, let id, let percent):
                fill(account, id, percent: percent)
                return .done
            case .filters(let symbol, let filters):
                try market(symbol).filters = filters
                return .done
            case .status(let symbol, let status):
                try market(symbol).status = status
                return .done
            }
        } catch { return .refused(error) }
    }

    // MARK: - Checking

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
        try checkFilters(ticket, market, owner)
        let checked = Checked(
            market: market, account: account, lots: try lots(ticket, market), ticks: try ticks(ticket, market))
        guard market.best(ticket.side.opposite) != nil || ticket.kind != .market else { throw .noDepth }
        if ticket.kind == .limitMaker, let best = market.best(ticket.side.opposite),
            ticket.side.crosses(Price(ticks: checked.ticks), best.price)
        {
            throw .wouldTake
        }
        try checkFunds(checked, ticket, place.account)
        return checked
    }

    private func checkFilters(
        _ ticket: OrderTicket, _ market: SpotMarket, _ owner: OrderRecords.Owner
    ) throws(SpotError) {
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

    // MARK: - Placing

    private func place(_ place: SpotCommand.Place) throws(SpotError) -> (SpotOrder, [SpotFill]) {
        let checked = try check(place)
        let (market, ticket) = (checked.market, place.ticket)
        let id = takeOrderID()
        guard let engineID = ClientOrderID(rawValue: UInt64(id)) else { throw .disconnected }
        let owner = OrderRecords.Owner(account: place.account, symbol: place.symbol)
        let earlier = records.newest(place.clientID, owner)
        let order = SpotOrder(
            id: id, account: place.account, symbol: place.symbol, clientID: place.clientID, ticket: ticket,
            lots: checked.lots, placed: now, updated: now)
        records.insert(order)
        market.engine.submit(
            OrderRequest(
                id: engineID, side: ticket.side, type: ticket.kind == .market ? .market : .limit,
                timeInForce: ticket.kind == .market ? .immediateOrCancel : ticket.force.timeInForce,
                isPostOnly: ticket.kind == .limitMaker, price: Price(ticks: checked.ticks),
                quantity: Quantity(lots: checked.lots), selfTradePrevention: ticket.prevention.mode),
            from: checked.account, at: now, balances: &balances)
        if case .rejected(_, let reason) = market.engine.reports.first?.event {
            market.engine.reports.removeAll(keepingCapacity: true)
            records.withdraw(order, restoring: earlier)
            throw SpotCore.refusal(reason)
        }
        let before = records.fills[owner]?.count ?? 0
        drain(market)
        let fills = (records.fills[owner] ?? []).dropFirst(before).filter { $0.orderID == id && !$0.isMaker }
        return (records[id] ?? order, fills)
    }

    private static func refusal(_ reason: RejectReason) -> SpotError {
        switch reason {
        case .rule(let violation): .filter(violation.filterName)
        case .insufficientBalance: .insufficientBalance
        case .wouldTake: .wouldTake
        case .duplicateID: .duplicateOrder
        case .noLiquidity: .noDepth
        case .marketClosed: .marketClosed
        case .other: .unsupportedOrder
        }
    }

    // MARK: - Cancelling

    private func cancel(_ cancel: SpotCommand.Cancel) throws(SpotError) -> (SpotOrder, String) {
        let market = try market(cancel.target.symbol)
        guard let order = records.find(cancel.target), order.status.isOpen else { throw .unknownOrder }
        switch cancel.restriction {
        case .onlyNew where order.status != .new, .onlyPartlyFilled where order.status != .partlyFilled:
            throw .restricted
        default: break
        }
        return (end(order, market, cancel.clientID), cancel.clientID)
    }

    private func end(_ order: SpotOrder, _ market: SpotMarket, _ cancelID: String) -> SpotOrder {
        guard let account = accounts[order.account], let id = ClientOrderID(rawValue: UInt64(order.id)) else {
            return order
        }
        market.engine.cancel(id, from: account, balances: &balances)
        drain(market, cancelID: cancelID)
        return records[order.id] ?? order
    }

    private func cancelAll(
        _ account: String, _ symbol: String, seed: UInt64
    ) throws(SpotError) -> [(order: SpotOrder, cancelID: String)] {
        let market = try market(symbol)
        let open = records.open(OrderRecords.Owner(account: account, symbol: symbol))
        guard !open.isEmpty else { throw .unknownOrder }
        var generator = SplitMix64(seed: seed)
        return open.map { order in
            let id = GeneratedClientID.make(&generator)
            return (end(order, market, id), id)
        }
    }

    private func replace(
        _ cancel: SpotCommand.Cancel, _ place: SpotCommand.Place, requiresCancel: Bool
    ) -> SpotOutcome {
        let cancelled = Result { () throws(SpotError) in try self.cancel(cancel) }
        if case .failure = cancelled, requiresCancel { return .replaced(cancel: cancelled, placed: nil) }
        return .replaced(cancel: cancelled, placed: Result { () throws(SpotError) in try self.place(place) })
    }

    // MARK: - Amending

    struct Amendment {
        var quantity: FixedDecimal
        var clientID: String?
    }

    private func amend(_ target: SpotCommand.Target, _ amendment: Amendment) throws(SpotError) -> SpotOrder {
        let market = try market(target.symbol)
        guard var order = records.find(target), order.status.isOpen, let account = accounts[order.account],
            let id = ClientOrderID(rawValue: UInt64(order.id))
        else { throw .noSuchOrder }
        guard market.filters.lot.holds(amendment.quantity), amendment.quantity.raw % market.unit.quantity.raw == 0,
            let lots = try? amendment.quantity.count(of: market.unit.quantity, rounding: .down)
        else { throw .filter("LOT_SIZE") }
        guard lots < order.lots, lots > order.executed else {
            throw .rejected("Order amend: new quantity must be less than the original and more than what is filled.")
        }
        market.engine.shrink(id, of: account, to: Quantity(lots: lots - order.executed), balances: &balances)
        if let clientID = amendment.clientID { order.clientID = clientID }
        (order.lots, order.updated) = (lots, now)
        order.ticket.quantity = amendment.quantity
        records.update(order)
        if let price = order.ticket.price, let ticks = try? price.count(of: market.unit.price, rounding: .down) {
            market.depth.touch(order.side, ticks)
        }
        tell(order.account, .order(order, .replaced, fill: nil, cancelID: nil))
        tellBalances(order.account, market)
        return order
    }

    // MARK: - Misbehaving

    private func fill(_ account: String, _ orderID: Int64, percent: Int64) {
        guard let order = records[orderID], order.account == account, order.status.isOpen,
            let market = try? market(order.symbol), let owner = accounts[account],
            let id = ClientOrderID(rawValue: UInt64(orderID)),
            let remaining = market.engine.remaining(of: id, account: owner)
        else { return }
        let step = max(1, (try? market.filters.lot.step.count(of: market.unit.quantity, rounding: .up)) ?? 1)
        let share = Int64(Int128(remaining.lots) * Int128(min(100, max(1, percent))) / 100)
        let lots = percent >= 100 ? remaining.lots : max(min(step, remaining.lots), share - share % step)
        market.engine.fill(id, of: owner, lots: lots, at: now, balances: &balances)
        drain(market)
    }
}
