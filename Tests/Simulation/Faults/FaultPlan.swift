import Scheduling

/// A fault point: a place in a run, and which passage of it. Written as eight hexadecimal digits.
///
/// It is named by what happens there (`perform desk.tick 4`, the second time) and not by a count of all points before it, so
/// that a fault which is left out does not move the others.
public struct FaultPoint: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    init(_ place: String, passage: Int) {
        var random = SplitMix64(seed: SeededDraws.hash(place) &+ UInt64(passage) &* 0xD134_2543_DE82_EF95)
        rawValue = UInt32(truncatingIfNeeded: random.next())
    }

    /// - Returns: nil when `text` is no hexadecimal number of 32 bits.
    public init?(_ text: some StringProtocol) {
        guard let value = UInt32(text, radix: 16) else { return nil }
        rawValue = value
    }

    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// A fault that happened.
public struct InjectedFault: Hashable, Sendable, CustomStringConvertible {
    public let point: FaultPoint
    public let kind: FaultKind
    public let place: String
    /// Which passage of the place it was, from 1 on.
    public let passage: Int

    public var description: String { "\(point) \(kind.rawValue) at passage \(passage) of \"\(place)\"" }
}

/// Decides at every fault point whether a fault happens, and which.
///
/// It follows from the run's seed and the point alone, never from the random stream that drives the workload.
public struct FaultPlan: Sendable {
    /// Per ten thousand points.
    public let rate: UInt64
    /// What may happen in this run. Each run has its own choice, so that rare combinations have runs of their own.
    public let kinds: [FaultKind]
    /// The only points at which anything happens; nil is all of them.
    private let only: [FaultPoint]?
    private let seed: UInt64
    /// How often each place was passed.
    private var passages: [String: Int] = [:]
    /// How many points were passed.
    public private(set) var count = 0
    public private(set) var injected: [InjectedFault] = []
    /// Nothing goes wrong any more once it is false.
    public var isActive = true

    private static let rates: [UInt64] = [0, 50, 100, 200, 300, 500, 800, 1_200]

    public init(seed: UInt64, only: [FaultPoint]? = nil) {
        var random = SplitMix64(seed: seed ^ 0xFA17_5EED)
        let rate = Self.rates[Int(random.below(UInt64(Self.rates.count)))]
        self.seed = seed
        self.rate = rate
        kinds = FaultKind.allCases.filter { _ in random.below(4) > 0 }
        self.only = only
    }

    /// Passes a point.
    /// - Parameters:
    ///   - applicable: what could happen here, in a constant order.
    ///   - likelihood: how much likelier than elsewhere, for points that are rarely passed.
    ///   - place: what happens here, the same in every run in which it happens.
    /// - Returns: what happens, with 64 random bits for its details.
    public mutating func pass(
        _ applicable: [FaultKind], likelihood: UInt64 = 1, _ place: String
    ) -> (kind: FaultKind, bits: UInt64)? {
        guard isActive else { return nil }
        count += 1
        let passage = passages[place, default: 0] + 1
        passages[place] = passage
        let point = FaultPoint(place, passage: passage)
        var random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(point.rawValue))
        guard random.below(10_000) < rate * likelihood else { return nil }
        let kind = applicable[Int(random.below(UInt64(applicable.count)))]
        guard kinds.contains(kind), only?.contains(point) ?? true else { return nil }
        injected.append(InjectedFault(point: point, kind: kind, place: place, passage: passage))
        return (kind, random.next())
    }
}
