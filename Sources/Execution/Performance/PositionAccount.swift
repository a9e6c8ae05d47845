public import TradingCore

/// What trading did to one session: position, cost, profit, fees, volume. Driven by fills alone, exact throughout.
///
/// Sums are kept in ticks × lots, where one unit is worth ``BookUnit/notional`` of quote.
public struct PositionAccount: Hashable, Sendable {
    /// Base bought less base sold, fees not counted.
    public private(set) var position: Quantity = .zero
    /// What the open position was bought for (positive) or sold for (negative).
    public private(set) var cost: Int128 = 0
    /// Profit of closed positions by average cost, before fees.
    public private(set) var realized: Int128 = 0
    /// Quote received less quote paid, before fees.
    public private(set) var cash: Int128 = 0
    public private(set) var makerVolume: Int128 = 0
    public private(set) var takerVolume: Int128 = 0
    /// Half ticks × lots: how much better than the mid the fills were.
    public private(set) var halfSpreadCaptured: Int128 = 0
    public private(set) var fillCount = 0
    /// Fees as they were taken, raw 10⁻¹⁸.
    public private(set) var baseFees: Int128 = 0
    public private(set) var quoteFees: Int128 = 0
    public private(set) var otherFees: Int128 = 0
    /// Fees taken in base, and in a third asset, in quote at the time of their fills, raw 10⁻¹⁸.
    public private(set) var baseFeesInQuote: Int128 = 0
    public private(set) var otherFeesInQuote: Int128 = 0

    /// All fees in quote at the time of their fills, raw 10⁻¹⁸.
    public var feesInQuote: Int128 { quoteFees.saturatingAdd(baseFeesInQuote).saturatingAdd(otherFeesInQuote) }

    public init() {}

    /// Everything kept, as numbers in a fixed order, for a store.
    public var counters: [Int128] {
        [
            Int128(position.lots), cost, realized, cash, makerVolume, takerVolume, halfSpreadCaptured,
            Int128(fillCount), baseFees, quoteFees, otherFees, baseFeesInQuote, otherFeesInQuote,
        ]
    }

    /// - Returns: nil when the numbers are not what ``counters`` gives.
    public init?(counters: [Int128]) {
        guard counters.count == 13, let lots = Int64(exactly: counters[0]), let count = Int(exactly: counters[7])
        else { return nil }
        position = Quantity(lots: lots)
        (cost, realized, cash) = (counters[1], counters[2], counters[3])
        (makerVolume, takerVolume, halfSpreadCaptured) = (counters[4], counters[5], counters[6])
        fillCount = count
        (baseFees, quoteFees, otherFees) = (counters[8], counters[9], counters[10])
        (baseFeesInQuote, otherFeesInQuote) = (counters[11], counters[12])
    }

    /// So far below what the numbers hold that a million of the largest fills cannot reach it (``FillBounds``).
    private static let largest = Int128.max / 1_000

    /// Whether the sums are ones that trading can have made, so that further fills can be booked to them. Stored ones may not
    /// be: an earlier version took any fill that an exchange told.
    public func isPlausible(_ unit: BookUnit) -> Bool {
        let notional = max(1, unit.notional.raw)
        let traded = [cost, realized, cash, makerVolume, takerVolume, halfSpreadCaptured]
        let fees = [baseFees, quoteFees, otherFees, baseFeesInQuote, otherFeesInQuote]
        return fillCount >= 0 && traded.allSatisfy { $0.magnitude <= (Self.largest / notional).magnitude }
            && fees.allSatisfy { $0.magnitude <= Self.largest.magnitude }
            && position.lots.magnitude <= Int64.max.magnitude / 1_000
            && Int128(position.lots).magnitude <= (Self.largest / max(1, unit.quantity.raw)).magnitude
    }

