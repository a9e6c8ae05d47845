import TradingCore

/// The rule of `spot.obu`: a whole book comes first, and each change begins one after the last. After a hole the
/// subscription is made anew, which brings another whole book.
///
/// *Waiting* ignores changes; *synced* passes them on.
struct GateLevelBook {
    enum Action: Equatable {
        case none
        case replace
        case pass
        case lost(String)
    }

    /// Nil while waiting.
    private(set) var last: Int64?

    mutating func received(_ depth: GateDepth) -> Action {
        if depth.isFull {
            last = depth.last
            return .replace
        }
        guard let last, depth.last > last else { return .none }
        guard let first = depth.first, first <= last + 1 else {
            self.last = nil
            return .lost("expected number \(last + 1), got \(depth.first ?? -1) to \(depth.last)")
        }
        self.last = depth.last
        return .pass
    }

    mutating func invalidate() { last = nil }
}
