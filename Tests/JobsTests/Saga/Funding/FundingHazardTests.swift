import Jobs
import Persistence
import Testing
import TradingCore

/// The patterns that keep the original's money-losing hazards out, each shown on the example by its number in the reference.
@Suite struct FundingHazardTests {
    private let network = FakePaymentNetwork()
    private let order = FundingWorld.orders[0]

    private func refunds(_ world: FundingWorld, _ snapshotID: String) -> Int {
        world.network.executed.count { $0.requestID == StableID.uuid("refund", snapshotID) }
    }

    // MARK: - Deposits

    @Test func `H1: after a refund, further deposits go back one by one, and nothing goes back twice`() async throws {
        var world = try await FundingWorld(network: network)
        network.deposit(30, by: "mallory", memo: order)
        try world.runDue()
        world.wait(seconds: 2_000)
        try world.runDue()
        #expect(try world.look { try $0.saga(order).step } == "closed")
        for _ in 0..<5 {
            network.deposit(1, by: "mallory", memo: order)
            try world.runDue()
            world.wait(seconds: 60)
        }
        #expect(network.executions(to: "mallory").map(\.amount) == [30, 1, 1, 1, 1, 1])
        try world.settle()
        try world.checkSettled("H1")
    }

    @Test func `H2: a replayed history is neither credited nor refunded again`() async throws {
        var world = try await FundingWorld(network: network)
        network.deposit(60, memo: order)
        network.deposit(40, memo: order)
        network.deposit(5, memo: "nobody")
        try world.runDue()
        let executed = network.executed
        try world.desk { try $0.transaction.execute("UPDATE cursor SET position = 0") }
        try world.runDue()
        for snapshot in network.snapshots { try world.desk { try $0.dispose(snapshot.deposit.snapshotID) } }
        try world.settle()
        #expect(network.executed == executed)
        #expect(try world.look { try $0.state(order).paid } == 100)
        try world.checkSettled("H2")
    }

    @Test func `H3: a deposit that fails on the way in is retried until it has its disposition`() async throws {
        var world = try await FundingWorld(network: network)
        network.deposit(60, memo: order)
        network.deposit(7, memo: "")
        try world.poll()
        for _ in 0..<4 {
            try world.claim()
            world.crashInTransaction = world.transactionCount + 1
            #expect(throws: FundingWorld.Crash.self) { try world.advance(0) }
            try world.start()
            #expect(try world.look { try world.dispositions($0) }.values.allSatisfy { $0 == "none" })
        }
        try world.runDue()
        #expect(try world.look { try world.dispositions($0) } == ["s0": "credited", "s1": "parked"])
    }

    @Test func `H4: a burst larger than a page, and a crash within a page, skip no deposit`() async throws {
        var world = try await FundingWorld(network: network, price: 1_000)
        for _ in 0..<11 { network.deposit(1, memo: order) }
        for _ in 0..<12 {
            world.crashInTransaction = world.transactionCount + 2
            #expect(throws: FundingWorld.Crash.self) { try world.poll() }
            try world.start()
            try world.poll()
        }
        #expect(try world.look { try $0.cursor() } == 11)
        try world.runDue()
        #expect(try world.look { try $0.state(order).paid } == 11)
    }

    @Test func `H5: a deposit is credited once though the process dies right after crediting it`() async throws {
        var world = try await FundingWorld(network: network)
        network.deposit(60, memo: order)
        try world.poll()
        try world.claim()
        let job = try #require(world.tasks.first)
        try world.advance(0)
        // Its answer is lost with the process; the same claim, and a new one, try again.
        world.tasks = [job]
        try world.advance(0)
        try world.start()
        try world.runDue()
        #expect(try world.look { try $0.state(order).paid } == 60)
        #expect(try world.look { try $0.balance("custody") } == 60)
    }

    @Test func `H6: deposits of one order that are handled together all count`() async throws {
        var world = try await FundingWorld(network: network, price: 1_000)
        for _ in 0..<4 { network.deposit(10, memo: order) }
        try world.poll(limit: 10)
        try world.claim()
        #expect(world.tasks.count == 4)
        while !world.tasks.isEmpty { try world.advance(world.tasks.count - 1) }
        #expect(try world.look { try $0.state(order).paid } == 40)
    }

    @Test func `H7: every credit is evaluated, and a deposit after completion moves nothing back`() async throws {
        var world = try await FundingWorld(network: network)
        network.deposit(60, memo: order)
        try world.runDue()
        #expect(try world.look { try $0.saga(order).step } == "awaitingPayment")
        let late = network.deposit(40, memo: order)
        try world.runDue()
        #expect(try world.look { try $0.saga(order).step } == "running")
        network.deposit(40, memo: order)
        try world.runDue()
        #expect(try world.look { try $0.saga(order).step } == "running")
        #expect(refunds(world, "s2") == 1 && refunds(world, late.snapshotID) == 0)
        try world.settle()
        try world.checkSettled("H7")
    }

