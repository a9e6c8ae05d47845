/// What may be done. Set for the server, an account or a session; the strictest holds. Only an operator makes it laxer.
public enum TradingState: UInt8, Hashable, Comparable, Sendable, CaseIterable {
    case active
    /// Only orders that bring the position back towards zero.
    case reducing
    /// No orders; everything of ours is cancelled.
    case halted

    public static func < (left: TradingState, right: TradingState) -> Bool { left.rawValue < right.rawValue }
}
