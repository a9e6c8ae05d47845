public import Persistence
public import Scheduling
public import TradingCore

/// One simulated world: its time, chance, faults and database. Everything in it happens on one thread, one step after
/// another, and nothing in it knows any other time or chance: the same seed gives the same world.
public final class SimulationWorld {
    public let seed: UInt64
    /// Virtual. Moves only between steps.
    public internal(set) var now = SimulationWorld.start
    /// Drive the workload and the schedule of steps. Never asked about faults.
    private var draws: SeededDraws
    public internal(set) var faults: FaultPlan
    public private(set) var trace: SimulationTrace
    /// Faults are over; nobody begins anything new, and what was begun comes to its end.
    public internal(set) var isHealing = false
    public internal(set) var stepCount = 0
    /// The first one. The run ends with it.
    public private(set) var violation: Violation?

    public private(set) var participants: [any SimulationParticipant] = []
    private var checks: [any SimulationCheck] = []
    private let database: MemoryDatabase
    private var nextID: UInt64 = 0
    private var passages: Set<String> = []

    public static let start = Timestamp(nanoseconds: Nanoseconds.seconds(1_700_000_000))

    init(seed: UInt64, database: MemoryDatabase, only: [FaultPoint]?, keepsTrace: Bool) {
        self.seed = seed
        self.database = database
        draws = SeededDraws(seed: seed)
        faults = FaultPlan(seed: seed, only: only)
        trace = SimulationTrace(keepsLines: keepsTrace)
    }

    public func add(_ participant: some SimulationParticipant) { participants.append(participant) }

    public func add(_ check: some SimulationCheck) { checks.append(check) }

    /// Chance, by what it decides. See ``SeededDraws``.
    public func draw(_ place: String) -> SplitMix64 { draws.draw(place) }

    func draw(_ place: UInt64) -> SplitMix64 { draws.draw(place) }

    /// An id that no other thing of this world has.
    public func id(_ prefix: String) -> String {
        nextID += 1
        return "\(prefix)\(nextID)"
    }

    /// From which state to which things went: `job running > dead`. Sorted.
    public var coverage: [String] { passages.sorted() }

    /// Remembers that something came to pass, for ``coverage``.
    public func pass(_ passage: String) { passages.insert(passage) }

    public func note(_ line: @autoclosure () -> String) { trace.add(line()) }

    /// Passes a fault point, see ``FaultPlan/pass(_:likelihood:_:)``.
    public func fault(
        _ kinds: [FaultKind], likelihood: UInt64 = 1, _ place: String
    ) -> (kind: FaultKind, bits: UInt64)? {
        guard let fault = faults.pass(kinds, likelihood: likelihood, place) else { return nil }
        note("  fault \(fault.kind.rawValue)")
        return fault
    }

    /// Says that an invariant does not hold. Only the first word counts.
    public func violate(_ invariant: String, _ message: String) {
        if violation != nil { return }
        violation = Violation(invariant: invariant, message: message, step: stepCount)
        note("violation of \(invariant): \(message)")
    }

    // MARK: - The database

    /// A transaction of a process. Every one is a fault point: it may fail, or its process may die before or after the
    /// commit.
    /// - Throws: ``SimulatedCrash``, what the body throws, or an `SQLError` that was injected.
    public func transact<Value>(_ label: String, _ body: (any SQLTransaction) throws -> Value) throws -> Value {
        let fault = fault(FaultKind.ofCommits, label)
        if fault?.kind == .bodyRepeated { try rehearse(body) }
        var channels: [String] = []
        var changes: [SimulationChange] = []
        let value = try database.transact { base in
            let failing = fault?.kind == .databaseError ? Int((fault?.bits ?? 0) % 8) : nil
            let transaction = SimulatedTransaction(base, failing: failing)
            let value = try body(transaction)
            if let failure = transaction.failure { throw failure }
            if failing != nil { throw SQLError.diskFull("injected at the commit") }
            if fault?.kind == .crashBeforeCommit { throw SimulatedCrash() }
            if transaction.mayHaveChanged { changes = try SimulationJournal.take(base) }
            channels = transaction.channels
            return value
        }
        committed(changes)
        if fault?.kind != .wordLost {
            for channel in channels { for participant in participants { participant.heard(channel) } }
        }
        switch fault?.kind {
        case .crashAfterCommit: throw SimulatedCrash()
        case .commitUnknown: throw SQLError.outcomeUnknown("injected")
        default: return value
        }
    }

    private struct Rehearsal: Error {}

    /// Runs a body and takes it back.
    private func rehearse(_ body: (any SQLTransaction) throws -> some Any) throws {
        do {
            try database.transact { base in
                _ = try body(SimulatedTransaction(base, failing: nil))
                throw Rehearsal()
            }
        } catch is Rehearsal {}
    }

    /// Looks, without being a fault point.
    public func read<Value>(_ body: (any SQLTransaction) throws -> Value) throws -> Value {
        try database.transact(body)
    }

    private func committed(_ changes: [SimulationChange]) {
        if changes.isEmpty { return }
        for change in changes {
            note("  \(change.what) \(change.id) \(change.old ?? "-") > \(change.new ?? "-")")
            for check in checks { check.observe(change, self) }
        }
        for check in checks { check.committed(self) }
    }

    func checkAtRest() throws {
        for check in checks where violation == nil { try check.atRest(self) }
    }
}
