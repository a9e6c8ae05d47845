import Exchanges
import Execution
import Persistence
import TradingCore

extension OrderStore {
    /// Takes over what an order was changed to at the exchange: the row, what it holds, and a record of it for people. In the
    /// transaction that books the fill which showed it, or a kill between the two would leave one without the other. One that has
    /// ended by our books and rests there lives again, to be cancelled. Where the account has not enough free for it, what there is
    /// is held, and its strategy is halted.
    func amend(_ amendment: OrderAmendment, now: Timestamp) throws {
        let (fill, report) = (amendment.fill, amendment.report)
        try DoubtedFillStore(transaction: transaction, place: place, instrument: instrument).remove(fill)
        // A commit whose answer was lost is made again: the order may have ended since.
        guard try !isRecorded(fill), let order = try order(fill.orderID) else { return }
        let changed = order.amended(by: report)
        guard changed != order else { return }
        try put(changed, over: order, now)
        var missing = FixedDecimal.zero
        if !changed.status.isFinal {
            let hold = hold(changed, lots: Self.lotsToCome(changed, report, fill))
            missing = try ledger.hold(FixedDecimal(raw: hold.amount), hold.asset, insteadFor: order.id, now: now)
        }
        let told = AmendedOrder(
            id: order.id, instanceID: order.instanceID,
            before: AmendedOrder.Terms(price: order.price, quantity: order.quantity),
            after: AmendedOrder.Terms(price: changed.price, quantity: changed.quantity), missing: missing,
            isHalted: missing.isPositive ? try halt(order.instanceID, .uncoveredOrder, now) : false)
        try record(told, by: fill, now)
        amended?.all.append(told)
    }

    /// What of it can still trade; of one that has ended at the exchange, what has traded there and is not booked.
    private static func lotsToCome(_ order: StoredOrder, _ report: OrderReport, _ fill: Fill) -> Int64 {
        let booked = order.filled.lots
        let last = max(report.filled.lots, booked + fill.quantity.lots)
        return max(0, (report.status.isFinal ? min(last, order.quantity.lots) : order.quantity.lots) - booked)
    }

    private func put(_ changed: StoredOrder, over order: StoredOrder, _ now: Timestamp) throws {
        let unit = instrument.unit
        try transaction.execute(
            """
            UPDATE orders SET ticks = \(changed.price.ticks), lots = \(changed.quantity.lots),
                price = \(unit.decimal(changed.price)), quantity = \(unit.decimal(changed.quantity)),
                status = \(changed.status.storedName), updated_at = \(now)
            WHERE client_order_id = \(Int64(order.id.rawValue)) AND status = \(order.status.storedName)
            """)
    }

    private func isRecorded(_ fill: Fill) throws -> Bool {
        try transaction.row(
            """
            SELECT 1 FROM order_amendments
            WHERE client_order_id = \(Int64(fill.orderID.rawValue)) AND trade_id = \(Int64(bitPattern: fill.tradeID))
            """) != nil
    }

    private func record(_ order: AmendedOrder, by fill: Fill, _ now: Timestamp) throws {
        let unit = instrument.unit
        try transaction.execute(
            """
            INSERT INTO order_amendments (client_order_id, trade_id, price_before, quantity_before, price, quantity, missing,
                amended_at)
            VALUES (\(Int64(order.id.rawValue)), \(Int64(bitPattern: fill.tradeID)), \(unit.decimal(order.before.price)),
                \(unit.decimal(order.before.quantity)), \(unit.decimal(order.after.price)),
                \(unit.decimal(order.after.quantity)), \(order.missing), \(now))
            """)
    }
}
