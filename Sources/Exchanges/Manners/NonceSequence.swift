/// Numbers that only rise, for the exchanges that refuse a request whose number is not higher than the last of its key.
public struct NonceSequence: Sendable {
    /// The highest one used.
    public private(set) var last: Int64

    /// - Parameter last: the highest used before, so that a restart does not go back.
    public init(after last: Int64 = 0) {
        self.last = last
    }

    /// Somebody has used the key as far as this.
    public mutating func raise(above used: Int64) { last = max(last, used) }

    /// The exchange's time in the unit it wants, or one more than the last where time has not moved on.
    public mutating func next(_ time: Int64) -> Int64 {
        last = max(last &+ 1, time)
        return last
    }
}
