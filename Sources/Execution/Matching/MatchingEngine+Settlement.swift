import TradingCore

/// What a fill does to balances.
extension MatchingEngine {
    /// A resting order trades with the recorded market at its own price, and leaves when nothing remains of it.
    mutating func fillMaker(_ side: Side, _ index: Int, lots: Int64, at time: Timestamp, balances: inout PaperBalances)
    {
        let (account, request) = (orders[side][index].account, orders[side][index].request)
        let cost = quoteRaw(request.price.ticks, lots)
        if side == .buy {
            balances.moveLocked(cost, assets.quote, from: account, to: PaperBalances.market)
            balances.move(baseRaw(lots), assets.base, from: PaperBalances.market, to: account)
        } else {
            balances.moveLocked(baseRaw(lots), assets.base, from: account, to: PaperBalances.market)
            balances.move(cost, assets.quote, from: PaperBalances.market, to: account)
        }
        reportFill(
            account, request, lots: lots, price: request.price, .maker, trade: newTradeID(), time,
            balances: &balances)
        reduce(side, index, by: lots)
    }

    mutating func reportFill(
        _ account: AccountID, _ request: OrderRequest, lots: Int64, price: Price, _ liquidity: Liquidity,
        trade: UInt64, _ time: Timestamp, balances: inout PaperBalances
    ) {
        let (fee, asset) = chargeFee(
            account, request.side, lots: lots, cost: quoteRaw(price.ticks, lots), liquidity, balances: &balances)
        report(
            account,
            .filled(
                Fill(
                    tradeID: trade, orderID: request.id, side: request.side, price: price,
                    quantity: Quantity(lots: lots), liquidity: liquidity, fee: fee, feeAsset: asset, time: time)))
    }

    /// Before anything has traded: the number of the first trade.
    public mutating func numberTrades(from first: UInt64) { nextTradeID = first }

    mutating func newTradeID() -> UInt64 {
        defer { nextTradeID += 1 }
        return nextTradeID
    }

    /// Takes the fee from what the account received, or from a third asset that covers all of it.
    private mutating func chargeFee(
        _ account: AccountID, _ side: Side, lots: Int64, cost: Int128, _ liquidity: Liquidity,
        balances: inout PaperBalances
    ) -> (FixedDecimal, FeeAsset) {
        let rate = liquidity == .maker ? instrument.fees.maker : instrument.fees.taker
        let received: FeeAsset = side == .buy ? .base : .quote
        if rate.isZero { return (.zero, received) }
        if case .third(_, let price, let discount) = instrument.fees.payment, let index = assets.fee,
            let fee = thirdAssetFee(cost: cost, rate, price, discount), balances.freeRaw(account, index) >= fee.raw
        {
            balances.move(fee.raw, index, from: account, to: PaperBalances.fees)
            return (fee, index == assets.base ? .base : index == assets.quote ? .quote : .other(0))
        }
        let amount = side == .buy ? baseRaw(lots) : cost
        let fee = roundedFee(FixedDecimal(raw: amount), rate)
        balances.move(fee.raw, side == .buy ? assets.base : assets.quote, from: account, to: PaperBalances.fees)
        return (fee, received)
    }

    /// Rounded in the exchange's favour; never more than the amount itself, so that no balance goes below zero.
    private func roundedFee(_ amount: FixedDecimal, _ rate: FixedDecimal) -> FixedDecimal {
        guard let exact = try? amount.multiplied(by: rate, rounding: .ceiling),
            let rounded = try? exact.rounded(toFractionDigits: instrument.fees.assetDigits, .ceiling)
        else { return .zero }
        return min(rounded, amount)
    }

    private func thirdAssetFee(
        cost: Int128, _ rate: FixedDecimal, _ price: FixedDecimal, _ discount: FixedDecimal
    ) -> FixedDecimal? {
        guard let full = try? FixedDecimal(raw: cost).multiplied(by: rate, rounding: .ceiling),
            let left = try? FixedDecimal.one.subtracting(discount),
            let due = try? full.multiplied(by: left, rounding: .ceiling),
            let fee = try? due.divided(by: price, rounding: .ceiling)
        else { return nil }
        return try? fee.rounded(toFractionDigits: instrument.fees.assetDigits, .ceiling)
    }

    // MARK: - Amounts

    @inline(__always)
    func quoteRaw(_ ticks: Int64, _ lots: Int64) -> Int128 {
        instrument.unit.notional.raw &* (Int128(ticks) &* Int128(lots))
    }

    @inline(__always)
    func baseRaw(_ lots: Int64) -> Int128 { instrument.unit.quantity.raw &* Int128(lots) }

    /// What an order locks for so many lots: quote of a buy at its limit, base of a sell.
    @inline(__always)
    func reserve(_ request: OrderRequest, _ lots: Int64) -> Int128 {
        request.side == .buy ? quoteRaw(request.price.ticks, lots) : baseRaw(lots)
    }

    /// Whether what an order would move can be counted at all. Nobody owns more than that.
    @inline(__always)
    func isCountable(_ request: OrderRequest, at ticks: Int64) -> Bool {
        // Nearly every order: 2³⁴ ticks of 2⁴⁰ lots at 2⁵⁰ raw each stay below 2¹²⁴.
        if ticks < 1 << 34, request.quantity.lots < 1 << 40, hasSmallUnits { return true }
        let lots = Int128(request.quantity.lots)
        return !instrument.unit.quantity.raw.multipliedReportingOverflow(by: lots).overflow
            && !instrument.unit.notional.raw.multipliedReportingOverflow(by: Int128(ticks) &* lots).overflow
    }

    @inline(__always)
    func reservedAsset(_ side: Side) -> PaperBalances.AssetIndex { side == .buy ? assets.quote : assets.base }

    /// Frees part of what is locked for an order on its way in.
    func release(_ amount: Int128, of taker: inout IncomingOrder, balances: inout PaperBalances) {
        assert(taker.reserved >= amount, "releasing more than was reserved")
        taker.reserved -= amount
        balances.unlock(amount, reservedAsset(taker.request.side), of: taker.account)
    }

    @inline(__always)
    func unlockFunds(_ request: OrderRequest, lots: Int64, _ account: AccountID, balances: inout PaperBalances) {
        balances.unlock(reserve(request, lots), reservedAsset(request.side), of: account)
    }
}
