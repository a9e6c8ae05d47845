/// A violation as it is printed: what failed, how to see it again, and what it takes.
public struct SimulationReport: CustomStringConvertible, Sendable {
    public let seed: UInt64
    public let violation: Violation
    /// Of the first run.
    public let faultCount: Int
    /// The run with the fewest faults that still fails so.
    public let smallest: SimulationResult
    /// How many runs it took to find it.
    public let runs: Int

    /// - Returns: nil when the run was sound.
    public init?(_ result: SimulationResult, in simulation: Simulation) throws {
        guard let violation = result.violation else { return nil }
        var shrinker = FaultShrinker(simulation, seed: result.seed, invariant: violation.invariant)
        seed = result.seed
        self.violation = violation
        faultCount = result.faults.count
        smallest = try shrinker.shrink(result.faults.map(\.point)) ?? result
        runs = shrinker.runs
    }

    /// Runs the seed with the smallest set of faults, and prints all that happens.
    public var command: String {
        let points = smallest.faults.map { "\($0.point)" }.joined(separator: ",")
        return "Scripts/simulate --seed \(seed) --faults \(points.isEmpty ? "none" : points)"
    }

    public var description: String {
        let faults = smallest.faults.map { "    \($0)\n" }.joined()
        return """
            seed \(seed) violates \(smallest.violation ?? violation)
              \(faultCount) faults happened; it takes \(smallest.faults.isEmpty ? "none" : "these"):
            \(faults)  again: \(command)
              as it was: Scripts/simulate --seed \(seed)
            """
    }
}
