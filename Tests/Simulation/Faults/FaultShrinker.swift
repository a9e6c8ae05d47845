/// Finds out which faults a violation needs: runs the seed again and again with fewer of them, in halves and then one by
/// one, for as long as the same invariant still fails (delta debugging, Zeller and Hildebrandt, 2002).
public struct FaultShrinker {
    private let simulation: Simulation
    private let seed: UInt64
    private let invariant: String
    public private(set) var runs = 0
    /// So many runs are made at most.
    public let limit: Int

    public init(_ simulation: Simulation, seed: UInt64, invariant: String, limit: Int = 300) {
        self.simulation = simulation
        self.seed = seed
        self.invariant = invariant
        self.limit = limit
    }

    /// - Parameter points: of the faults that happened when the invariant failed.
    /// - Returns: the run with the fewest faults. Leaving out any one of them would make another run of it, unless the limit
    ///   came first.
    public mutating func shrink(_ points: [FaultPoint]) throws -> SimulationResult? {
        var best = try failing([])
        if best != nil { return best }
        best = try failing(points)
        guard best != nil else { return nil }
        var points = points
        var parts = 2
        while points.count >= 2, runs < limit {
            let size = (points.count + parts - 1) / parts
            var isSmaller = false
            for start in stride(from: 0, to: points.count, by: size) {
                let rest = Array(points[..<start] + points[min(start + size, points.count)...])
                guard let result = try failing(rest) else { continue }
                // What did not happen any more is not needed either.
                let happened = result.faults.map(\.point)
                (best, points, isSmaller) = (result, rest.filter(happened.contains), true)
                break
            }
            if isSmaller {
                parts = max(2, parts - 1)
            } else if size == 1 {
                break
            } else {
                parts = min(points.count, parts * 2)
            }
        }
        return best
    }

    private mutating func failing(_ points: [FaultPoint]) throws -> SimulationResult? {
        runs += 1
        let result = try simulation.run(seed: seed, only: points)
        return result.violation?.invariant == invariant ? result : nil
    }
}
