import Strategies
import TradingCore

/// While only reducing is allowed: nothing leads away from zero, nor beyond it.
extension ExecutionEngine {
    /// While only reducing is allowed: cancels what could bring the position further from zero, newest first, were
    /// everything that may still fill to fill.
    mutating func keepReducing(_ index: Int, _ now: Timestamp) {
        guard table[index].phase == .running, state(index) == .reducing else { return }
        let position = table[index].account.position.lots
        var room = SidePair(Int64(0))
        room.buy = max(0, 0 - position)
        room.sell = max(0, position)
        for slot in table[index].live.indices where table[index].live[slot].isLeaving {
            room[table[index].live[slot].side] -= table[index].live[slot].remaining.lots
        }
        for slot in table[index].live.indices {
            let order = table[index].live[slot]
            if order.isLeaving { continue }
            if order.remaining.lots <= room[order.side] {
                room[order.side] -= order.remaining.lots
            } else {
                cancel(index, slot, now)
            }
        }
    }

    /// Makes what the strategy wants no larger than what is left of the position, where that is still an order that the exchange
    /// takes: a position smaller than one order would stay for ever. A quote for which nothing is left stays as it is, and the
    /// gate refuses it.
    mutating func clipToPosition(_ index: Int) {
        let position = table[index].account.position.lots
        table[index].restIsTooSmall = false
        guard position != 0 else { return }
        let side: Side = position > 0 ? .sell : .buy
        let whole = position > 0 ? position : 0 - position
        var rest = whole
        for slot in table[index].live.indices where table[index].live[slot].side == side {
            let order = table[index].live[slot]
            if wanted.hanging.contains(order.id) { rest -= order.remaining.lots }
        }
        for slot in wanted.quotes.indices where wanted.quotes[slot].side == side {
            let quote = wanted.quotes[slot]
            if quote.quantity.lots > rest {
                guard let fitting = table.gates[index].fitting(rest, at: quote.price) else {
                    table[index].restIsTooSmall = rest == whole
                    return
                }
                wanted.quotes[slot].quantity = fitting
            }
            rest -= wanted.quotes[slot].quantity.lots
        }
    }
}
