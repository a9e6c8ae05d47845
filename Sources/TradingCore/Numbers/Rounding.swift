/// Which neighbour stands for a number that cannot be kept exactly. Always named at the call site.
public enum Rounding: Sendable, CaseIterable {
    /// Towards zero.
    case down
    /// Away from zero.
    case up
    /// Towards negative infinity.
    case floor
    /// Towards positive infinity.
    case ceiling
    /// To the nearest; a tie goes away from zero.
    case halfUp
    /// To the nearest; a tie goes to the even neighbour.
    case halfEven

    /// Whether the magnitude of a truncated quotient has to grow by one.
    /// - Parameters:
    ///   - twiceRemainder: how twice the remainder's magnitude compares with the divisor's: -1, 0 or 1.
    @inlinable
    func growsMagnitude(isNegative: Bool, isExact: Bool, twiceRemainder: Int, quotientIsOdd: Bool) -> Bool {
        if isExact { return false }
        switch self {
        case .down: return false
        case .up: return true
        case .floor: return isNegative
        case .ceiling: return !isNegative
        case .halfUp: return twiceRemainder >= 0
        case .halfEven: return twiceRemainder > 0 || (twiceRemainder == 0 && quotientIsOdd)
        }
    }
}
