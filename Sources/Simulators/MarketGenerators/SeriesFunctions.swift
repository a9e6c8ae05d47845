/// The natural logarithm, from additions, multiplications and one division only.
///
/// The C library's `log` may differ in its last digit between machines, and with it everything generated after. This one
/// is `2 atanh((m - 1) / (m + 1))` on the mantissa, eight terms of the series; relative error below 10⁻¹³.
/// - Parameter value: a normal number above 0.
func seriesLogarithm(_ value: Double) -> Double {
    let bits = value.bitPattern
    var exponent = Double(Int(bits >> 52) - 1_023)
    var mantissa = Double(bitPattern: bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000)
    if mantissa > 1.414_213_562_373_095 {
        mantissa *= 0.5
        exponent += 1
    }
    let z = (mantissa - 1) / (mantissa + 1)
    let square = z * z
    var sum = 1.0 / 15
    for divisor in stride(from: 13.0, through: 1.0, by: -2.0) { sum = sum * square + 1 / divisor }
    return 2 * z * sum + exponent * 0.693_147_180_559_945_3
}

/// e to the power of `value`, from additions and multiplications only, for the reason given at ``seriesLogarithm(_:)``.
/// - Parameter value: from -700 to 700.
func seriesExponential(_ value: Double) -> Double {
    let doublings = (value * 1.442_695_040_888_963_4).rounded(.toNearestOrEven)
    let rest = value - doublings * 0.693_147_180_559_945_3
    var sum = 1.0
    for divisor in stride(from: 12.0, through: 1.0, by: -1.0) { sum = sum * rest / divisor + 1 }
    return sum * Double(bitPattern: UInt64(Int(doublings) + 1_023) << 52)
}
