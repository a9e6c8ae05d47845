public import TradingCore

/// A market's last day in figures.
public struct ExchangeTicker: Hashable, Sendable {
    public var symbol: Symbol?
    /// Milliseconds since 1970.
    public var time: Int64?
    public var high: FixedDecimal?
    public var low: FixedDecimal?
    public var bid: FixedDecimal?
    public var bidAmount: FixedDecimal?
    public var ask: FixedDecimal?
    public var askAmount: FixedDecimal?
    public var vwap: FixedDecimal?
    public var open: FixedDecimal?
    public var last: FixedDecimal?
    public var previousClose: FixedDecimal?
    public var change: FixedDecimal?
    /// In hundredths.
    public var percentage: FixedDecimal?
    public var average: FixedDecimal?
    public var baseVolume: FixedDecimal?
    public var quoteVolume: FixedDecimal?

    public init(symbol: Symbol?, time: Int64? = nil) {
        self.symbol = symbol
        self.time = time
    }

    /// With everything filled in that follows from the rest, zeros taken for "none" (`docs/exchanges.md`, derived fields).
    /// - Parameter market: whose tick the average is cut to.
    public func completed(_ market: ExchangeMarket?) throws(UnreadableAnswer) -> ExchangeTicker {
        var ticker = self
        ticker.open = Derived.nonZero(open)
        ticker.last = Derived.nonZero(last)
        ticker.percentage = Derived.nonZero(percentage)
        ticker.average = Derived.nonZero(average)
        ticker.bid = Derived.nonZero(bid)
        ticker.ask = Derived.nonZero(ask)
        ticker.high = Derived.nonZero(high)
        ticker.low = Derived.nonZero(low)
        if vwap == nil, let quoteVolume, let baseVolume, baseVolume.isPositive {
            ticker.vwap = try Derived.quotient(quoteVolume, baseVolume, "vwap")
        }
        try ticker.derivePrices()
        try ticker.deriveAverage(market)
        return ticker
    }

    private mutating func derivePrices() throws(UnreadableAnswer) {
        if let change, open == nil, let last { open = try Derived.difference(last, change, "open") }
        if let change, last == nil, let open { last = try Derived.sum(open, change, "last") }
        if let percentage, change == nil {
            let fraction = try Derived.quotient(percentage, "100", "percentage")
            let factor = try Derived.sum(.one, fraction, "percentage")
            if open == nil, let last, factor.isPositive { open = try Derived.quotient(last, factor, "open") }
            if last == nil, let open { last = try Derived.product(open, factor, "last") }
        }
        guard let open, let last else { return }
        if change == nil { change = try Derived.difference(last, open, "change") }
        if percentage == nil, let change, open.isPositive {
            percentage = try Derived.product(try Derived.quotient(change, open, "percentage"), "100", "percentage")
        }
    }

    private mutating func deriveAverage(_ market: ExchangeMarket?) throws(UnreadableAnswer) {
        guard average == nil, let open, let last, open.isPositive else { return }
        let middle = try Derived.quotient(try Derived.sum(open, last, "average"), "2", "average")
        guard case .tick(let tick) = market?.rounding.price else {
            average = middle
            return
        }
        average = (try? middle.rounded(toFractionDigits: tick.fractionDigitsUsed, .down)) ?? middle
    }
}

extension FixedDecimal {
    /// Digits after the point that are not trailing zeros.
    var fractionDigitsUsed: Int {
        var digits = Self.fractionDigits
        var rest = raw
        while digits > 0, rest % 10 == 0 {
            rest /= 10
            digits -= 1
        }
        return digits
    }
}
