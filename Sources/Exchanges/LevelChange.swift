public import TradingCore

/// One price level as an exchange reports it: the new absolute quantity, 0 removes the level. Ticks and lots count the
/// instrument's ``BookUnit``.
public struct LevelChange: Hashable, Sendable {
    /// 1 to ``BookSide/maximumTicks``.
    public var ticks: Int64
    /// Not negative.
    public var lots: Int64
    public var side: Side

    @inlinable
    public init(side: Side, ticks: Int64, lots: Int64) {
        self.ticks = ticks
        self.lots = lots
        self.side = side
    }
}
