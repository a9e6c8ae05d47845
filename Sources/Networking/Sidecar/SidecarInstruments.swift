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
            fees: try fees(market, feeToken(exchange)))
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

    /// What fees can be paid in beside what is traded, by ccxt's names of the exchanges. ccxt does not say it; the exchanges'
    /// own pages on fees do.
    private static let feeTokens = [
        "ascendex": "ASD", "binance": "BNB", "binanceus": "BNB", "bitget": "BGB", "bitmart": "BMX", "bitrue": "BTR",
        "bybit": "MNT", "coinex": "CET", "gate": "GT", "gateio": "GT", "htx": "HTX", "huobi": "HTX", "kucoin": "KCS",
        "mexc": "MX", "poloniex": "TRX", "probit": "PROB",
    ]

    static func feeToken(_ exchange: ExchangeID) -> AssetID? { feeTokens[exchange.rawValue].map { AssetID($0) } }

    private static func fees(_ market: ExchangeMarket, _ token: AssetID?) throws(InstrumentError) -> FeeSchedule {
        var payment = FeePayment.received
        if let token, token != market.symbol.base, token != market.symbol.quote {
            payment = .third(token, priceInQuote: .zero, discount: .zero)
        }
        return try FeeSchedule(maker: market.makerFee ?? .zero, taker: market.takerFee ?? .zero, payment: payment)
    }

    /// With what a fee token is worth in the instrument's quote, where that is known: an estimate.
    static func priced(_ instrument: Instrument, _ prices: [AssetID: FixedDecimal]) -> Instrument {
        guard case .third(let token, _, let discount) = instrument.fees.payment, let price = prices[instrument.quote],
            let fees = try? FeeSchedule(
                maker: instrument.fees.maker, taker: instrument.fees.taker,
                payment: .third(token, priceInQuote: price, discount: discount))
        else { return instrument }
        return Instrument(id: instrument.id, unit: instrument.unit, rules: instrument.rules, fees: fees)
    }
}