    /// Books a fill.
    /// - Parameters:
    ///   - doubleMid: twice the mid price in ticks when it happened; nil when there was none.
    ///   - otherFeePrice: what one unit of the third fee asset is worth in quote.
    public mutating func book(_ fill: Fill, doubleMid: Int64?, unit: BookUnit, otherFeePrice: FixedDecimal?) {
        let (ticks, lots) = (fill.price.ticks, fill.quantity.lots)
        let notional = Int128(ticks) &* Int128(lots)
        fillCount &+= 1
        cash = cash.saturatingSubtract(Int128(fill.side.sign) &* notional)
        if fill.liquidity == .maker {
            makerVolume = makerVolume.saturatingAdd(notional)
        } else {
            takerVolume = takerVolume.saturatingAdd(notional)
        }
        if let doubleMid {
            let better = (Int128(doubleMid) - 2 * Int128(ticks)).saturatingMultiply(by: Int128(lots))
            halfSpreadCaptured =
                fill.side == .buy
                ? halfSpreadCaptured.saturatingAdd(better) : halfSpreadCaptured.saturatingSubtract(better)
        }
        move(by: fill.side.sign &* lots, at: ticks)
        if !fill.fee.isZero { bookFee(fill, unit, otherFeePrice) }
    }

    /// Average cost: what reduces the position realises its share of the cost; what goes beyond opens a new one. The
    /// share is rounded down and the rest stays in the cost, so nothing is ever lost between the two.
    private mutating func move(by lots: Int64, at ticks: Int64) {
        let held = position.lots
        let (sum, overflows) = held.addingReportingOverflow(lots)
        position.lots = overflows ? (lots < 0 ? -Int64.max : .max) : sum
        guard held != 0, (held < 0) != (lots < 0) else {
            cost = cost.saturatingAdd(Int128(lots) &* Int128(ticks))
            return
        }
        let closed = min(held.magnitude, lots.magnitude)
        // cost * closed / held in two steps: the product may be too large.
        let (whole, rest) = cost.quotientAndRemainder(dividingBy: Int128(held.magnitude))
        let share = whole.saturatingMultiply(by: Int128(closed)).saturatingAdd(
            rest * Int128(closed) / Int128(held.magnitude))
        let proceeds = (held > 0 ? Int128(closed) : -Int128(closed)) * Int128(ticks)
        realized = realized.saturatingAdd(proceeds.saturatingSubtract(share))
        cost = cost.saturatingSubtract(share)
        let opened = lots.magnitude - closed
        if opened > 0 {
            cost = cost.saturatingAdd((lots > 0 ? Int128(opened) : -Int128(opened)) * Int128(ticks))
        }
    }

    private mutating func bookFee(_ fill: Fill, _ unit: BookUnit, _ otherFeePrice: FixedDecimal?) {
        switch fill.feeAsset {
        case .base:
            baseFees = baseFees.saturatingAdd(fill.fee.raw)
            baseFeesInQuote = baseFeesInQuote.saturatingAdd(worth(fill.fee, unit.decimal(fill.price)))
        case .quote:
            quoteFees = quoteFees.saturatingAdd(fill.fee.raw)
        case .other:
            otherFees = otherFees.saturatingAdd(fill.fee.raw)
            if let otherFeePrice {
                otherFeesInQuote = otherFeesInQuote.saturatingAdd(worth(fill.fee, otherFeePrice))
            }
        }
    }

    private func worth(_ amount: FixedDecimal, _ price: FixedDecimal) -> Int128 {
        (try? amount.multiplied(by: price, rounding: .halfEven))?.raw ?? 0
    }

    /// Profit since the start with all fees paid; position and base fees are marked at `doubleMark` half ticks.
    public func profit(doubleMark: Int64, unit: BookUnit) -> FixedDecimal {
        let doubled = cash.saturatingMultiply(by: 2)
            .saturatingAdd(Int128(position.lots).saturatingMultiply(by: Int128(doubleMark)))
        let traded = doubled.saturatingMultiply(by: unit.notional.raw) / 2
        let baseFeesWorth =
            baseFees == 0
            ? 0
            : worth(FixedDecimal(raw: baseFees), FixedDecimal(raw: unit.price.raw &* Int128(doubleMark) / 2))
        return FixedDecimal(
            raw: traded.saturatingSubtract(baseFeesWorth).saturatingSubtract(quoteFees)
                .saturatingSubtract(otherFeesInQuote))
    }
}
