public import TradingCore

/// What fills are worth a fixed time later: the mid then against the price paid, in quote, over all fills.
///
/// Negative is adverse selection: the market moved against us by more than the spread we earned.
public struct Markout: Sendable {
    public let horizonNanoseconds: Int64
    private var waiting: [(due: Timestamp, side: Side, ticks: Int64, lots: Int64)] = []
    private var head = 0
    /// Half ticks × lots.
    private var sum: Int128 = 0
    /// Ticks × lots of the fills that count.
    public private(set) var notional: Int128 = 0

    public init(horizonNanoseconds: Int64) {
        self.horizonNanoseconds = horizonNanoseconds
    }

    public var nextDue: Timestamp { head < waiting.count ? waiting[head].due : .distantFuture }

    public mutating func add(_ booked: BookedFill) {
        let fill = booked.fill
        waiting.append(
            (
                max(booked.bookedAt, fill.time.advanced(byNanoseconds: horizonNanoseconds)), fill.side,
                fill.price.ticks,
                fill.quantity.lots
            ))
    }

    /// Compares every fill whose time has come with the mid that stands now. A fill that never sees its time, or sees no
    /// mid then, does not count.
    public mutating func settle(until now: Timestamp, doubleMid: Int64?) {
        while head < waiting.count, waiting[head].due <= now {
            let fill = waiting[head]
            head += 1
            guard let doubleMid else { continue }
            let better = (Int128(doubleMid) - 2 * Int128(fill.ticks)).saturatingMultiply(by: Int128(fill.lots))
            sum = fill.side == .buy ? sum.saturatingAdd(better) : sum.saturatingSubtract(better)
            notional = notional.saturatingAdd(Int128(fill.ticks) * Int128(fill.lots))
        }
        if head == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024 {
            waiting.removeSubrange(0..<head)
            head = 0
        }
    }

    /// In quote.
    public func value(_ unit: BookUnit) -> FixedDecimal { FixedDecimal(raw: sum &* unit.notional.raw / 2) }

    /// Per quote traded, in basis points; 0 before the first.
    public var basisPoints: Double { notional == 0 ? 0 : Double(sum) / 2 / Double(notional) * 10_000 }
}
