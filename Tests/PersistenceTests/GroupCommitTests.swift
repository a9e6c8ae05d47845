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
                "begin briefly", "set", "release", "set", "back", "set", "release", "set", "back", "commit",
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
                "begin", "commit", "begin", "rollback", "begin briefly", "set", "release", "set", "rollback",
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
        #expect(commits.hold != nil, "nor does the process give a sign of life")
        #expect(await commits.close() == false, "a close does not wait for it either")
        gate.signal()
        await answers.reached(2)
        #expect(answers.all[1] == "first committed")
        submit("third")
        await answers.reached(3)
        #expect(answers.all[2] == "third failed(\(SQLError.closed))")
    }

    // MARK: - Rows that another session has locked

    @Test func `one whose row another session has locked waits aside, while the others go on`() async throws {
        let engine = ScriptedEngine(isRowLocked: true)
        let commits = GroupCommit(engine, label: "test", lockPatience: .seconds(3_600))
        let answers = Collected<(number: Int, answer: String)>()
        commits.submitAsOne(4, { number, transaction in try transaction.execute(number == 1 ? "ROW" : "x") }, answers)
        await answers.reached(3)
        #expect(answers.all.map(\.number) == [0, 2, 3], "its mates are committed without it")
        #expect(
            engine.log.prefix(14) == [
                "begin", "commit", "begin", "rollback",
                "begin briefly", "set", "release", "set", "back", "set", "release", "set", "release", "commit",
            ])
        for number in 0..<20 { #expect(try await commits.write { try $0.execute("x") + number } == number + 1) }
        #expect(answers.all.count == 3, "it is not over")
        engine.unlockRow()
        await answers.reached(4)
        #expect(answers.all[3] == (1, "done"))
        await commits.close()
    }

    @Test func `a row that stays locked is refused when the patience is over, and others hardly wait for it`() async {
        let engine = ScriptedEngine(isRowLocked: true)
        let commits = GroupCommit(engine, label: "test", lockPatience: .milliseconds(200))
        await #expect(throws: SQLError.rowLocked("row (0,1) of one")) {
            try await commits.write { try $0.execute("ROW") }
        }
        #expect(engine.log.prefix(2) == ["begin", "rollback"], "the first try waits for the lock")
        #expect(engine.log.dropFirst(2).contains("begin briefly"))
        #expect(engine.log.dropFirst(2).allSatisfy { $0 != "begin" }, "none does after it")
        await commits.close()
    }

    @Test func `a close does not wait for a row that stays locked`() async {
        let engine = ScriptedEngine(isRowLocked: true)
        let commits = GroupCommit(engine, label: "test", lockPatience: .seconds(3_600))
        let answers = Collected<(number: Int, answer: String)>()
        commits.submitAsOne(2, { number, transaction in try transaction.execute(number == 1 ? "ROW" : "x") }, answers)
        await answers.reached(1)
        await commits.close()
        #expect(answers.all.map(\.answer) == ["done", "row (0,1) of one is locked by another session"])
    }

    @Test func `who is set aside is tried in turn, and one of them now and then with patience`() {
        let now = ContinuousClock.now
        let requests = (0..<SetAside.maximum).map { _ in GroupCommit.Request(run: { _ in }, finish: { _ in }) }
        var aside = SetAside()
        let areAdded = requests.map { aside.add($0, .rowLocked("row"), now: now) }
        #expect(areAdded.allSatisfy { $0 })
        let isOneMore = aside.add(requests[0], .rowLocked("row"), now: now)
        #expect(!isOneMore, "no more than that wait")
        let early = aside.round(now)
        #expect(early.requests.isEmpty)
        let first = aside.round(now.advanced(by: SetAside.pause))
        #expect(first.requests.count == SetAside.maximumOfRound && !first.isPatient)
        let within = aside.round(now.advanced(by: .seconds(9)))
        #expect(within.requests.isEmpty, "one round at a time")
        aside.roundEnded(now.advanced(by: .seconds(9)))
        #expect(aside.nextRound == now.advanced(by: .seconds(9) + SetAside.pause))
        let second = aside.round(now.advanced(by: .seconds(10)))
        #expect(second.isPatient)
        aside.roundEnded(now.advanced(by: .seconds(10)))
        let third = aside.round(now.advanced(by: .seconds(10) + SetAside.pause))
        #expect(!third.isPatient)
        let left = aside.takeAll()
        #expect(left.count == SetAside.maximum - 3 * SetAside.maximumOfRound)
        #expect(aside.isEmpty && aside.nextRound == nil)
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
