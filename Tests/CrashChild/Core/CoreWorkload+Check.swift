import Jobs
import Ledger
import Persistence

/// What must hold after any kill.
extension CoreWorkload {
    func check(_ database: any SQLDatabase, against history: History, isQuiet: Bool) async throws -> [String] {
        let stored = try await database.read { try Stored($0) }
        var violations: [String] = []
        for step in history.kept where stored.jobs[step.description] == nil { violations.append("lost: \(step)") }
        for step in history.absent where stored.accepted.contains(step.description) {
            violations.append("told to have failed, but there: \(step)")
        }
        for step in stored.accepted { violations += stored.wrong(CoreStep(StepID(step)), isQuiet) }
        violations += stored.strangers() + stored.wrongOrders()
        let books = try await LedgerVerifier.verify(database)
        if !books.isSound { violations.append("the books: \(books.findings.map(\.description))") }
        return violations
    }
}

/// All that is kept about the steps, each fact found by its own way.
private struct Stored {
    struct Message {
        var id: String
        var number: Int64
        var isSent: Bool
    }

    var accepted: [String] = []
    var jobs: [String: String] = [:]
    var effects: [String: Int64] = [:]
    var reservations: [String: LedgerReservation] = [:]
    var messages: [String: Message] = [:]
    var applied: [(id: String, lane: String, number: Int64)] = []
    var received: Set<String> = []

    init(_ transaction: any SQLTransaction) throws {
        let ledger = LedgerStore(transaction: transaction)
        for row in try transaction.rows("SELECT step FROM core_accepted ORDER BY step") {
            let step: String = try row.get("step")
            accepted.append(step)
            reservations[step] = try ledger.reservation(CoreStep(StepID(step)).reservation)
        }
        for row in try transaction.rows("SELECT custom_id, state FROM jobs WHERE custom_id IS NOT NULL") {
            jobs[try row.get("custom_id")] = try row.get("state", as: String.self)
        }
        for row in try transaction.rows("SELECT step, times FROM core_effect") {
            effects[try row.get("step")] = try row.get("times", as: Int64.self)
        }
        for row in try transaction.rows("SELECT message_id, name, number, status FROM outbox_messages") {
            messages[try row.get("name")] = Message(
                id: try row.get("message_id"), number: try row.get("number"),
                isSent: try row.get("status") == "sent")
        }
        applied = try transaction.rows("SELECT message_id, lane_key, number FROM core_applied ORDER BY place").map {
            (try $0.get(0), try $0.get(1), try $0.get(2))
        }
        received = Set(try transaction.rows("SELECT message_id FROM core_received").map { try $0.get(0) })
    }

    // MARK: - A step

    /// Its reservation, job, effect and messages belong together.
    func wrong(_ step: CoreStep, _ isQuiet: Bool) -> [String] {
        let id = step.id.description
        var wrong: [String] = []
        func require(_ isTrue: Bool, _ what: String) { if !isTrue { wrong.append("\(id): \(what)") } }

        require(!step.isRefused, "refused, but there")
        let times = effects[id] ?? 0
        require(times <= 1, "its job took effect \(times) times")
        require(jobs[id] != nil, "has no job")
        require((jobs[id] == "completed") == (times == 1), "job \(jobs[id] ?? "none"), effects \(times)")
        require(jobs[id] != "dead", "its job is dead")
        require(reservations[id] != nil, "has no reservation")
        require(reservations[id]?.status != .open || times == 0, "took effect, and its reservation is open")
        require(reservations[id]?.status == .open || times == 1, "took no effect, and its reservation is closed")
        require(messages[step.accepted] != nil, "nobody is told that it was accepted")
        require((messages[step.ended] != nil) == (times == 1), "effects \(times), and the message says otherwise")
        guard isQuiet else { return wrong }
        require(times == 1, "its job took no effect")
        for name in [step.accepted, step.ended] {
            require(messages[name]?.isSent ?? false, "“\(name)” was not sent")
            require(messages[name].map { received.contains($0.id) } ?? false, "“\(name)” was not received")
        }
        return wrong
    }

    // MARK: - All together

    /// Nothing is there without its step.
    func strangers() -> [String] {
        let known = Set(accepted)
        return (jobs.keys.sorted() + effects.keys.sorted()).filter { !known.contains($0) }.map { "\($0): has no step" }
            + messages.keys.sorted().filter { name in !known.contains { name.hasSuffix(" \($0)") } }.map {
                "“\($0)” is told of no step"
            }
    }

    /// Each message that was received is applied once, and those of one lane in their order.
    func wrongOrders() -> [String] {
        var wrong: [String] = []
        var seen: Set<String> = []
        var last: [String: Int64] = [:]
        for message in applied {
            if !seen.insert(message.id).inserted { wrong.append("message \(message.id) was applied twice") }
            if message.number <= last[message.lane] ?? 0 {
                wrong.append("message \(message.number) of \(message.lane) came after \(last[message.lane] ?? 0)")
            }
            last[message.lane] = message.number
        }
        if seen != received { wrong.append("\(received.count) messages were received, \(seen.count) applied") }
        return wrong
    }
}
