import ArgumentParser
import Scheduling
import Simulation
import TradingCore

/// Runs seeds through the simulation of the money core and says what failed.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Runs the money core under seeds: crashes, lost answers, zombies, and every invariant after every commit.")

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 10_000

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "Run this seed alone and print all that happens.")
    var seed: UInt64?

    @Option(help: "With --seed: only these faults happen, by their points, 0041f3a9,c20e7715; or none.")
    var faults: String?

    @Option(help: "How many steps are made before faults end.")
    var steps: Int = DeskScenario().stepLimit

    @Option(help: "Stop after so many violations.")
    var limit: Int = 5

    mutating func run() async throws {
        var scenario = DeskScenario()
        scenario.stepLimit = steps
        let simulation = try await Simulation(scenario)
        if let seed { return try replay(seed, simulation) }
        try sweep(simulation)
    }

    // MARK: - One seed

    private func replay(_ seed: UInt64, _ simulation: Simulation) throws {
        let points = try faults.map(Self.points)
        let result = try simulation.run(seed: seed, only: points, keepsTrace: true)
        for line in result.trace { print(line) }
        print("seed \(seed): \(result.steps) steps, \(result.faults.count) faults, fingerprint \(result.fingerprint)")
        for fault in result.faults { print("  fault \(fault)") }
        guard let violation = result.violation else { return print("no violation") }
        print("violation: \(violation)")
        throw ExitCode.failure
    }

    private static func points(_ text: String) throws -> [FaultPoint] {
        if text == "none" { return [] }
        return try text.split(separator: ",").map { part in
            guard let point = FaultPoint(part) else {
                throw ValidationError("--faults takes points, 0041f3a9,c20e7715, or none; \"\(part)\" is neither")
            }
            return point
        }
    }

    // MARK: - Many

    private func sweep(_ simulation: Simulation) throws {
        let clock = SystemTime()
        let start = clock.now()
        var sweep = SimulationSweep()
        for seed in from..<(from + seeds) {
            let result = try simulation.run(seed: seed)
            sweep.add(result)
            if let report = try SimulationReport(result, in: simulation) {
                print(report)
                if sweep.violations >= limit { break }
            }
            if sweep.seeds % 2_000 == 0 { print("\(sweep.seeds) seeds, \(sweep.violations) violations") }
        }
        summarise(sweep, seconds: Double(clock.now().nanoseconds(since: start)) / 1e9)
        if sweep.violations > 0 { throw ExitCode.failure }
    }

    private func summarise(_ sweep: SimulationSweep, seconds: Double) {
        let simulated = Double(sweep.simulatedNanoseconds) / 1e9
        print(
            """
            \(sweep.seeds) seeds in \(Int(seconds)) s: \(Int(Double(sweep.seeds) * 60 / max(seconds, 0.001))) a minute
            \(sweep.steps) steps, \(sweep.points) fault points, \(Int(simulated)) simulated seconds
            """)
        for (kind, count) in sweep.faults { print("  \(kind.rawValue): \(count)") }
        print(sweep.violations == 0 ? "no violations" : "\(sweep.violations) violations")
    }
}
