import TradingCore

extension ExchangeOrder {
    /// With everything filled in that follows from the rest (`docs/exchanges.md`, derived fields).
    /// - Throws: when a sum or product is out of range.
    public func completed() throws(UnreadableAnswer) -> ExchangeOrder {
        var order = self
        order.price = Derived.nonZero(price)
        order.average = Derived.nonZero(average)
        order.amount = Derived.nonZero(amount)
        try order.addUpTrades()
        try order.deriveAmounts()
        try order.deriveCost()
        order.mergeFees()
        order.deriveTimeInForce()
        return order
    }

    private mutating func addUpTrades() throws(UnreadableAnswer) {
        guard !trades.isEmpty else { return }
        var totalAmount = FixedDecimal.zero
        var totalCost = FixedDecimal.zero
        for (index, trade) in trades.enumerated() {
            let complete = try trade.completed()
            trades[index] = complete
            totalAmount = try Derived.sum(totalAmount, complete.amount ?? .zero, "filled")
            totalCost = try Derived.sum(totalCost, complete.cost ?? .zero, "cost")
            if let time = complete.time { lastTradeAt = max(lastTradeAt ?? time, time) }
        }
        if filled == nil { filled = totalAmount }
        if cost == nil { cost = totalCost }
        if fees.isEmpty { fees = trades.flatMap(\.fees) }
    }

    private mutating func deriveAmounts() throws(UnreadableAnswer) {
        if amount == nil, let filled, let remaining {
            amount = Derived.nonZero(try Derived.sum(filled, remaining, "amount"))
        }
        if status == .closed, let amount {
            if filled == nil { filled = remaining == nil ? amount : nil }
            if remaining == nil, filled == amount { remaining = .zero }
        }
        if filled == nil, let amount, let remaining {
            filled = try Derived.difference(amount, remaining, "filled")
        }
        if remaining == nil, let amount, let filled {
            remaining = try Derived.difference(amount, filled, "remaining")
        }
    }

    private mutating func deriveCost() throws(UnreadableAnswer) {
        if average == nil, let filled, let cost, filled.isPositive, !cost.isZero {
            average = Derived.nonZero(try Derived.quotient(cost, filled, "average"))
        }
        if cost == nil, let filled, let price = average ?? price {
            cost = try Derived.product(filled, price, "cost")
        }
        if type == .market, price == nil { price = average }
    }

    private mutating func mergeFees() {
        var merged: [ExchangeFee] = []
        for fee in fees {
            if let index = merged.firstIndex(where: { $0.asset == fee.asset }),
                let sum = try? merged[index].cost.adding(fee.cost)
            {
                merged[index].cost = sum
                if merged[index].rate != fee.rate { merged[index].rate = nil }
            } else {
                merged.append(fee)
            }
        }
        fees = merged
    }

    private mutating func deriveTimeInForce() {
        if timeInForce == nil {
            if type == .market { timeInForce = .immediateOrCancel }
            if isPostOnly == true { timeInForce = .postOnly }
        } else if isPostOnly == nil || timeInForce == .postOnly {
            isPostOnly = timeInForce == .postOnly
        }
    }
}
