public import TradingCore

/// Orders of ours that somebody has changed at the exchange.
extension ExecutionEngine {
    /// Takes over what an order's price and amount are by the exchange's word. Its fills are judged by them from here on, also after
    /// its end. Of one that was only ever listed nothing was known that could have changed.
    public mutating func amend(_ id: ClientOrderID, price: Price, quantity: Quantity) {
        guard let index = sessionIndex(of: id) else { return }
        guard let position = table[index].index(of: id) else {
            table[index].ended.amend(id, price: price, quantity: quantity)
            return
        }
        let before = table[index].live[position]
        guard !before.isAdopted else { return }
        table[index].release(before, lots: before.remaining.lots, instrument.unit)
        table[index].live[position].price = price
        table[index].live[position].quantity = quantity
        let after = table[index].live[position]
        table[index].reserve(after.side, after.price, after.remaining.lots, instrument.unit)
    }
}
