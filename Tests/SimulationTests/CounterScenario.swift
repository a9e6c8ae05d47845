import Persistence
import Simulation
import TradingCore

/// As small as a scenario can be: somebody counts in a row and in memory, and counts again whenever it was not told that
/// it worked. So it counts twice where an answer is lost, and only there.
struct CounterScenario: SimulationScenario {
    var stepLimit: Int { 60 }
    let migrations = [
        Migration("counter") { transaction in
            try transaction.execute("CREATE TABLE counter (value INTEGER NOT NULL) STRICT")
        }
    ]
    let journal = [
        JournalTrigger(
            "counter", after: "INSERT ON counter", values: "'counter', '1', NULL, NEW.value, NULL, NEW.value")
    ]

    func populate(_ world: SimulationWorld) {
        let counter = Counter()
        world.add(counter)
        world.add(CounterCheck(counter))
    }

    func unfinished(_ world: SimulationWorld) throws -> String? { nil }
}

private final class Counter: SimulationParticipant {
    let name = "counter"
    let isProcess = true
    var value = 0

    func steps(_ world: SimulationWorld) -> [SimulationStep] {
        [
            SimulationStep("counts") { [unowned self] in
                do {
                    let next = value + 1
                    _ = try world.transact("count") { try $0.execute("INSERT INTO counter (value) VALUES (\(next))") }
                    value = next
                } catch is SQLError {}
            }
        ]
    }
}

private final class CounterCheck: SimulationCheck {
    private let counter: Counter

    init(_ counter: Counter) { self.counter = counter }

    func atRest(_ world: SimulationWorld) throws {
        let rows = try world.read { try $0.rows("SELECT value FROM counter").count }
        if rows != counter.value { world.violate("count", "\(rows) rows, counted \(counter.value)") }
    }
}
