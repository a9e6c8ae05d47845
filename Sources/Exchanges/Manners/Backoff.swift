import Scheduling

/// How long to wait before the next attempt: twice as long after each failure, with chance in it so that many do not come back
/// together, until one has held for a while.
public struct Backoff: Sendable {
    /// Milliseconds.
    public let shortest: Int64
    public let longest: Int64
    /// What lived so long was a success: the next wait is short again.
    public let stableAfter: Int64
    public private(set) var failures = 0
    private var openedAt: Int64?
    private var random: SplitMix64

    /// - Parameters:
    ///   - shortest: the bound of the first wait, at least 1.
    ///   - longest: the bound of all waits, at least `shortest`.
    public init(shortest: Int64 = 500, longest: Int64 = 60_000, stableAfter: Int64 = 60_000, seed: UInt64) {
        self.shortest = max(1, shortest)
        self.longest = max(self.shortest, longest)
        self.stableAfter = max(0, stableAfter)
        random = SplitMix64(seed: seed)
    }

    /// An attempt has come through.
    public mutating func opened(_ now: Int64) { openedAt = now }

    /// An attempt failed, or what it opened ended.
    /// - Parameter atLeast: what the other side asks for, which may be longer than ``longest``.
    /// - Returns: milliseconds to wait: from half the bound to the bound.
    public mutating func failed(_ now: Int64, atLeast: Int64 = 0) -> Int64 {
        if let openedAt, now &- openedAt >= stableAfter { failures = 0 }
        openedAt = nil
        var bound = shortest
        for _ in 0..<min(failures, 62) where bound < longest { bound = bound > longest / 2 ? longest : bound * 2 }
        failures += 1
        let half = bound / 2
        return max(atLeast, half + Int64(random.below(UInt64(min(bound - half, 1 << 31)) + 1)))
    }
}
