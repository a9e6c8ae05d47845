/// Many seeds, and what came of them in all.
public struct SimulationSweep: Sendable {
    public private(set) var seeds = 0
    public private(set) var steps = 0
    public private(set) var points = 0
    public private(set) var simulatedNanoseconds: Int64 = 0
    public private(set) var violations = 0
    private var counts = [Int](repeating: 0, count: FaultKind.allCases.count)

    public init() {}

    public mutating func add(_ result: SimulationResult) {
        seeds += 1
        steps += result.steps
        points += result.points
        simulatedNanoseconds += result.simulatedNanoseconds
        if result.violation != nil { violations += 1 }
        for fault in result.faults {
            if let index = FaultKind.allCases.firstIndex(of: fault.kind) { counts[index] += 1 }
        }
    }

    /// How often each kind of fault happened, in the order of their declaration.
    public var faults: [(kind: FaultKind, count: Int)] {
        zip(FaultKind.allCases, counts).map { (kind: $0, count: $1) }
    }
}
