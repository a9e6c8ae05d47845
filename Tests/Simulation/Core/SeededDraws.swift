public import Scheduling

/// Random numbers by what they are for: each place has draws of its own, so that what happens at one place moves nothing at
/// another. A run without some fault is then the same run for all who did not notice it, and violations shrink.
public struct SeededDraws: Sendable {
    private let seed: UInt64
    private var passages: [UInt64: UInt64] = [:]

    public init(seed: UInt64) { self.seed = seed }

    /// - Returns: numbers that follow from the seed, the place, and how often it was passed before.
    public mutating func draw(_ place: String) -> SplitMix64 { draw(Self.hash(place)) }

    mutating func draw(_ place: UInt64) -> SplitMix64 {
        let passage = passages[place, default: 0]
        passages[place] = passage + 1
        var mixed = SplitMix64(seed: seed ^ place)
        return SplitMix64(seed: mixed.next() ^ (passage &* 0xD134_2543_DE82_EF95))
    }

    /// FNV-1a, 64 bits.
    static func hash(_ text: String, after start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        var hash = start
        var text = text
        text.withUTF8 { for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 } }
        return hash
    }
}
