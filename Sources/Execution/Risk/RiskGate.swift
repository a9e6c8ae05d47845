import TradingCore

/// Proof that a value has passed the ``RiskGate``. Only the gate makes one, and only it can be sent.
public struct Approved<Value: Sendable>: Sendable {
    public let value: Value

    fileprivate init(_ value: Value) {
        self.value = value
    }
}

extension Approved: Equatable where Value: Equatable {}
extension Approved: Hashable where Value: Hashable {}

/// The last check before an order leaves. Every refusal has a name.
@usableFromInline
struct RiskGate: ~Copyable, Sendable {
    private let rules: OrderRules
    private let limits: RiskLimits
    private let maximumLots: Int64
    private let maximumNotional: Int128
    private let maximumPositionLots: Int64
    private let inPlace = InPlace()

    init(_ limits: RiskLimits, rules: OrderRules) {
        self.rules = rules
        self.limits = limits
        func lots(_ value: FixedDecimal?) -> Int64 {
            value.map { (try? $0.count(of: rules.unit.quantity, rounding: .down)) ?? .max } ?? .max
        }
        maximumLots = lots(limits.maximumOrderQuantity)
        maximumPositionLots = lots(limits.maximumPosition)
        maximumNotional = limits.maximumOrderNotional.map { $0.raw / rules.unit.notional.raw } ?? .max
    }

    /// What an order is judged against, besides itself.
    struct Context {
        var state: TradingState
        /// The first reason why no order at all may go, if any.
        var blockage: RiskRefusal?
        /// Dearest buy and cheapest sell.
        var highestBuy: Int64
        var lowestSell: Int64
        var positionLots: Int64
        /// Lots of live orders on each side.
        var openBuyLots: Int64
        var openSellLots: Int64
        var openOrders: Int
        /// Live orders of all sessions: the exchange's own limit is the account's.
        var accountOrders: Int
        var freeBase: Int128
        var freeQuote: Int128
        /// Best prices of our own live orders, of any session.
        var ownBestBid: Int64
        var ownBestAsk: Int64
        var now: Timestamp
    }

    /// - Parameter budget: is drawn on only when everything else is in order.
    @inline(__always)
    func judge(
        _ request: OrderRequest, _ context: borrowing Context, budget: inout OrderBudget?
    ) -> Result<Approved<OrderRequest>, RiskRefusal> {
        if let refusal = refusal(of: request, context) { return .failure(refusal) }
        if budget?.takeOrder(at: context.now) == false { return .failure(.orderBudget) }
        return .success(Approved(request))
    }

    @inline(__always)
    private func refusal(of request: OrderRequest, _ context: borrowing Context) -> RiskRefusal? {
        let (ticks, lots, isBuy) = (request.price.ticks, request.quantity.lots, request.side == .buy)
        if context.state == .halted { return .tradingHalted }
        if context.state == .reducing, !reduces(request, context) { return .onlyReducing }
        if let blockage = context.blockage { return blockage }
        if let violation = rules.violation(
            side: request.side, price: request.price, quantity: request.quantity, average: nil)
        {
            return .rule(violation)
        }
        if isBuy ? ticks > context.highestBuy : ticks < context.lowestSell { return .priceCollar }
        if lots > maximumLots { return .orderQuantity }
        let notional = Int128(ticks) &* Int128(lots)
        if notional > maximumNotional { return .orderNotional }
        let exposure =
            isBuy
            ? context.positionLots &+ context.openBuyLots &+ lots
            : context.openSellLots &+ lots &- context.positionLots
        if exposure > maximumPositionLots { return .positionLimit }
        if context.openOrders >= limits.maximumOpenOrders { return .openOrdersLimit }
        if context.accountOrders >= rules.maximumOpenOrders { return .openOrdersLimit }
        let isShort =
            isBuy
            ? rules.unit.notional.raw &* notional > context.freeQuote
            : rules.unit.quantity.raw &* Int128(lots) > context.freeBase
        if isShort { return .insufficientBalance }
        if limits.preventsOwnCross, isBuy ? ticks >= context.ownBestAsk : ticks <= context.ownBestBid {
            return .ownOrderCross
        }
        return nil
    }

    /// The most within `lots` that the exchange takes as an order at `price`; nil when that is too little for it.
    func fitting(_ lots: Int64, at price: Price) -> Quantity? {
        guard lots > 0, let least = rules.minimumQuantity(at: price) else { return nil }
        let quantity = rules.roundedDown(Quantity(lots: lots))
        return quantity.lots >= least.lots ? quantity : nil
    }

    /// Whether an order, and every open one on its side with it, only brings the position back towards zero.
    @inline(__always)
    private func reduces(_ request: OrderRequest, _ context: borrowing Context) -> Bool {
        request.side == .buy
            ? context.openBuyLots + request.quantity.lots <= -context.positionLots
            : context.openSellLots + request.quantity.lots <= context.positionLots
    }
}
