import Scheduling

/// Random numbers of the shapes that order flow has.
extension SplitMix64 {
    /// True with the given probability.
    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// Exponential with mean 1: the wait for an event of rate 1.
    mutating func exponential() -> Double { -seriesLogarithm(1 - unit()) }

    /// Normal with mean 0 and deviation 1, by the polar method (Marsaglia and Bray, 1964): no sine, no cosine.
    mutating func normal() -> Double {
        while true {
            let (x, y) = (2 * unit() - 1, 2 * unit() - 1)
            let square = x * x + y * y
            guard square > 0, square < 1 else { continue }
            return x * (-2 * seriesLogarithm(square) / square).squareRoot()
        }
    }

    /// Log-normal with mean 1 before its tail is cut at three deviations; `shape` is the deviation of its logarithm.
    mutating func logNormal(shape: Double) -> Double {
        seriesExponential(shape * min(normal(), 3) - shape * shape / 2)
    }

    /// A distance from 1 to `limit`, every doubling as likely as the next.
    mutating func distance(upTo limit: Int64) -> Int64 {
        let octaves = UInt64(64 - limit.leadingZeroBitCount)
        while true {
            let base = UInt64(1) << below(octaves)
            let distance = Int64(base + below(base))
            if distance <= limit { return distance }
        }
    }
}
