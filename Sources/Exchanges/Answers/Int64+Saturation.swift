extension Int64 {
    /// The nearest number there is, where the sum of two times or numbers of others is beyond all.
    func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
