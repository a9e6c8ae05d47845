import Scheduling

/// Decides at every fault point whether a fault happens, and which.
///
/// Points are numbered as they are passed. What happens at one follows from the run's seed and that number alone, never
/// from the random stream that drives the workload: so a fault can be left out and all others stay where they are.
public struct FaultPlan: Sendable {
    /// Per ten thousand points.
    public let rate: UInt64
    /// What may happen in this run. Each run has its own choice, so that rare combinations have runs of their own.
    public let kinds: [FaultKind]
    /// The only points at which anything happens; nil is all of them. Sorted.
    private let only: [Int]?
    private let seed: UInt64
    /// How many points were passed.
    public private(set) var count = 0
    public private(set) var injected: [InjectedFault] = []
    /// Nothing goes wrong any more once it is false, and points are no longer counted.
    public var isActive = true

    private static let rates: [UInt64] = [0, 50, 100, 200, 300, 500, 800, 1_200]

    public init(seed: UInt64, only: [Int]? = nil) {
        var random = SplitMix64(seed: seed ^ 0xFA17_5EED)
        let rate = Self.rates[Int(random.below(UInt64(Self.rates.count)))]
        self.seed = seed
        self.rate = rate
        kinds = FaultKind.allCases.filter { _ in random.below(4) > 0 }
        self.only = only?.sorted()
    }

    /// Passes a point.
    /// - Parameters:
    ///   - applicable: what could happen here, in a constant order.
    ///   - likelihood: how much likelier than elsewhere, for points that are rarely passed.
    /// - Returns: what happens, with 64 random bits for its details.
    public mutating func pass(
        _ applicable: [FaultKind], likelihood: UInt64 = 1, _ place: @autoclosure () -> String
    ) -> (kind: FaultKind, bits: UInt64)? {
        guard isActive else { return nil }
        let point = count
        count += 1
        // Not by the generator's own step: one point's second number would be the next one's first.
        var random = SplitMix64(seed: seed ^ (UInt64(point) &* 0xD134_2543_DE82_EF95))
        guard random.below(10_000) < rate * likelihood else { return nil }
        let kind = applicable[Int(random.below(UInt64(applicable.count)))]
        guard kinds.contains(kind), isAllowed(point) else { return nil }
        injected.append(InjectedFault(point: point, kind: kind, place: place()))
        return (kind, random.next())
    }

    private func isAllowed(_ point: Int) -> Bool { only?.contains(point) ?? true }
}
