/// What happened in a run, as lines of text and as a hash of them: the run's fingerprint.
public struct SimulationTrace: Sendable {
    /// FNV-1a, 64 bits.
    public private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
    /// The lines themselves, when they are kept.
    public private(set) var lines: [String] = []
    public let keepsLines: Bool

    public init(keepsLines: Bool) { self.keepsLines = keepsLines }

    public mutating func add(_ line: String) {
        fingerprint = (SeededDraws.hash(line, after: fingerprint) ^ 10) &* 0x0000_0100_0000_01B3
        if keepsLines { lines.append(line) }
    }
}
