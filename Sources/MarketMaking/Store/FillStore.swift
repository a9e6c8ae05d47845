import Exchanges
import Execution
import Persistence
import TradingCore

/// `fills` of one place. A fill is booked once, whoever tells it how often: the row, the order, the funds and the
/// session's books change in one transaction or not at all.
struct FillStore {
    let orders: OrderStore

    var transaction: any SQLTransaction { orders.transaction }
    var place: TradingPlace { orders.place }
    var instrument: Instrument { orders.instrument }

    /// - Parameter books: the session's after the fill, as the engine has them; nil recomputes them from the stored ones.
    /// - Returns: false when it was booked before, is of no order of ours, or cannot be of the order whose id it bears as it is
    ///   stored. Where the exchange may have another word on the order, it is kept to be judged by that.
    @discardableResult
    func book(_ fill: Fill, books given: SessionBooks?, now: Timestamp) throws -> Bool {
        let (order, judgement) = try judge(fill)
        switch judgement {
        case .refused(let refusal): try refuse(refusal, isInBooks: given != nil, now)
        case .doubted(let refusal):
            // What is in a session's books is not to be left there while somebody is asked.
            if given == nil { try doubt(refusal, now) } else { try refuse(refusal, isInBooks: true, now) }
        case .new, .known: break
        }
        guard let order, judgement == .new else { return false }
        let sessionBooks = SessionBooksStore(transaction: transaction)
        var before = try sessionBooks.books(of: order.instanceID)
        if let stored = before, !stored.isPlausible(instrument) {
            // What the exchange and the ledger say counts on; these sums say nothing.
            before = stored.emptied
            _ = try orders.halt(order.instanceID, .absurdBooks, now)
        }
        // A fill of an earlier run concerns no books any more but the account's funds.
        var after = given ?? before
        if given == nil, before?.run == order.run { after?.book(fill, instrument) }
        try insert(fill, order, before, after, now)
        try orders.fill(order, lots: fill.quantity.lots, now: now)
        try settle(fill, order, now)
        if let after, after.run == order.run { try sessionBooks.put(after, now: now) }
        return true
    }

    func isBooked(_ fill: Fill) throws -> Bool {
        try transaction.row(
            """
            SELECT id FROM fills WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol = \(place.symbol.description) AND trade_id = \(Int64(bitPattern: fill.tradeID))
                AND client_order_id = \(Int64(fill.orderID.rawValue))
            """) != nil
    }

    private func insert(
        _ fill: Fill, _ order: StoredOrder, _ before: SessionBooks?, _ after: SessionBooks?, _ now: Timestamp
    ) throws {
        let unit = instrument.unit
        let total = after?.realizedPnL(instrument) ?? .zero
        let realized = FixedDecimal(raw: total.raw.saturatingSubtract((before?.realizedPnL(instrument) ?? .zero).raw))
        let position = after.map { unit.decimal($0.account.position) } ?? .zero
        try transaction.execute(
            """
            INSERT INTO fills (exchange, account_label, symbol, trade_id, client_order_id, instance_id, run, side,
                ticks, lots, price, quantity, fee, fee_asset, is_maker, realized, total_realized, position,
                executed_at, booked_at)
            VALUES (\(place.exchange.rawValue), \(place.account), \(place.symbol.description),
                \(Int64(bitPattern: fill.tradeID)), \(Int64(fill.orderID.rawValue)), \(order.instanceID),
                \(order.run), \(fill.side.storedName), \(fill.price.ticks), \(fill.quantity.lots),
                \(unit.decimal(fill.price)), \(unit.decimal(fill.quantity)), \(fill.fee),
                \(instrument.feeAsset(fill).rawValue), \(fill.liquidity == .maker), \(realized), \(total),
                \(position), \(fill.time), \(now))
            """)
    }

    private func settle(_ fill: Fill, _ order: StoredOrder, _ now: Timestamp) throws {
        let unit = instrument.unit
        let amount = FixedDecimal(raw: unit.quantity.raw * Int128(fill.quantity.lots))
        let cost = FixedDecimal(
            raw: unit.notional.raw * (Int128(fill.price.ticks) * Int128(fill.quantity.lots)))
        let (base, quote) = ((asset: instrument.base, amount: amount), (asset: instrument.quote, amount: cost))
        try orders.ledger.settle(
            AccountLedger.Settlement(
                key: "fill:\(place.exchange.rawValue):\(place.account):\(place.symbol):\(fill.tradeID):\(fill.orderID)",
                orderID: fill.orderID, spent: fill.side == .buy ? quote : base,
                received: fill.side == .buy ? base : quote, fee: (asset: instrument.feeAsset(fill), amount: fill.fee),
                isLast: order.filled.lots + fill.quantity.lots >= order.quantity.lots), now: now)
    }

