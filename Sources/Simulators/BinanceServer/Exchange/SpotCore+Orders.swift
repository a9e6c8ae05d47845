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
                return try replace(cancel, place, requiresCancel: requiresCancel)
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
            case .transfer(let account, let asset, let amount):
                try transfer(account, asset, amount)
                return .done
            case .market(let symbol, let records):
                let market = try market(symbol)
                for record in records { take(record, market) }
                return .done
            }
        } catch { return .refused(error) }
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
        drain(market, incoming: engineID)
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
        case .unavailable: .disconnected
        case .optionNotSupported, .key, .other: .unsupportedOrder
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

    /// Binance judges the new order's filters before it looks at the cancel, in either mode; funds, and whether a post-only
    /// order would take, only once the old order is gone.
    private func replace(
        _ cancel: SpotCommand.Cancel, _ place: SpotCommand.Place, requiresCancel: Bool
    ) throws(SpotError) -> SpotOutcome {
        _ = try checkFilters(place)
        let cancelled = Result { () throws(SpotError) in try self.cancel(cancel) }
        if case .failure = cancelled, requiresCancel { return .replaced(cancel: cancelled, placed: nil) }
        let placed = Result { () throws(SpotError) in try self.place(place) }
        if case .failure(let error) = placed, case .success = cancelled { reject(place, error) }
        return .replaced(cancel: cancelled, placed: placed)
    }

    /// The account's stream tells of a new order that was refused only when the old one is gone for it.
    private func reject(_ place: SpotCommand.Place, _ error: SpotError) {
        guard let market = try? market(place.symbol) else { return }
        let lots = try? place.ticket.quantity?.count(of: market.unit.quantity, rounding: .down)
        var order = SpotOrder(
            id: takeOrderID(), account: place.account, symbol: place.symbol, clientID: place.clientID,
            ticket: place.ticket, lots: lots ?? 0, placed: now, updated: now)
        order.status = .rejected
        tell(place.account, .order(order, .init(kind: .rejected, rejection: error.rejection)))
    }

    // MARK: - Money from outside

    private func transfer(_ name: String, _ asset: AssetID, _ amount: FixedDecimal) throws(SpotError) {
        guard let account = accounts[name], let index = balances.index(of: asset) else { throw .badCombination }
        let free = balances.balance(account, index).free
        guard let after = try? free.adding(amount), !after.isNegative else { throw .insufficientBalance }
        do { try balances.deposit(amount, index, to: account) } catch { throw .badValue("amount") }
        tell(name, .transfer(asset, amount))
        tell(name, .balances([balance(name, asset)]))
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
        let gone = order.executed + (order.prevented ?? 0)
        guard lots < order.lots, lots > gone else {
            throw .rejected("Order amend: new quantity must be less than the original and more than what is filled.")
        }
        market.engine.shrink(id, of: account, to: Quantity(lots: lots - gone), balances: &balances)
        if let clientID = amendment.clientID { order.clientID = clientID }
        (order.lots, order.updated) = (lots, now)
        order.ticket.quantity = amendment.quantity
        records.update(order)
        if let price = order.ticket.price, let ticks = try? price.count(of: market.unit.price, rounding: .down) {
            market.depth.touch(order.side, ticks)
        }
        tell(order.account, .order(order, .init(kind: .replaced, isOnBook: true)))
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
