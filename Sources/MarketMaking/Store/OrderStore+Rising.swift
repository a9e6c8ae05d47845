import Execution
import Persistence
import TradingCore

/// An order that was refused, or that the exchange knew nothing of, and that is there after all.
struct RisenOrder: Hashable, Sendable {
    var id: ClientOrderID
    var instanceID: Int64
    /// What it should hold and the account has not free: zero but where its funds went to other orders meanwhile.
    var missing: FixedDecimal
    /// The strategy was halted for that.
    var isHalted = false
}

/// Gathers what has risen while steps are carried out.
final class RisenOrders {
    var all: [RisenOrder] = []
}

extension OrderStore {
    /// An order whose row says that it never was rests or trades at the exchange: the row lives again, with its funds reserved
    /// anew. Where the account has not enough free, what there is is held, and its strategy is halted: what the account's
    /// orders may cost is more than it has.
    /// - Returns: false when the row is not as it was read.
    @discardableResult
    func rise(_ order: StoredOrder, filled: Quantity, now: Timestamp) throws -> Bool {
        guard try set(order.id, .open, filled: filled, from: order, now) else { return false }
        // With what of it has traded just now: that is posted from what it holds, too.
        let hold = hold(order, lots: order.quantity.lots - order.filled.lots)
        let missing = try ledger.reserveAnew(FixedDecimal(raw: hold.amount), hold.asset, for: order.id, now: now)
        let isHalted = missing.isPositive ? try halt(order.instanceID, .uncoveredOrder, now) : false
        risen?.all.append(
            RisenOrder(id: order.id, instanceID: order.instanceID, missing: missing, isHalted: isHalted))
        return true
    }

    /// Stored with the order's row, so that a kill between the two is none. One that is stopped has nothing to halt, and
    /// people are told by the alarm.
    func halt(_ instanceID: Int64, _ reason: HaltReason, _ now: Timestamp) throws -> Bool {
        let row = try transaction.row(
            """
            SELECT strategy_key FROM strategy_instances WHERE id = \(instanceID) AND status <> 'stopped'
                AND strategy_type <> \(StrategyType.direct.rawValue)
            """)
        guard let key: String = try row?.get("strategy_key") else { return false }
        try TradingStateStore(transaction: transaction).put(
            TradingStateEntry(
                scope: .session(key), state: .halted, reason: reason.code, setBy: "kill switch",
                setAt: now))
        return true
    }
}
