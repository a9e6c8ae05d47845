import Testing

@testable import Persistence

/// What rides in others' transactions: in those that concern it, and at nobody's cost.
@Suite struct CommitRiderTests {
    private struct Refusal: Error {}

    @Test func `it rides once in a transaction that names its channel, and hears of the commit`() async {
        let (engine, rider) = (ScriptedEngine(), ScriptedRider("jobs"))
        let answers = await run(engine, rider, count: 3) { number, transaction in
            try transaction.execute("x")
            try transaction.notify(number == 1 ? "other" : "jobs")
        }
        #expect(answers == ["done", "done", "done"])
        #expect(rider.log == ["ride", "arrived"])
        // The first transaction holds the writer up; what rides is part of the second.
        #expect(engine.log == ["begin", "commit", "begin", "commit"])
    }

    @Test func `a transaction that does not concern it is none of its business`() async {
        let (engine, rider) = (ScriptedEngine(), ScriptedRider("jobs"))
        _ = await run(engine, rider, count: 2) { _, transaction in try transaction.notify("other") }
        #expect(rider.log.isEmpty)
    }

    @Test func `one that fails costs its fellow travellers nothing, and hears of their commit all the same`() async {
        for count in [1, 3] {
            let (engine, rider) = (ScriptedEngine(), ScriptedRider("jobs", fails: true))
            let answers = await run(engine, rider, count: count) { _, transaction in
                try transaction.execute("x")
                try transaction.notify("jobs")
            }
            #expect(answers == Array(repeating: "done", count: count))
            #expect(rider.log == ["ride", "called off", "arrived"])
            #expect(engine.log == ["begin", "commit", "begin", "rollback", "begin", "commit"])
        }
    }

    @Test func `where a caller fails it does not ride in what is run once more, and hears of the commit`() async {
        let (engine, rider) = (ScriptedEngine(), ScriptedRider("jobs"))
        let answers = await run(engine, rider, count: 2) { number, transaction in
            try transaction.execute("x")
            try transaction.notify("jobs")
            if number == 1 { throw Refusal() }
        }
        #expect(answers == ["done", "Refusal()"])
        #expect(rider.log == ["arrived"])
    }

    @Test func `a commit that fails is told to it`() async {
        let (engine, rider) = (ScriptedEngine(failsCommits: true), ScriptedRider("jobs"))
        _ = await run(engine, rider, count: 1) { _, transaction in try transaction.notify("jobs") }
        #expect(rider.log == ["ride", "called off"])
    }

    @Test func `one to a channel, until it gets off`() {
        let (riders, first, second) = (CommitRiders(), ScriptedRider("jobs"), ScriptedRider("jobs"))
        #expect(riders.add(first))
        #expect(!riders.add(second))
        riders.remove(second)
        #expect(riders.concerned(by: ["a", "jobs"]).count == 1)
        riders.remove(first)
        #expect(riders.concerned(by: ["jobs"]).isEmpty)
        #expect(riders.add(second))
    }

    private func run(
        _ engine: ScriptedEngine, _ rider: ScriptedRider, count: Int,
        _ body: @escaping @Sendable (Int, any SQLTransaction) throws -> Void
    ) async -> [String] {
        let commits = GroupCommit(engine, label: "test")
        #expect(commits.riders.add(rider))
        let answers = Collected<(number: Int, answer: String)>()
        commits.submitAsOne(count, body, answers)
        await commits.close()
        return answers.all.sorted { $0.number < $1.number }.map(\.answer)
    }
}

private final class ScriptedRider: CommitRider {
    let channel: String
    private let fails: Bool
    private let steps = Collected<String>()

    init(_ channel: String, fails: Bool = false) { (self.channel, self.fails) = (channel, fails) }

    var log: [String] { steps.all }

    func ride(_ transaction: any SQLTransaction) throws {
        steps.add("ride")
        try transaction.execute(fails ? "FAIL" : "x")
    }

    func arrived(isCommitted: Bool) { steps.add(isCommitted ? "arrived" : "called off") }
}
