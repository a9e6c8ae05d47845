public import TradingCore

/// A value for each side.
public struct SidePair<Value> {
    public var buy: Value
    public var sell: Value

    @inlinable
    public init(_ both: Value) {
        buy = both
        sell = both
    }

    @inlinable
    public subscript(side: Side) -> Value {
        get { side == .buy ? buy : sell }
        set { if side == .buy { buy = newValue } else { sell = newValue } }
    }
}

extension SidePair: Sendable where Value: Sendable {}
