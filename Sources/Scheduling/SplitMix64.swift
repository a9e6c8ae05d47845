/// A small, seeded random source: the same seed gives the same numbers on every machine.
///
/// Guy L. Steele, Doug Lea, Christine H. Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.
public struct SplitMix64: RandomNumberGenerator, Codable, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 to `bound - 1`, from the high 32 bits; `bound` from 1 to 2³².
    public mutating func below(_ bound: UInt64) -> UInt64 {
        ((next() >> 32) &* bound) >> 32
    }

    /// A number from 0 up to, not including, 1.
    public mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