    @Test func `H8: a refund without the balance for it, or without an answer, is tried until it arrives`() async throws
    {
        var world = try await FundingWorld(network: network)
        network.deposit(30, memo: "nobody")
        network.faults.insufficient = 100
        for _ in 0..<10 {
            try world.runDue()
            world.wait(seconds: 10)
        }
        #expect(network.executed.isEmpty)
        #expect(try world.look { try $0.payments().map(\.status) } == [.unknown])
        network.faults = .init(lostAnswer: 100)
        for _ in 0..<10 {
            try world.runDue()
            world.wait(seconds: 10)
        }
        #expect(network.executed.map(\.amount) == [30])
        #expect(try world.look { try $0.payments().map(\.status) } == [.confirmed])
    }

    // MARK: - Withdrawals

    @Test func `H17: a status and its job are stored together, and a status never goes back`() async throws {
        var world = try await FundingWorld(network: network)
        network.deposit(100, memo: order)
        try world.poll()
        try world.claim()
        world.crashInTransaction = world.transactionCount + 1
        #expect(throws: FundingWorld.Crash.self) { try world.advance(0) }
        #expect(try world.look { try $0.payments() }.isEmpty)
        #expect(try world.look { try $0.saga(order).step } == "awaitingPayment")
        try world.start()
        try world.runDue()
        let requestID = try #require(try world.look { try $0.state(order).requestID })
        #expect(try world.look { try $0.payment(requestID)?.status } == .confirmed)
        // Queued again, by a late job or an operator: the compare-and-set lets nothing pass.
        #expect(try !world.desk { try $0.move(requestID, from: .stored, to: .unknown) })
        try world.desk { try $0.settle(requestID) }
        try world.runDue()
        #expect(network.executions(to: "exchange").count == 1)
    }

    @Test func `H18: an error after sending leaves the outcome unknown, and the same request is asked for`()
        async throws
    {
        var world = try await FundingWorld(network: network)
        network.deposit(100, memo: order)
        try world.poll()
        try world.claim()
        try world.advance(0)
        try world.claim()
        try world.advance(0)
        try world.advance(0)
        #expect(network.sendCount == 1)
        // Sent and carried out; storing that fails, three times.
        for _ in 0..<3 {
            world.crashInTransaction = world.transactionCount + 1
            #expect(throws: FundingWorld.Crash.self) { try world.advance(0) }
        }
        try world.start()
        let requestID = try #require(try world.look { try $0.state(order).requestID })
        #expect(try world.look { try $0.payment(requestID)?.status } == .unknown)
        try world.runDue()
        #expect(network.sendCount == 1)
        #expect(network.executions(to: "exchange").map(\.requestID) == [requestID])
        #expect(try world.look { try $0.saga(order).step } == "running")
    }

    @Test(arguments: 0..<4)
    func `H19: a process that dies while it pays is followed by one that looks the request up`(
        _ steps: Int
    ) async throws {
        var world = try await FundingWorld(network: network)
        network.deposit(100, memo: order)
        try world.poll()
        try world.claim()
        try world.advance(0)
        try world.claim()
        // Marked as leaving; sent; its answer read; then the process dies.
        for _ in 0..<min(steps, 3) where !world.tasks.isEmpty { try world.advance(0) }
        try world.start()
        try world.runDue()
        #expect(network.executions(to: "exchange").map(\.amount) == [100])
        #expect(try world.look { try $0.saga(order).step } == "running")
        try world.settle()
        try world.checkSettled("H19 \(steps)")
    }

    @Test func `H18, H19: a deadline is no refusal, a request that acts late is not paid back meanwhile`() async throws
    {
        var world = try await FundingWorld(network: network)
        network.deposit(100, memo: order)
        network.faults = .init(dropped: 100, lookupTimeout: 100)
        for _ in 0..<8 {
            try world.runDue()
            world.wait(seconds: 601)
        }
        let shown = try world.look {
            try SagaStore(transaction: $0.transaction).show(kind: FundingSaga.kind, id: order)
        }
        #expect(shown.record.step == "funding")
        #expect(shown.history.filter { $0.event == #"{"deadline":{}}"# }.count >= 7)
        #expect(network.executed.isEmpty)
        network.faults = .init(late: 100)
        world.wait(seconds: 10)
        try world.runDue()
        try world.settle()
        #expect(network.executed.map(\.recipient) == ["exchange"])
        try world.checkSettled("late")
    }

    @Test func `a refused withdrawal is compensated: every deposit goes back to whoever paid it`() async throws {
        network.refusesWithdrawals = true
        var world = try await FundingWorld(network: network)
        network.deposit(60, by: "alice", memo: order)
        network.deposit(50, by: "bob", memo: order)
        try world.settle()
        #expect(network.executions(to: "alice").map(\.amount) == [60])
        #expect(network.executions(to: "bob").map(\.amount) == [50])
        #expect(try world.look { try $0.saga(order).step } == "closed")
        try world.checkSettled("compensated")
    }
}
