import Jobs
import Persistence
import Testing
import TradingCore

@Suite struct JobEngineTests {
    /// Writes its number into a table of its own, and fails when it is told to.
    private struct Writer: TransactionalJobHandler {
        struct Refusal: JobFailure { let disposition: JobDisposition }

        var failure: JobDisposition?

        func perform(_ arguments: Note, run: JobRun, transaction: any SQLTransaction) throws {
            try transaction.execute("INSERT INTO effects (number) VALUES (\(arguments.number))")
            if let failure { throw Refusal(disposition: failure) }
        }
    }

    private func desk() async throws -> JobDesk {
        let desk = try await JobDesk()
        try desk.database.transact { _ = try $0.execute("CREATE TABLE effects (number INTEGER) STRICT") }
        return desk
    }

    private func effects(_ desk: JobDesk) throws -> [Int] {
        try desk.database.transact { try $0.rows("SELECT number FROM effects").map { try $0.get(0) } }
    }

    private func engine(_ failure: JobDisposition? = nil) -> JobEngine {
        var handlers = JobHandlers()
        handlers.add(Writer(failure: failure))
        return JobEngine(handlers: handlers)
    }

    @Test func `effect and completion are one transaction`() async throws {
        let desk = try await desk()
        let job = try desk.enqueue(7)
        let claimed = try #require(try desk.claim().first)
        let engine = engine()
        #expect(engine.isTransactional(claimed))
        let state = try desk.database.transact { try engine.perform(claimed, now: desk.now, in: $0) }
        #expect(state == .completed)
        #expect(try desk.state(job) == .completed)
        #expect(try effects(desk) == [7])
        #expect(try desk.database.transact { try engine.perform(claimed, now: desk.now, in: $0) } == nil)
        #expect(try effects(desk) == [7], "a second run changes nothing")
    }

    @Test func `an attempt that throws leaves no effect, and is recorded`() async throws {
        let desk = try await desk()
        let job = try desk.enqueue(7)
        let claimed = try #require(try desk.claim().first)
        let engine = engine(.snooze(.seconds(5)))
        let error = #expect(throws: (any Error).self) {
            try desk.database.transact { try engine.perform(claimed, now: desk.now, in: $0) }
        }
        #expect(try effects(desk).isEmpty)
        #expect(try desk.state(job) == .running)
        let thrown = try #require(error)
        #expect(try desk.database.transact { try engine.fail(claimed, thrown, now: desk.now, in: $0) } == .delayed)
        #expect(try desk.record(job.id)?.reason?.contains("Refusal") == true)
    }

    @Test(arguments: [("test.nobody", "{}", "no handler"), (Note.kind, "{\"number\":\"x\"}", "cannot be read")])
    func `a job that nobody can run goes to the dead letters at once, with its reason`(
        _ kind: String, _ arguments: String, _ reason: String
    ) async throws {
        let desk = try await desk()
        let job = try desk.enqueue(7, JobOptions(attempts: 60))
        try desk.database.transact { transaction in
            _ = try transaction.execute("UPDATE jobs SET kind = \(kind), arguments = \(arguments)")
        }
        let claimed = try #require(try desk.claim().first)
        let engine = engine()
        let error = try #require(
            #expect(throws: (any Error).self) {
                try desk.database.transact { try engine.perform(claimed, now: desk.now, in: $0) }
            })
        #expect(try desk.database.transact { try engine.fail(claimed, error, now: desk.now, in: $0) } == .dead)
        let record = try #require(try desk.record(job.id))
        #expect(record.reason?.contains(reason) == true)
        #expect(record.arguments == arguments)
    }
}
