public import Exchanges
public import TradingCore

/// What a recording's ticks and lots are worth.
public enum RecordingUnit {
    /// The finest step of the format.
    private static let finest: FixedDecimal = "0.00000001"

    /// A tick is the market's price step; where steps follow from the size of a price (Bitfinex), two digits finer than the
    /// present one's, so that a price ten times lower still fits. A lot is a ten thousandth of the market's amount step,
    /// for feeds tell finer amounts than orders may have.
    /// - Parameters:
    ///   - price: of about the market.
    ///   - tick: chosen by a person; nil: by these rules.
    public static func unit(
        of market: ExchangeMarket, near price: FixedDecimal, tick: FixedDecimal? = nil
    ) throws(RecordingFailure) -> BookUnit {
        let tick = if let tick { tick } else { try self.tick(market.rounding.price, price) }
        guard tick.isPositive, tick.isMultiple(of: finest) else {
            throw RecordingFailure(
                "a tick of \(tick): must be a multiple of \(finest), the finest that can be recorded")
        }
        guard let ticks = try? price.count(of: tick, rounding: .down), ticks <= BookSide.maximumTicks / 2 else {
            throw RecordingFailure(
                "a tick of \(tick): must be coarser, a price of \(price) is more ticks than a book holds")
        }
        do throws(InstrumentError) { return try BookUnit(price: tick, quantity: lot(market.rounding.amount)) } catch {
            throw RecordingFailure("\(error)")
        }
    }

    private static func tick(
        _ rule: OrderRounding.Price?, _ price: FixedDecimal
    ) throws(RecordingFailure) -> FixedDecimal {
        switch rule {
        case .tick(let tick): return tick
        case .significantDigits(let digits, let most):
            return max(finest, step(fraction: most), digitStep(of: price, digits + 2))
        case nil: return max(finest, digitStep(of: price, 9))
        }
    }

    /// The step of a price written with so many significant digits.
    private static func digitStep(of price: FixedDecimal, _ digits: Int) -> FixedDecimal {
        var step: Int128 = 1
        while price.raw / step >= 10 { step *= 10 }
        for _ in 1..<max(2, digits) where step > 1 { step /= 10 }
        return FixedDecimal(raw: step)
    }

    private static func step(fraction digits: Int) -> FixedDecimal {
        var step = FixedDecimal.one.raw
        for _ in 0..<min(max(0, digits), 18) { step /= 10 }
        return FixedDecimal(raw: step)
    }

    private static func lot(_ rule: OrderRounding.Amount?) -> FixedDecimal {
        let step: FixedDecimal
        switch rule {
        case .step(let size): step = size
        case .fractionDigits(let digits): step = self.step(fraction: digits)
        case nil: return finest
        }
        let fine = FixedDecimal(raw: step.raw / 10_000)
        return fine.isMultiple(of: finest) && fine.isPositive ? fine : finest
    }
}
