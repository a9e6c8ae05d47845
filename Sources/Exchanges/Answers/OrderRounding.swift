public import TradingCore

/// How an exchange wants the numbers of an order: amounts and costs are cut down, prices rounded half up.
public struct OrderRounding: Hashable, Sendable {
    public enum Amount: Hashable, Sendable {
        /// Whole multiples.
        case step(FixedDecimal)
        /// At most so many fractional digits.
        case fractionDigits(Int)
    }

    public enum Price: Hashable, Sendable {
        case tick(FixedDecimal)
        /// So many significant digits, and at most so many fractional ones (Bitfinex: 5 and 8).
        case significantDigits(Int, maximumFractionDigits: Int)
    }

    /// Nil where the exchange does not say.
    public var amount: Amount?
    public var price: Price?
    /// Step of a cost in quote; nil: that of prices.
    public var cost: FixedDecimal?
    /// Steps of the assets themselves, where told apart.
    public var base: FixedDecimal?
    public var quote: FixedDecimal?

    public init(
        amount: Amount?, price: Price?, cost: FixedDecimal? = nil, base: FixedDecimal? = nil,
        quote: FixedDecimal? = nil
    ) {
        self.amount = amount
        self.price = price
        self.cost = cost
        self.base = base
        self.quote = quote
    }
}

extension ExchangeMarket {
    /// - Throws: `invalidOrder` when nothing is left.
    public func rounded(amount value: FixedDecimal) throws(ExchangeFailure) -> FixedDecimal {
        let result = try named("amount", value) { () throws(ArithmeticError) in
            switch rounding.amount {
            case .step(let step): try value.rounded(toMultipleOf: step, .down)
            case .fractionDigits(let digits): try value.rounded(toFractionDigits: digits, .down)
            case nil: value
            }
        }
        guard !result.isZero else { throw tooSmall("amount", value) }
        return result
    }

    /// - Throws: `invalidOrder` when nothing is left.
    public func rounded(price value: FixedDecimal) throws(ExchangeFailure) -> FixedDecimal {
        let result = try named("price", value) { () throws(ArithmeticError) in
            switch rounding.price {
            case .tick(let tick): return try value.rounded(toMultipleOf: tick, .halfUp)
            case .significantDigits(let digits, let maximum):
                return try value.rounded(toSignificantDigits: digits, .halfUp).rounded(
                    toFractionDigits: maximum, .down)
            case nil: return value
            }
        }
        guard !result.isZero else { throw tooSmall("price", value) }
        return result
    }

    /// - Parameter value: in quote.
    /// - Throws: `invalidOrder` when nothing is left.
    public func rounded(cost value: FixedDecimal) throws(ExchangeFailure) -> FixedDecimal {
        let result = try named("cost", value) { () throws(ArithmeticError) in
            if let step = rounding.cost { return try value.rounded(toMultipleOf: step, .down) }
            switch rounding.price {
            case .tick(let tick): return try value.rounded(toMultipleOf: tick, .down)
            case .significantDigits(_, let maximum): return try value.rounded(toFractionDigits: maximum, .down)
            case nil: return value
            }
        }
        guard !result.isZero else { throw tooSmall("cost", value) }
        return result
    }

    private func named(
        _ field: String, _ value: FixedDecimal, _ round: () throws(ArithmeticError) -> FixedDecimal
    ) throws(ExchangeFailure) -> FixedDecimal {
        do { return try round() } catch {
            throw ExchangeFailure(.invalidOrder, message: "\(field) \(value) of \(symbol) cannot be rounded: \(error)")
        }
    }

    private func tooSmall(_ field: String, _ value: FixedDecimal) -> ExchangeFailure {
        ExchangeFailure(
            .invalidOrder, message: "\(field) \(value) of \(symbol) must be greater than minimum precision")
    }
}

extension FixedDecimal {
    /// - Parameter digits: 1 or more.
    func rounded(toSignificantDigits digits: Int, _ rounding: Rounding) throws(ArithmeticError) -> FixedDecimal {
        if isZero { return self }
        var size = raw.magnitude
        var length = 0
        while size > 0 {
            size /= 10
            length += 1
        }
        guard length > digits else { return self }
        var step: Int128 = 1
        for _ in 0..<(length - digits) { step *= 10 }
        return try rounded(toMultipleOf: FixedDecimal(raw: step), rounding)
    }
}
