/// A moment: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Reaches the year 2262.
public struct Timestamp: Hashable, Comparable, Codable, Sendable {
    public var nanoseconds: Int64

    // Computed, not stored: a stored static is looked up behind a once-check on every use.
    @inlinable public static var distantPast: Timestamp { Timestamp(nanoseconds: .min) }
    @inlinable public static var distantFuture: Timestamp { Timestamp(nanoseconds: .max) }

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Later (or earlier) by so many nanoseconds, held at the ends of the range.
    @inlinable
    public func advanced(byNanoseconds nanoseconds: Int64) -> Timestamp {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        if overflow { return nanoseconds < 0 ? .distantPast : .distantFuture }
        return Timestamp(nanoseconds: sum)
    }

    /// Nanoseconds from `earlier` to here, held at the ends of the range.
    @inlinable
    public func nanoseconds(since earlier: Timestamp) -> Int64 {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        if overflow { return nanoseconds < earlier.nanoseconds ? .min : .max }
        return difference
    }
}

/// Lengths of time in nanoseconds, for literals that read well.
public enum Nanoseconds {
    @inlinable public static var perMillisecond: Int64 { 1_000_000 }
    @inlinable public static var perSecond: Int64 { 1_000_000_000 }
    @inlinable public static var perDay: Int64 { 86_400_000_000_000 }

    @inlinable
    public static func milliseconds(_ count: Int64) -> Int64 { count * perMillisecond }

    @inlinable
    public static func seconds(_ count: Int64) -> Int64 { count * perSecond }
}
