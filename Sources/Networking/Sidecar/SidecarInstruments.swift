import Exchanges
import TradingCore

/// Tradable pairs made of what ccxt says of a market.
enum SidecarInstruments {
    /// The finest that a feed is expected to tell of quantities where orders are finer than one.
    private static let finestQuantity: FixedDecimal = "0.00000001"

    /// - Throws: why nothing can be traded there, naming field and rule.
    static func instrument(_ exchange: ExchangeID, _ market: ExchangeMarket) throws(InstrumentError) -> Instrument {
        guard case .tick(let tick)? = market.rounding.price, tick.isPositive else {
            throw .invalid(
                field: "precision.price", value: "\(market.rounding.price.map { "\($0)" } ?? "none")",
                rule: "a tick size")
        }
        guard case .step(let lot)? = market.rounding.amount, lot.isPositive else {
            throw .invalid(
                field: "precision.amount", value: "\(market.rounding.amount.map { "\($0)" } ?? "none")",
                rule: "a lot size")
        }
        let limits = market.limits
        // A limit of zero is ccxt's word for none.
        func bound(_ value: FixedDecimal?) -> FixedDecimal? { value.flatMap { $0.isPositive ? $0 : nil } }
        let instrument = Instrument(
            id: InstrumentID(exchange: exchange, symbol: market.symbol),
            unit: try BookUnit(price: tick, quantity: quantityUnit(lot)),
            rules: TradingRules(
                priceRounding: .tick(tick), lotSize: lot, minimumPrice: bound(limits.minimumPrice),
                maximumPrice: bound(limits.maximumPrice), minimumQuantity: bound(limits.minimumAmount),
                maximumQuantity: bound(limits.maximumAmount), maximumMarketQuantity: bound(limits.maximumMarketAmount),
                minimumNotional: bound(limits.minimumCost), maximumNotional: bound(limits.maximumCost)),
            fees: try fees(market))
        _ = try OrderRules(instrument)
        return instrument
    }

    /// What books count in: finer than the lot, since books show what is left of orders made under older rules; not so fine
    /// that the quantities of cheap assets leave 64 bits.
    static func quantityUnit(_ lot: FixedDecimal) -> FixedDecimal {
        if lot >= .one {
            let finer = FixedDecimal(raw: lot.raw / 10_000)
            return lot.isMultiple(of: finer) ? finer : lot
        }
        return lot.isMultiple(of: finestQuantity) ? finestQuantity : lot
    }

    private static func fees(_ market: ExchangeMarket) throws(InstrumentError) -> FeeSchedule {
        guard let maker = market.makerFee, let taker = market.takerFee else { return .free }
        return try FeeSchedule(maker: maker, taker: taker)
    }
}
