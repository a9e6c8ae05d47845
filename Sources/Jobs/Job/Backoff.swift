import Scheduling

/// How long a failed job waits for its next attempt.
///
/// After the n-th failure (n = 1, 2, 3 …), as Bull counts:
/// - `none`: not at all;
/// - `fixed`: the delay;
/// - `exponential`: delay × (2ⁿ - 1), so 5 s give 5 s, 15 s, 35 s, 75 s, 155 s.
///
/// At most ``maximum``. Then jitter makes it longer by up to that share of itself, so that jobs which failed together do not
/// come back together.
public struct Backoff: Hashable, Sendable {
    enum Growth: String, Hashable, Sendable { case fixed, exponential }

    let growth: Growth
    /// In nanoseconds, as ``maximum``.
    let delay: Int64
    let maximum: Int64
    /// From 0 to 1.
    let jitter: Double

    private init(_ growth: Growth, _ delay: Int64, _ maximum: Int64, _ jitter: Double) {
        self.growth = growth
        self.delay = max(0, delay)
        self.maximum = max(0, maximum)
        self.jitter = min(max(0, jitter), 1)
    }

    public static let none = Backoff(.fixed, 0, 0, 0)

    public static func fixed(_ delay: Duration, jitter: Double = 0) -> Backoff {
        Backoff(.fixed, delay.nanoseconds, delay.nanoseconds, jitter)
    }

    public static func exponential(
        _ delay: Duration, maximum: Duration = .seconds(86_400), jitter: Double = 0
    ) -> Backoff { Backoff(.exponential, delay.nanoseconds, maximum.nanoseconds, jitter) }

    /// - Parameters:
    ///   - failures: so far, 1 or more.
    ///   - seed: chooses the jitter; the same seed gives the same delay.
    /// - Returns: nanoseconds.
    public func delay(afterFailures failures: Int, seed: UInt64) -> Int64 {
        let plain = min(growth == .fixed ? delay : exponential(failures), maximum)
        if jitter == 0 { return plain }
        var random = SplitMix64(seed: seed)
        let (sum, overflow) = plain.addingReportingOverflow(Int64(Double(plain) * jitter * random.unit()))
        return overflow ? .max : sum
    }

    private func exponential(_ failures: Int) -> Int64 {
        guard failures < 63 else { return maximum }
        let (product, overflow) = delay.multipliedReportingOverflow(by: 1 << Int64(max(0, failures)) - 1)
        return overflow ? maximum : product
    }
}

/// As a column holds it: growth, delay, maximum (nanoseconds), jitter.
extension Backoff {
    var stored: String? { self == .none ? nil : "\(growth.rawValue) \(delay) \(maximum) \(jitter)" }

    init?(stored: String?) {
        guard let stored else {
            self = .none
            return
        }
        let parts = stored.split(separator: " ").map(String.init)
        guard parts.count == 4, let growth = Growth(rawValue: parts[0]), let delay = Int64(parts[1]),
            let maximum = Int64(parts[2]), let jitter = Double(parts[3])
        else { return nil }
        self.init(growth, delay, maximum, jitter)
    }
}
