/// An instrument's trading rules counted in its own ticks and lots, so that a check is a few integer comparisons.
public struct OrderRules: Sendable {
    public let unit: BookUnit
    @usableFromInline let rounding: Rounding
    @usableFromInline let lotStep: Int64
    /// Every tick is an acceptable price.
    @usableFromInline let isWholeTick: Bool
    @usableFromInline let price: ClosedRange<Int64>
    @usableFromInline let quantity: ClosedRange<Int64>
    @usableFromInline let maximumMarketLots: Int64
    /// In ticks × lots.
    @usableFromInline let minimumNotional: Int128
    @usableFromInline let maximumNotional: Int128
    @usableFromInline let band: PriceBand?
    @inlinable
    public var hasPriceBand: Bool { band != nil }
    public let maximumOpenOrders: Int
    public let maximumPosition: FixedDecimal?

    @usableFromInline
    enum Rounding: Sendable {
        case step(Int64)
        case digits(Int)
    }

    /// Bounds that keep every product of ticks and lots inside `Int128`, with room for 10⁸ of them.
    public static let maximumTicks: Int64 = 1 << 40
    public static let maximumLots: Int64 = 1 << 60

    /// - Throws: ``InstrumentError`` naming the rule that does not fit the instrument's units.
    public init(_ instrument: Instrument) throws(InstrumentError) {
        let (unit, rules) = (instrument.unit, instrument.rules)
        self.unit = unit
        switch rules.priceRounding {
        case .tick(let size): rounding = .step(try OrderRules.count(size, of: unit.price, "tickSize"))
        case .significantDigits(let digits):
            guard (1...18).contains(digits) else {
                throw .invalid(field: "significantDigits", value: "\(digits)", rule: "1 to 18")
            }
            rounding = .digits(digits)
        }
        if case .step(1) = rounding { isWholeTick = true } else { isWholeTick = false }
        lotStep = try OrderRules.count(rules.lotSize, of: unit.quantity, "lotSize")
        price = try OrderRules.range(
            rules.minimumPrice, rules.maximumPrice, unit.price, cap: OrderRules.maximumTicks, "Price")
        quantity = try OrderRules.range(
            rules.minimumQuantity, rules.maximumQuantity, unit.quantity, cap: OrderRules.maximumLots, "Quantity")
        maximumMarketLots = try OrderRules.range(
            nil, rules.maximumMarketQuantity, unit.quantity, cap: quantity.upperBound, "MarketQuantity"
        ).upperBound
        minimumNotional = try OrderRules.notional(rules.minimumNotional, unit, .up, "minimumNotional") ?? 0
        // Without a rule, the most that `BookUnit.notional` can say: what passes the check can also be booked.
        maximumNotional =
            try OrderRules.notional(rules.maximumNotional, unit, .down, "maximumNotional")
            ?? Int128.max / unit.notional.raw
        band = try OrderRules.checked(rules.priceBand)
        if let maximum = rules.maximumOpenOrders, maximum < 1 {
            throw .invalid(field: "maximumOpenOrders", value: "\(maximum)", rule: "at least 1")
        }
        maximumOpenOrders = rules.maximumOpenOrders ?? .max
        maximumPosition = rules.maximumPosition
    }

    /// The first rule that an order at this limit price breaks, in Binance's order of checking; nil when it is good.
    /// - Parameter average: the reference of the price band; nil when there is none yet.
    @inlinable @inline(__always)
    public func violation(
        side: Side, price limit: Price, quantity amount: Quantity, average: Price?
    ) -> RuleViolation? {
        if limit.ticks < price.lowerBound || limit.ticks > price.upperBound { return .priceRange }
        if !isWholeTick, !OrderRules.isOnStep(limit, rounding) { return .priceStep }
        if let average, let band, !OrderRules.within(band, side, limit, average) { return .priceBand }
        if let violation = quantityViolation(amount) { return violation }
        let notional = Int128(limit.ticks) &* Int128(amount.lots)
        if notional < minimumNotional { return .minimumNotional }
        return notional > maximumNotional ? .maximumNotional : nil
    }

    /// The same for a market order, its notional taken at `reference`. Only the minimum: Binance's `applyMaxToMarket` is
    /// off where we trade.
    public func marketViolation(quantity amount: Quantity, reference: Price?) -> RuleViolation? {
        if let violation = quantityViolation(amount) { return violation }
        if amount.lots > maximumMarketLots { return .quantityRange }
        guard let reference else { return nil }
        return Int128(reference.ticks) &* Int128(amount.lots) < minimumNotional ? .minimumNotional : nil
    }

    @inlinable @inline(__always)
    func quantityViolation(_ amount: Quantity) -> RuleViolation? {
        if amount.lots < quantity.lowerBound || amount.lots > quantity.upperBound || amount.lots <= 0 {
            return .quantityRange
        }
        return lotStep != 1 && amount.lots % lotStep != 0 ? .quantityStep : nil
    }

    /// The nearest acceptable price: bids never above `price`, asks never below it.
    public func rounded(_ price: Price, for side: Side) -> Price {
        let step = self.step(at: price)
        let rest = price.ticks % step
        if rest == 0 { return price }
        return Price(ticks: side == .buy ? price.ticks - rest : price.ticks - rest + step)
    }

    /// The most whole lot steps within `quantity`.
    public func roundedDown(_ quantity: Quantity) -> Quantity {
        Quantity(lots: quantity.lots - quantity.lots % lotStep)
    }

