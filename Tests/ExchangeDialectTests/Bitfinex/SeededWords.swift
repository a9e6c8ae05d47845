import Scheduling

/// Random numbers of a seed that a failing test prints.
struct SeededWords {
    private var generator: SplitMix64

    init(_ seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    mutating func below(_ bound: UInt64) -> UInt64 { generator.below(bound) }

    /// Some bytes changed, cut or doubled.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(4) where !bytes.isEmpty {
            let place = Int(below(UInt64(bytes.count)))
            switch below(5) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: below(256))
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8(truncatingIfNeeded: below(256)), at: place)
            case 3: bytes.removeSubrange(place...)
            default: bytes.insert(contentsOf: bytes[place...].prefix(12), at: place)
            }
        }
        return bytes
    }
}
