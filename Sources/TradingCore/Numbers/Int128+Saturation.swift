/// Sums and products that stop at the end of the range instead of the program: for figures that nothing is decided by, and for
/// those of whose parts some are checked elsewhere.
extension Int128 {
    @inlinable
    public func saturatingAdd(_ other: Int128) -> Int128 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }

    @inlinable
    public func saturatingSubtract(_ other: Int128) -> Int128 {
        let (difference, overflows) = subtractingReportingOverflow(other)
        return overflows ? (other < 0 ? .max : .min) : difference
    }

    @inlinable
    public func saturatingMultiply(by other: Int128) -> Int128 {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}
