import Dispatch
import Testing

@testable import Persistence

/// How callers share a commit, against an engine that does what the test says.
@Suite struct GroupCommitTests {
    private struct Refusal: Error {}

    @Test func `callers that wait share one transaction, without savepoints`() async {
        let engine = ScriptedEngine()
        let answers = await run(engine, count: 5) { _, transaction in try transaction.execute("x") }
        #expect(answers == Array(repeating: "done", count: 5))
        #expect(engine.log == ["begin", "commit", "begin", "commit"])
    }

    @Test func `one that refuses before it wrote costs the others nothing`() async {
        let engine = ScriptedEngine()
        let answers = await run(engine, count: 5) { number, transaction in
            _ = try transaction.rows("SELECT")
            try transaction.notify("word_\(number)")
            if number == 2 { throw Refusal() }
            try transaction.execute("x")
        }
        #expect(answers == ["done", "done", "Refusal()", "done", "done"])
        #expect(engine.log == ["begin", "commit", "begin", "commit"])
        #expect(engine.words == ["word_0", "word_1", "word_3", "word_4"])
    }

    @Test func `when one fails after it wrote the batch is run once more, with savepoints`() async {
        let engine = ScriptedEngine()
        let answers = await run(engine, count: 4) { number, transaction in
            try transaction.execute("x")
            try transaction.notify("word_\(number)")
            if number == 1 { throw Refusal() }
            if number == 3 { _ = try? transaction.execute("FAIL") }
        }
        #expect(answers == ["done", "Refusal()", "done", "failed statement"])
        #expect(
            engine.log == [
                "begin", "commit", "begin", "rollback",
                "begin", "set", "release", "set", "back", "set", "release", "set", "back", "commit",
            ])
        #expect(engine.words == ["word_0", "word_2"])
    }

    @Test func `when the engine gave everything up each runs alone`() async {
        let engine = ScriptedEngine()
        let answers = await run(engine, count: 3) { number, transaction in
            try transaction.execute(number == 1 ? "LOSE" : "x")
        }
        #expect(answers == ["done", "failed statement", "done"])
        #expect(
            engine.log == [
                "begin", "commit", "begin", "rollback", "begin", "set", "release", "set", "rollback",
                "begin", "commit", "begin", "rollback", "begin", "commit",
            ])
    }

    @Test func `a batch that always loses against other processes is made smaller`() async {
        let engine = ScriptedEngine(contention: 3)
        let answers = await run(engine, count: 4) { _, transaction in try transaction.execute("x") }
        #expect(answers == Array(repeating: "done", count: 4))
        // 4, then 2 and 1, then whatever is left: the third try is the first of one caller.
        #expect(engine.log.count { $0 == "commit" } > 2)
    }

    @Test func `a commit that fails is everybody's failure, refusals' too`() async {
        let engine = ScriptedEngine(failsCommits: true)
        let answers = await run(engine, count: 3) { number, transaction in
            if number == 1 { throw Refusal() }
            try transaction.execute("x")
        }
        #expect(answers == Array(repeating: "disk full: scripted", count: 3))
    }

    @Test func `whoever waits behind a body that does not return is refused in time, and it loses nothing`()
        async throws
    {
        let commits = GroupCommit(ScriptedEngine(), label: "test", patience: .zero)
        let (began, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let answers = Collected<String>()
        func submit(_ name: String, _ body: @escaping @Sendable () -> Void = {}) {
            commits.submit(
                .init(
                    run: { transaction in
                        body()
                        try transaction.execute("x")
                    }, finish: { answers.add("\(name) \($0)") }))
        }
        submit("first") {
            began.signal()
            gate.wait()
        }
        began.wait()
        submit("second")
        await answers.reached(1)
        #expect(
            answers.all[0].hasPrefix(
                "second failed(database is locked: the writer has been held by one transaction for "))
        #expect(await commits.close() == false, "a close does not wait for it either")
        gate.signal()
        await answers.reached(2)
        #expect(answers.all[1] == "first committed")
        submit("third")
        await answers.reached(3)
        #expect(answers.all[2] == "third failed(\(SQLError.closed))")
    }

    @Test func `who comes after the close is refused`() async {
        let commits = GroupCommit(ScriptedEngine(), label: "test")
        await commits.close()
        await #expect(throws: SQLError.closed) { try await commits.write { _ in } }
    }

    private func run(
        _ engine: ScriptedEngine, count: Int, _ body: @escaping @Sendable (Int, any SQLTransaction) throws -> Void
    ) async -> [String] {
        let commits = GroupCommit(engine, label: "test")
        let answers = Collected<(number: Int, answer: String)>()
        commits.submitAsOne(count, body, answers)
        await commits.close()
        return answers.all.sorted { $0.number < $1.number }.map(\.answer)
    }
}
