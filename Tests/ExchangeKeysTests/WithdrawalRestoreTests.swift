import Exchanges
import Networking
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// A database that was put back from a backup has forgotten withdrawals; the exchange has not.
extension TransferTests {
    private static let listing = "GET capital/withdraw/history"

    /// The backup was made before these were asked for, and restored after.
    private func restore(_ world: World, forgetting requests: [String]) async throws {
        try await world.bench.database.write { transaction in
            for request in requests {
                try transaction.execute("DELETE FROM exchange_withdrawals WHERE request_id = \(request)")
            }
            try transaction.execute("INSERT INTO mrmarket_restores DEFAULT VALUES")
        }
    }

    private func repeated(_ world: World, _ order: WithdrawalOrder) async -> String? {
        guard case .repeated(let why)? = await error({ try await world.transfers.withdraw(order) }) else { return nil }
        return why
    }

    @Test func `where the exchange keeps names a lost withdrawal is taken in, not sent again`() async throws {
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            try await restore(world, forgetting: ["r1"])
            let again = try await world.transfers.withdraw(world.order())
            #expect(again.status == .sent && again.exchangeID == "W1")
            #expect(world.exchange.count("POST capital/withdraw") == 1)
            // Its name belongs to it.
            try await restore(world, forgetting: ["r1"])
            let other = await error { try await world.transfers.withdraw(world.order("60")) }
            #expect(line(other).hasPrefix("requestId r1: must be a new one"))
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test func `where it keeps none one like it is named, and sent again only when somebody insists`() async throws {
        try await with { world in
            world.exchange.state.withLock { $0.tellsNames = false }
            _ = try await world.transfers.withdraw(world.order(requestID: "kept"))
            world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(3_600))
            _ = try await world.transfers.withdraw(world.order(requestID: "lost"))
            try await restore(world, forgetting: ["lost"])
            world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(3_600))
            let why = try #require(await repeated(world, world.order(requestID: "lost")))
            #expect(why.hasPrefix("allowRepeat: must be true to send this, as the database was restored from a backup"))
            #expect(why.contains("lists withdrawal W2 of 50 USDT to TAbc") && why.contains("no stored request claims"))
            #expect(world.exchange.count("POST capital/withdraw") == 2)
            #expect(try await world.transfers.withdrawals(nil, before: nil, limit: 9).map(\.requestID) == ["kept"])
            // Without a request id too, and under a new one.
            #expect(await repeated(world, world.order(requestID: "new")) != nil)
            #expect(await repeated(world, world.order(requestID: nil)) != nil)
            // What is not like it goes.
            #expect(try await world.transfers.withdraw(world.order("60", requestID: "else")).status == .sent)
            var insisted = world.order(requestID: "lost")
            insisted.isRepeatAllowed = true
            #expect(try await world.transfers.withdraw(insisted).status == .sent)
            #expect(world.exchange.count("POST capital/withdraw") == 4)
        }
    }

    @Test func `only what lies between backup and restore counts, and only for a month after it`() async throws {
        try await with { world in
            world.exchange.state.withLock { $0.tellsNames = false }
            _ = try await world.transfers.withdraw(world.order(requestID: "lost"))
            let before = world.exchange.count(Self.listing)
            #expect(before == 0, "nobody looks where nothing was restored")
            try await restore(world, forgetting: ["lost"])
            #expect(await repeated(world, world.order(requestID: "lost")) != nil)
            // One that failed or that somebody took back has paid nobody.
            for word in [8, 9] {
                world.exchange.state.withLock { state in
                    state.history = [
                        #"{"id":"W1","coin":"USDT-TRX","address":"TAbc","amount":"50","status":\#(word)}"#
                    ]
                }
                #expect(try await world.transfers.withdraw(world.order(requestID: "n\(word)")).status == .sent)
            }
            // Made by a person after the restore, however clocks differ: not ours, and not lost.
            let later = world.bench.time.now().nanoseconds / Nanoseconds.perMillisecond + 86_400_001
            world.exchange.state.withLock { state in
                state.history = [
                    #"{"id":"X","coin":"USDT-TRX","address":"TAbc","amount":"50","status":2,"applyTime":\#(later)}"#
                ]
            }
            #expect(try await world.transfers.withdraw(world.order(requestID: "after")).status == .sent)
            let looks = world.exchange.count(Self.listing)
            world.bench.time.advance(byNanoseconds: WithdrawalRestores.longest + 1)
            #expect(try await world.transfers.withdraw(world.order(requestID: "late")).status == .sent)
            #expect(world.exchange.count(Self.listing) == looks)
        }
    }

    @Test func `it looks back to the newest that the backup knew, and no further than a month`() async throws {
        try await with { world in
            func since(_ requestID: String) async throws -> Int64? {
                _ = try await world.transfers.withdraw(world.order("70", requestID: requestID))
                let asked = world.exchange.sent.first { $0.hasPrefix(Self.listing) } ?? ""
                world.exchange.state.withLock { $0.sent = [] }
                let text = asked.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix("startTime=") }
                return text.flatMap { Int64($0.dropFirst("startTime=".count)) }
            }
            func ago(_ seconds: Int64) -> Int64 {
                world.bench.time.now().nanoseconds / Nanoseconds.perMillisecond - seconds * 1_000
            }
            try await restore(world, forgetting: [])
            #expect(try await since("a") == ago(31 * 86_400))
            // A later restore does not forget the earlier one.
            world.bench.time.advance(byNanoseconds: Nanoseconds.perDay)
            try await restore(world, forgetting: [])
            #expect(try await since("b") == ago(32 * 86_400))
            world.bench.time.advance(byNanoseconds: 40 * Nanoseconds.perDay)
            _ = try await world.transfers.withdraw(world.order("70", requestID: "c"))
            world.bench.time.advance(byNanoseconds: Nanoseconds.perDay)
            try await restore(world, forgetting: [])
            world.exchange.state.withLock { $0.sent = [] }
            #expect(try await since("d") == ago(2 * 86_400))
        }
    }

    @Test func `an exchange that cannot be asked then is sent nothing, and the request is as good as new`() async throws
    {
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            try await restore(world, forgetting: ["r1"])
            world.exchange.state.withLock { $0.listAnswer = (503, "{}") }
            let refused = await error { try await world.transfers.withdraw(world.order()) }
            guard case .unreachable? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(try await world.transfers.withdrawals(nil, before: nil, limit: 9).isEmpty)
            world.exchange.state.withLock { $0.listAnswer = nil }
            #expect(try await world.transfers.withdraw(world.order()).exchangeID == "W1")
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    /// Their clocks may be hours apart from ours, in either direction.
    @Test(arguments: [-86_000_000 as Int64, 86_000_000])
    func `one that the backup forgot is found whatever the exchange's clock says`(_ ahead: Int64) async throws {
        try await with { world in
            world.exchange.state.withLock { $0.tellsNames = false }
            _ = try await world.transfers.withdraw(world.order("60", requestID: "kept"))
            let now = world.bench.time.now().milliseconds
            world.exchange.state.withLock { state in
                // Now the exchange keeps to the window that it is asked for.
                state.behind = -ahead
                state.history.append(row("W2", at: now + ahead))
            }
            try await restore(world, forgetting: [])
            #expect(try #require(await repeated(world, world.order(requestID: "lost"))).contains("lists withdrawal W2"))
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test(arguments: [true, false])
    func `one that the backup forgot is found however the exchange writes its address and amount`(
        _ tellsNames: Bool
    ) async throws {
        try await with { world in
            world.exchange.state.withLock { $0.tellsNames = tellsNames }
            _ = try await world.transfers.withdraw(world.order())
            world.exchange.state.withLock { state in
                state.history = state.history.map { row in
                    row.replacing("TAbc", with: "tabc:memo").replacing(#","transactionFee":"1""#, with: "")
                }
            }
            try await restore(world, forgetting: ["r1"])
            if tellsNames {
                #expect(try await world.transfers.withdraw(world.order()).exchangeID == "W1")
            } else {
                #expect(try #require(await repeated(world, world.order())).contains("lists withdrawal W1"))
            }
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test func `an exchange that takes long to list is given up in time, and the request is as good as new`()
        async throws
    {
        try await with { world in
            try await restore(world, forgetting: [])
            let slow = try desk(
                world,
                before: { request in
                    guard request.url.contains("withdraw/history") else { return }
                    world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(14))
                })
            let start = world.bench.time.now()
            guard case .heldBack(let why)? = await error({ try await slow.withdraw(world.order()) }) else {
                Issue.record("it was not given up")
                return
            }
            #expect(why.contains("the time for its exchange was used up"))
            let took = world.bench.time.now().nanoseconds(since: start)
            #expect(took <= ExchangeTransfers.patience + Nanoseconds.seconds(14), "\(took)")
            #expect(world.exchange.count("POST capital/withdraw") == 0)
            #expect(try await world.transfers.withdraw(world.order()).status == .sent)
        }
    }

    @Test(arguments: 0...3)
    func `a process that dies while it takes in one that the backup forgot does not make it one that never left`(
        _ commits: Int
    ) async throws {
        try await with { (world: World) async throws in
            // The exchange keeps to the window that it is asked for.
            world.exchange.state.withLock { $0.behind = 1 }
            _ = try await world.transfers.withdraw(world.order())
            try await restore(world, forgetting: ["r1"])
            world.bench.time.advance(byNanoseconds: 10 * Nanoseconds.perDay)
            let dying = try desk(world, database: DyingDatabase(world.bench.database, after: commits))
            _ = try? await dying.withdraw(world.order())
            for _ in 0..<3 {
                world.bench.time.advance(byNanoseconds: WithdrawalFinding.surelyDead)
                #expect(await world.transfers.follow() == [])
            }
            let again = try await world.transfers.withdraw(world.order())
            #expect(again.status == .sent && again.exchangeID == "W1")
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test(arguments: [true, false])
    func `that its name is taken there does not tell that nothing was paid under it`(_ isListed: Bool) async throws {
        try await with { world in
            world.exchange.state.withLock { state in
                state.answer = (400, #"{"code":700010,"msg":"Duplicate withdrawOrderId"}"#)
                guard isListed else { return }
                let named = row("W1", at: world.bench.time.now().milliseconds).dropLast()
                state.history = [named + #","withdrawOrderId":"\#(ExchangeTransfers.clientID(of: "r1"))"}"#]
            }
            let sent = try await world.transfers.withdraw(world.order())
            #expect(sent.status == .unknown && sent.reason?.contains("one of its name already") == true)
            #expect(await world.transfers.follow().isEmpty == isListed)
            world.bench.time.advance(byNanoseconds: WithdrawalFinding.surelyDead + 1)
            #expect(await world.transfers.follow().isEmpty == isListed)
            #expect(try await statuses(world) == ["r1": isListed ? .sent : .unknown])
            guard !isListed else { return }
            let verdict = WithdrawalVerdict(.neverLeft, note: "no such payment")
            #expect(try await world.transfers.resolve(sent.id, verdict).status == .refused)
        }
    }
}
