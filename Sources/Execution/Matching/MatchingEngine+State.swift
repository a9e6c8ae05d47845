public import TradingCore

/// Everything in a matching engine that decides what comes next, for a store. Taken between two messages of the market.
public struct MatchingEngineState: Codable, Sendable {
    var book: OrderBookState
    var isOpen: Bool
    var isRebuilding: Bool
    var isUnsettled: Bool
    var lastTradePrice: Price?
    var bids: [RestingOrder]
    var asks: [RestingOrder]
    var consumed: ConsumedVolume
    var average: AveragePrice
    var nextTradeID: UInt64
    var openOrders: [Int32]
    var unmatched: UnmatchedReports?
}

extension MatchingEngine {
    public var state: MatchingEngineState {
        MatchingEngineState(
            book: book.state, isOpen: isOpen, isRebuilding: isRebuilding, isUnsettled: isUnsettled,
            lastTradePrice: lastTradePrice, bids: orders[.buy].orders, asks: orders[.sell].orders, consumed: consumed,
            average: average, nextTradeID: nextTradeID, openOrders: openOrders, unmatched: unmatched)
    }

    /// Becomes the engine that a state was taken of. Made with the same instrument and configuration, and new.
    public mutating func restore(_ state: MatchingEngineState) {
        book.restore(state.book)
        (isOpen, isRebuilding, isUnsettled) = (state.isOpen, state.isRebuilding, state.isUnsettled)
        lastTradePrice = state.lastTradePrice
        for order in state.bids { orders[.buy].insert(order, at: orders[.buy].count) }
        for order in state.asks { orders[.sell].insert(order, at: orders[.sell].count) }
        hasOrders = orders.count > 0
        (consumed, average, unmatched) = (state.consumed, state.average, state.unmatched)
        (nextTradeID, openOrders) = (state.nextTradeID, state.openOrders)
    }
}

/// A paper exchange's balances, for a store. Amounts of accounts by assets, free and locked by turns.
public struct PaperBalancesState: Codable, Sendable {
    var assets: [AssetID]
    var accounts: [[FixedDecimal]]
}

extension PaperBalances {
    public var state: PaperBalancesState {
        PaperBalancesState(
            assets: assets,
            accounts: (0..<accountCount).map { account in
                assets.flatMap { asset -> [FixedDecimal] in
                    guard let index = index(of: asset) else { return [] }
                    let balance = balance(AccountID(Int32(account)), index)
                    return [balance.free, balance.locked]
                }
            })
    }

    /// - Throws: ``ArithmeticError`` when the amounts are not what ``state`` gives.
    public init(_ state: PaperBalancesState) throws(ArithmeticError) {
        self.init(assets: state.assets)
        while accountCount < state.accounts.count { _ = openAccount() }
        for (number, amounts) in state.accounts.enumerated() {
            let account = AccountID(Int32(number))
            guard amounts.count == 2 * assets.count else { throw .overflow }
            for (column, asset) in assets.enumerated() {
                guard let index = index(of: asset) else { throw .overflow }
                let (free, locked) = (amounts[2 * column], amounts[2 * column + 1])
                try deposit(try free.adding(locked), index, to: account)
                if !locked.isZero, !lock(locked.raw, index, of: account) { throw .overflow }
            }
        }
    }
}
