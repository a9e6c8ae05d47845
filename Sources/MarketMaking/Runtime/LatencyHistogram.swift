/// How long something took, many times: counts in buckets an eighth of their value wide, so memory is fixed and a
/// quantile is right to within 13 %.
public struct LatencyHistogram: Hashable, Sendable {
    private var counts = [UInt64](repeating: 0, count: 512)
    public private(set) var count: UInt64 = 0
    public private(set) var totalNanoseconds: UInt64 = 0
    public private(set) var maximumNanoseconds: Int64 = 0

    public init() {}

    public mutating func record(nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        counts[Self.bucket(value)] += 1
        count += 1
        totalNanoseconds &+= value
        maximumNanoseconds = max(maximumNanoseconds, nanoseconds)
    }

    /// The upper edge of the bucket that the quantile lies in, in nanoseconds; 0 before anything was recorded.
    /// - Parameter fraction: 0.5 is the median.
    public func quantile(_ fraction: Double) -> Int64 {
        let wanted = UInt64((Double(count) * fraction).rounded(.up))
        var seen: UInt64 = 0
        for (index, number) in counts.enumerated() where number > 0 {
            seen += number
            if seen >= wanted { return min(maximumNanoseconds, Int64(clamping: Self.upperEdge(index))) }
        }
        return 0
    }

    /// Eight buckets to each power of two; below eight, one to each value.
    private static func bucket(_ value: UInt64) -> Int {
        guard value >= 8 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 2) * 8 + Int((value >> UInt64(exponent - 3)) & 7)
    }

    private static func upperEdge(_ bucket: Int) -> UInt64 {
        guard bucket >= 8 else { return UInt64(bucket) }
        let exponent = UInt64(bucket / 8 + 2)
        return (1 << exponent) + (UInt64(bucket % 8 + 1) << (exponent - 3)) - 1
    }
}