    /// From where on fills may be missing: the newest that is booked, some time before it, and nothing older than the
    /// orders that may have traded since.
    func mark(now: Timestamp) throws -> FillMark {
        let mine: SQL = """
             FROM fills WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol = \(place.symbol.description)
            """
        // Two questions: each is answered by the end of an index, both at once by reading every fill.
        let latest: Int64? = try transaction.row("SELECT MAX(trade_id)" + mine).flatMap { try $0.get(0) }
        let time: Timestamp? = try transaction.row("SELECT MAX(executed_at)" + mine).flatMap { try $0.get(0) }
        let oldest = try orders.live().map(\.createdAt).min()?.advanced(byNanoseconds: -Nanoseconds.seconds(60))
        let bound = oldest ?? now.advanced(byNanoseconds: -Nanoseconds.seconds(3_600))
        // Clocks differ, and exchanges tell trades out of order.
        let overlap = time?.advanced(byNanoseconds: -Nanoseconds.seconds(600)) ?? bound
        return FillMark(tradeID: latest.map { UInt64(bitPattern: $0) } ?? 0, time: max(bound, overlap))
    }

    /// Of a million fills each of these finds its own without reading the others.
    static let indices = Migration("market-making-015-fill-indices") { transaction in
        try transaction.execute("CREATE INDEX fills_of_order ON fills (client_order_id)")
        try transaction.execute(
            "CREATE INDEX fills_by_time ON fills (exchange, account_label, symbol, executed_at)")
    }

    /// Everything booked of one order.
    func fills(of id: ClientOrderID) throws -> [Fill] {
        try transaction.rows(
            """
            SELECT trade_id, side, ticks, lots, fee, is_maker, executed_at FROM fills
            WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol = \(place.symbol.description) AND client_order_id = \(Int64(id.rawValue))
            """
        ).map { row in
            let (trade, isMaker): (Int64, Bool) = (try row.get("trade_id"), try row.get("is_maker"))
            return Fill(
                tradeID: UInt64(bitPattern: trade), orderID: id,
                side: try stored("fills", "side", row.get("side")) { Side(storedName: $0) },
                price: Price(ticks: try row.get("ticks")), quantity: Quantity(lots: try row.get("lots")),
                liquidity: isMaker ? .maker : .taker, fee: try row.get("fee"), feeAsset: .quote,
                time: try row.get("executed_at"))
        }
    }
}

extension Instrument {
    func feeAsset(_ fill: Fill) -> AssetID {
        switch fill.feeAsset {
        case .base: base
        case .quote: quote
        case .other: if case .third(let asset, _, _) = fees.payment { asset } else { quote }
        }
    }

    /// What one unit of a third fee asset is worth in quote; nil where there is none.
    var otherFeePrice: FixedDecimal? {
        if case .third(_, let price, _) = fees.payment { price } else { nil }
    }
}

extension SessionBooks {
    /// Profit of closed positions, with all fees paid, in quote.
    func realizedPnL(_ instrument: Instrument) -> FixedDecimal {
        FixedDecimal(
            raw: account.realized.saturatingMultiply(by: instrument.unit.notional.raw)
                .saturatingSubtract(account.feesInQuote))
    }

    /// Books a fill that no engine has seen.
    mutating func book(_ fill: Fill, _ instrument: Instrument) {
        let unit = instrument.unit
        account.book(fill, doubleMid: nil, unit: unit, otherFeePrice: instrument.otherFeePrice)
        let sign = Int128(fill.side.sign)
        var (base, quote) = (self.base.raw, self.quote.raw)
        base += sign * unit.quantity.raw * Int128(fill.quantity.lots)
        quote -= sign * unit.notional.raw * (Int128(fill.price.ticks) * Int128(fill.quantity.lots))
        switch fill.feeAsset {
        case .base: base -= fill.fee.raw
        case .quote: quote -= fill.fee.raw
        case .other: break
        }
        (self.base, self.quote) = (FixedDecimal(raw: base), FixedDecimal(raw: quote))
    }
}