    /// The smallest quantity acceptable at `price`, also by notional; nil when none is.
    public func minimumQuantity(at price: Price) -> Quantity? {
        guard price.ticks > 0 else { return nil }
        let (whole, rest) = minimumNotional.quotientAndRemainder(dividingBy: Int128(price.ticks))
        guard whole <= Int128(quantity.upperBound) else { return nil }
        let lots = max(quantity.lowerBound, Int64(whole) + (rest > 0 ? 1 : 0))
        let below = lots % lotStep
        let (stepped, overflow) = lots.addingReportingOverflow(below == 0 ? 0 : lotStep - below)
        guard !overflow, stepped <= quantity.upperBound, Int128(price.ticks) * Int128(stepped) <= maximumNotional
        else { return nil }
        return Quantity(lots: stepped)
    }

    /// Distance in ticks between acceptable prices around `price`.
    public func step(at price: Price) -> Int64 { OrderRules.step(at: price, rounding) }

    private static func step(at price: Price, _ rounding: Rounding) -> Int64 {
        switch rounding {
        case .step(let step): return step
        case .digits(let digits):
            var step: Int64 = 1
            var limit = Int64.powerOfTen(digits)
            while price.ticks >= limit, limit <= Int64.max / 10 {
                limit *= 10
                step *= 10
            }
            return step
        }
    }

    // Static: a call on all the rules would first copy them.
    @usableFromInline
    static func isOnStep(_ price: Price, _ rounding: Rounding) -> Bool { price.ticks % step(at: price, rounding) == 0 }

    @usableFromInline
    static func within(_ band: PriceBand, _ side: Side, _ limit: Price, _ average: Price) -> Bool {
        let (down, up) = side == .buy ? (band.bidDown, band.bidUp) : (band.askDown, band.askUp)
        let scaled = Int128(limit.ticks) &* FixedDecimal.one128
        return scaled >= Int128(average.ticks) &* down.raw && scaled <= Int128(average.ticks) &* up.raw
    }

    // MARK: - Reading rules in units

    private static func count(
        _ step: FixedDecimal, of unit: FixedDecimal, _ field: String
    ) throws(InstrumentError) -> Int64 {
        guard step.isPositive, step.isMultiple(of: unit), let count = try? step.count(of: unit, rounding: .down) else {
            throw .invalid(field: field, value: "\(step)", rule: "a positive multiple of the book unit \(unit)")
        }
        return count
    }

    /// - Parameter field: the name that follows `minimum` and `maximum`.
    private static func range(
        _ low: FixedDecimal?, _ high: FixedDecimal?, _ unit: FixedDecimal, cap: Int64, _ field: String
    ) throws(InstrumentError) -> ClosedRange<Int64> {
        var (lower, upper) = (Int64(1), cap)
        if let low {
            guard let count = try? low.count(of: unit, rounding: .up), count <= cap else {
                throw .invalid(field: "minimum\(field)", value: "\(low)", rule: "at most \(cap) steps of \(unit)")
            }
            lower = max(1, count)
        }
        if let high {
            // What cannot be counted lies beyond the cap, or below zero.
            let count = (try? high.count(of: unit, rounding: .down)) ?? (high.isNegative ? 0 : cap)
            guard count >= lower else {
                let least = low.map { " and the minimum \($0)" } ?? ""
                throw .invalid(field: "maximum\(field)", value: "\(high)", rule: "at least one step of \(unit)\(least)")
            }
            upper = min(count, cap)
        }
        return lower...upper
    }

    /// Multiples past a million are a slip, and would leave `Int128` when compared.
    private static func checked(_ band: PriceBand?) throws(InstrumentError) -> PriceBand? {
        guard let band else { return nil }
        for (field, down, up) in [("bidBand", band.bidDown, band.bidUp), ("askBand", band.askDown, band.askUp)]
        where down.isNegative || down > up || up > "1000000" {
            throw .invalid(
                field: field, value: "\(down) to \(up)", rule: "a range that is not empty within 0 to 1000000")
        }
        return band
    }

    private static func notional(
        _ value: FixedDecimal?, _ unit: BookUnit, _ rounding: TradingCore.Rounding, _ field: String
    ) throws(InstrumentError) -> Int128? {
        guard let value else { return nil }
        guard !value.isNegative else {
            throw .invalid(field: field, value: "\(value)", rule: "0 or more")
        }
        let (quotient, remainder) = value.raw.quotientAndRemainder(dividingBy: unit.notional.raw)
        return quotient + (rounding == .up && remainder != 0 ? 1 : 0)
    }
}

/// Which trading rule an order breaks, by the name of Binance's filter for it.
public enum RuleViolation: UInt8, CaseIterable, Error, Codable, Sendable {
    case priceRange
    case priceStep
    case priceBand
    case quantityRange
    case quantityStep
    case minimumNotional
    case maximumNotional
    case openOrders
    case position

    /// The filter of Binance Spot that says the same.
    public var filterName: String {
        switch self {
        case .priceRange, .priceStep: "PRICE_FILTER"
        case .priceBand: "PERCENT_PRICE_BY_SIDE"
        case .quantityRange, .quantityStep: "LOT_SIZE"
        case .minimumNotional, .maximumNotional: "NOTIONAL"
        case .openOrders: "MAX_NUM_ORDERS"
        case .position: "MAX_POSITION"
        }
    }

    /// Filters of which Binance Spot has more than one for the same thing.
    public var otherFilterNames: [String] {
        switch self {
        case .priceBand: ["PERCENT_PRICE"]
        case .quantityRange: ["MARKET_LOT_SIZE"]
        case .minimumNotional: ["MIN_NOTIONAL"]
        case .openOrders: ["MAX_NUM_ALGO_ORDERS", "EXCHANGE_MAX_NUM_ORDERS"]
        case .priceRange, .priceStep, .quantityStep, .maximumNotional, .position: []
        }
    }
}
