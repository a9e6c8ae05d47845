/// Says of nearly every price at once that nothing of a small set lies there: exact within 64 ticks of the lowest price
/// of the set, and by its ends beyond.
///
/// Most records of a market concern neither orders of accounts nor what they consumed, and this is asked for each.
struct TickFilter: Sendable {
    /// The lowest price; of an empty set, one that lies far from every price.
    private var low = Int64.max
    /// How many ticks the highest lies above it.
    private var span: UInt64 = 0
    /// Which of the first 64 prices from ``low`` are in the set.
    private var taken: UInt64 = 0

    @inline(__always)
    func mayHold(_ ticks: Int64) -> Bool {
        let offset = UInt64(bitPattern: ticks &- low)
        return offset <= span && (offset > 63 ? 1 : (taken &>> offset) & 1) == 1
    }

    /// Starts anew with the ends of the set; each of its prices is to be inserted then.
    @inline(__always)
    mutating func reset(_ low: Int64, _ high: Int64) {
        self.low = low
        span = UInt64(bitPattern: high &- low)
        taken = 0
    }

    @inline(__always)
    mutating func insert(_ ticks: Int64) {
        taken |= (1 as UInt64) << UInt64(bitPattern: ticks &- low)
    }
}
