import Jobs
import Logging
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import API
@testable import mrmarket

/// The server's own wiring of jobs and sagas.
@Suite(.timeLimit(.minutes(3))) struct MoneyServicesTests {
    private struct Payment: Saga {
        struct State: SagaState {
            enum Step: String, CaseIterable, Codable { case waiting, expired }

            var step: Step
            var until: Timestamp
        }

        enum Event: Codable, Sendable { case late }
        enum Command: Sendable { case nothing }

        struct Nothing: SagaInterpreter {
            func effects(of command: Payment.Command, key: SagaCommandKey, now: Timestamp) throws -> [SagaEffect] { [] }
        }

        static let kind = "test.payment"
        static let deadlineEvent = Event.late
        static let transitions = SagaTransitions<State.Step>([.waiting: [.expired]], final: [.expired])

        func deadline(of state: State) -> Timestamp? { state.step == .waiting ? state.until : nil }

        func handle(_ event: Event, state: State, now: Timestamp) -> Transition<State, Command> {
            .move(to: State(step: .expired, until: state.until))
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a saga that is listed is told its deadlines, and operators reach it`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, ServerMigrations.all) { database in
            let time = SteppedTime()
            let alarms = AlarmClock(time: time, registry: ScheduleRegistry())
            let runner = SagaRunner(Payment(), Payment.Nothing())
            let services = MoneyServices(
                database: database, configuration: try ServerConfiguration(environment: [:]), alarms: alarms,
                time: time,
                sagas: SagaRegistry([runner]),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            #expect(services.operations.sagas.map(\.kind) == ["test.payment"])
            let clock = Task { await alarms.run() }
            let work = Task { try await services.worker.run() }
            let until = time.now().advanced(byNanoseconds: Nanoseconds.seconds(60))
            _ = try await database.write { transaction in
                try runner.start(
                    "1", Payment.State(step: .waiting, until: until), cause: "test", in: transaction, now: time.now())
            }
            func step() async throws -> String? {
                try await database.read {
                    try SagaStore(transaction: $0).show(kind: "test.payment", id: "1").record.step
                }
            }
            #expect(try await step() == "waiting")
            time.advance(byNanoseconds: Nanoseconds.seconds(60))
            // Whatever is tried again after a pause has to see the pause pass.
            while try await step() != "expired" { time.advance(byNanoseconds: Nanoseconds.milliseconds(100)) }
            func schedules() async throws -> [String] {
                try await database.read { try JobScheduleStore(transaction: $0).entries().map(\.name) }
            }
            while try await schedules().isEmpty { time.advance(byNanoseconds: Nanoseconds.milliseconds(100)) }
            #expect(try await schedules() == ["jobs.sweep-history", "ledger.expire-reservations", "ledger.verify"])
            work.cancel()
            _ = try? await work.value
            clock.cancel()
        }
    }
}
