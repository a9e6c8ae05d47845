import Exchanges
import TradingCore

/// An exchange's market as an instrument: the steps to count in, and what an order is checked against.
enum MarketUnits {
    /// What cannot be told from a market alone.
    struct Known {
        /// The units that the instrument was counted in before; they never change.
        var unit: BookUnit?
        /// For markets whose steps follow the price (Bitfinex).
        var lastPrice: FixedDecimal?
        /// What a fee token is worth in quote; zero where that is not known.
        var feeTokenPrice: FixedDecimal?
    }

    /// - Throws: ``InstrumentError`` for a market that cannot be counted in whole units: which rule stands in the way.
    static func instrument(
        _ market: ExchangeMarket, on exchange: ExchangeID, feeToken: AssetID?, _ known: Known
    ) throws(InstrumentError) -> Instrument {
        let unit: BookUnit
        if let before = known.unit { unit = before } else { unit = try self.unit(market, known.lastPrice) }
        let instrument = Instrument(
            id: InstrumentID(exchange: exchange, symbol: market.symbol), unit: unit, rules: try rules(market, unit),
            fees: try fees(market, feeToken, known.feeTokenPrice))
        // Throws where rules and units do not go together, as after a tick size became finer than it was.
        _ = try OrderRules(instrument)
        return instrument
    }

    private static func unit(
        _ market: ExchangeMarket, _ lastPrice: FixedDecimal?
    ) throws(InstrumentError) -> BookUnit {
        let quantity = try quantityUnit(market)
        switch market.rounding.price {
        case .tick(let tick):
            if let unit = try? BookUnit(price: tick, quantity: quantity) { return unit }
            return try BookUnit(price: tick, quantity: try step(market))
        case .significantDigits(let digits, let most):
            guard let lastPrice, lastPrice.isPositive else {
                throw .invalid(field: "price", value: "none", rule: "known, for a market whose ticks follow it")
            }
            let finest = FixedDecimal(raw: power(18 - most))
            // Room for a price a hundred times lower with all its digits, and ten thousand times higher.
            let wanted = power(max(0, digitCount(lastPrice.raw) - digits - 2))
            return try BookUnit(price: max(finest, FixedDecimal(raw: wanted)), quantity: quantity)
        case nil: throw .invalid(field: "tickSize", value: "none", rule: "told by the exchange")
        }
    }

    /// Feeds show quantities finer than today's step, and the step changes: small ones are counted in 10⁻⁸. Coarse ones, of
    /// what costs next to nothing, could not be counted so.
    private static func quantityUnit(_ market: ExchangeMarket) throws(InstrumentError) -> FixedDecimal {
        let step = try step(market)
        let fine: FixedDecimal = "0.00000001"
        return step < "1" && step.isMultiple(of: fine) ? fine : step
    }

    private static func step(_ market: ExchangeMarket) throws(InstrumentError) -> FixedDecimal {
        switch market.rounding.amount {
        case .step(let step): return step
        case .fractionDigits(let digits) where (0...18).contains(digits): return FixedDecimal(raw: power(18 - digits))
        default: throw .invalid(field: "lotSize", value: "none", rule: "told by the exchange")
        }
    }

    private static func rules(
        _ market: ExchangeMarket, _ unit: BookUnit
    ) throws(InstrumentError) -> TradingRules {
        let limits = market.limits
        let rounding: PriceRounding =
            switch market.rounding.price {
            case .tick(let tick): .tick(tick)
            case .significantDigits(let digits, _): .significantDigits(digits)
            case nil: .tick(unit.price)
            }
        let least = [limits.minimumCost, limits.minimumFunds].compactMap { $0 }.max()
        return TradingRules(
            priceRounding: rounding, lotSize: try step(market), minimumPrice: limits.minimumPrice,
            maximumPrice: positive(limits.maximumPrice), minimumQuantity: limits.minimumAmount,
            maximumQuantity: positive(limits.maximumAmount),
            maximumMarketQuantity: positive(limits.maximumMarketAmount),
            minimumNotional: least, maximumNotional: positive(limits.maximumCost), priceBand: market.priceBand,
            maximumOpenOrders: market.maximumOpenOrders.flatMap { $0 > 0 ? $0 : nil })
    }

    private static func fees(
        _ market: ExchangeMarket, _ token: AssetID?, _ price: FixedDecimal?
    ) throws(InstrumentError) -> FeeSchedule {
        var payment = FeePayment.received
        if let token, token != market.symbol.base, token != market.symbol.quote {
            payment = .third(token, priceInQuote: price ?? .zero, discount: .zero)
        }
        return try FeeSchedule(maker: market.makerFee ?? .zero, taker: market.takerFee ?? .zero, payment: payment)
    }

    /// Zero switches a rule off.
    private static func positive(_ value: FixedDecimal?) -> FixedDecimal? {
        value.flatMap { $0.isPositive ? $0 : nil }
    }

    private static func digitCount(_ raw: Int128) -> Int {
        var (rest, count) = (raw, 0)
        while rest > 0 {
            rest /= 10
            count += 1
        }
        return count
    }

    private static func power(_ exponent: Int) -> Int128 {
        var power: Int128 = 1
        for _ in 0..<min(max(0, exponent), 36) { power *= 10 }
        return power
    }
}

extension BookUnit {
    /// Whole ticks; nil between two of them, or beyond what can be counted.
    func ticks(_ price: FixedDecimal) -> Int64? {
        guard price.isMultiple(of: self.price) else { return nil }
        return try? price.count(of: self.price, rounding: .down)
    }

    func lots(_ amount: FixedDecimal) -> Int64? {
        guard amount.isMultiple(of: quantity) else { return nil }
        return try? amount.count(of: quantity, rounding: .down)
    }

    /// What others show: exact where it can be, and never nothing where there is something.
    func shownLots(_ amount: FixedDecimal) -> Int64? {
        if amount.isZero { return 0 }
        guard amount.isPositive, let lots = try? amount.count(of: quantity, rounding: .down) else { return nil }
        return max(1, lots)
    }
}
