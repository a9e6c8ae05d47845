/// Tells ids seen before from new ones, over a window of the newest 64: streams repeat and reorder messages, and a trade
/// counted twice is a wrong volume.
struct RecentIDs {
    private var newest: Int64 = -1
    /// Bit n: `newest - n` was seen.
    private var seen: UInt64 = 0

    init() {}

    /// - Returns: false for an id seen before, or so old that it cannot be told.
    mutating func insert(_ id: Int64) -> Bool {
        let distance = id - newest
        if distance > 0 {
            seen = distance < 64 ? seen << UInt64(distance) | 1 : 1
            newest = id
            return true
        }
        guard distance > -64 else { return false }
        let bit: UInt64 = 1 << UInt64(-distance)
        if seen & bit != 0 { return false }
        seen |= bit
        return true
    }
}
