import Exchanges
import Networking
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// Where an exchange keeps no names, a row of its list is given to a withdrawal only when it can be no other's.
extension TransferTests {
    func row(_ id: String, _ amount: String = "49", at milliseconds: Int64, fee: String = "1") -> String {
        #"{"id":"\#(id)","coin":"USDT-TRX","netWork":"TRX","address":"TAbc","amount":"\#(amount)","transactionFee":"\#(fee)","status":2,"applyTime":\#(milliseconds)}"#
    }

    func statuses(_ world: World) async throws -> [String: Withdrawal.Status] {
        let all = try await world.transfers.withdrawals(nil, before: nil, limit: 99)
        return Dictionary(uniqueKeysWithValues: all.map { ($0.requestID, $0.status) })
    }

    /// Desks over the same store and exchange, with something in the way of what is sent.
    func desk(
        _ world: World, time: (any TimeSource)? = nil, database: (any SQLDatabase)? = nil,
        before: @escaping @Sendable (SignedRequest) async -> Void = { _ in },
        after: @escaping @Sendable (SignedRequest) async -> Void = { _ in }
    ) throws -> ExchangeTransfers {
        let own = world.bench.time
        return ExchangeTransfers(
            keyring: world.bench.keyring, database: database ?? world.bench.database,
            allowed: try TransferAllowList("mexc:USDT:TRC20"), time: time ?? own, logger: world.transfers.logger,
            manners: world.manners, makeID: { "x" }
        ) { (request, _) throws(HTTPFailure) in
            await before(request)
            let answer = try world.exchange.send(request, own.now().milliseconds)
            await after(request)
            return answer
        }
    }

    private func isSending(_ request: SignedRequest) -> Bool {
        request.verb == .post && request.url.contains("capital/withdraw")
    }

    // MARK: - Whose row

    @Test func `the row of one that is just being settled is not given to another like it`() async throws {
        try await with { world in
            world.exchange.state.withLock { state in
                state.tellsNames = false
                state.withdrawals = [.failure(.unknown("lost"))]
            }
            #expect(try await world.transfers.withdraw(world.order(requestID: "lost")).status == .unknown)
            world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(10))
            // The exchange lists the second, and its answer is still on its way here.
            let faults = Mutex<[String]>([])
            let slow = try desk(
                world,
                after: { request in
                    guard isSending(request) else { return }
                    let more = await world.transfers.follow()
                    faults.withLock { $0 += more }
                })
            let second = try await slow.withdraw(world.order(requestID: "second"))
            #expect(second.status == .sent && second.exchangeID == "W1")
            #expect(faults.withLock { $0 }.contains { $0.contains("in doubt: mexc lists withdrawal W1") })
            #expect(try await statuses(world) == ["lost": .unknown, "second": .sent])
            // It is the second's for good; the first comes to its own end, and so does the doubt.
            #expect(await world.transfers.follow() == [])
            #expect(try await statuses(world) == ["lost": .unknown, "second": .sent])
            world.bench.time.advance(byNanoseconds: WithdrawalFinding.surelyDead + 1)
            #expect(await world.transfers.follow() == [])
            #expect(try await statuses(world) == ["lost": .refused, "second": .sent])
        }
    }

    @Test(arguments: [Withdrawal.Status.pending, .unknown])
    func `of two under way and one row neither is given it by guess, and an operator is told`(
        _ other: Withdrawal.Status
    ) async throws {
        let lines = Mutex<[String]>([])
        try await with(log: { line in lines.withLock { $0.append(line) } }) { world in
            let now = world.bench.time.now()
            let order = world.order()
            world.exchange.state.withLock { $0.history = [row("W1", at: now.milliseconds)] }
            try await world.bench.database.write { transaction in
                let store = WithdrawalStore(transaction: transaction)
                for (name, status) in [("one", Withdrawal.Status.unknown), ("two", other)] {
                    let stored = try store.insert(order, requestID: name, label: "default", now: now)
                    guard status == .unknown else { continue }
                    _ = try store.move(stored.id, from: .pending, WithdrawalStep(.unknown), now: now)
                }
            }
            for _ in 0..<2 {
                let faults = await world.transfers.follow()
                #expect(faults.count { $0.contains("in doubt: mexc lists withdrawal W1, which may be") } >= 1)
                #expect(try await statuses(world) == ["one": .unknown, "two": other])
            }
            // However late, none of them is said to have never left, and both are shown.
            world.bench.time.advance(byNanoseconds: WithdrawalFinding.surelyDead + 1)
            #expect(await world.transfers.follow().count { $0.contains("in doubt") } == 2)
            let open = try await world.transfers.withdrawals(.unknown, before: nil, limit: 9)
            #expect(open.count == 2 && open.allSatisfy { $0.reason?.contains("An operator has to say") == true })
            // Asking for it again by its request id does not give it away either.
            #expect(try await world.transfers.withdraw(world.order(requestID: "one")).status == .unknown)
        }
        let told = lines.withLock { lines in lines.count { $0.contains("what became of withdrawal") } }
        #expect(told == 2 * DatabaseEngine.available.count, "each is told once, not in every round")
    }

    @Test func `one that has its own id is no rival, nor is one of another content or of another time`() async throws {
        try await with { world in
            let now = world.bench.time.now()
            func store(
                _ name: String, amount: FixedDecimal = "50", _ step: WithdrawalStep, ago: Int64 = 0
            ) async throws {
                let (order, made) = (world.order(amount), now.advanced(byNanoseconds: -ago))
                try await world.bench.database.write { transaction in
                    let store = WithdrawalStore(transaction: transaction)
                    let stored = try store.insert(order, requestID: name, label: "default", now: made)
                    _ = try store.move(stored.id, from: .pending, step, now: made)
                }
            }
            try await store("open", WithdrawalStep(.unknown))
            try await store("known", WithdrawalStep(.sent, exchangeID: "W9"))
            try await store("refused", WithdrawalStep(.refused))
            try await store("more", amount: "60", WithdrawalStep(.unknown))
            try await store("old", WithdrawalStep(.unknown), ago: 3 * Nanoseconds.perDay)
            world.exchange.state.withLock { $0.history = [row("W1", at: now.milliseconds)] }
            #expect(await world.transfers.follow() == [])
            let all = try await statuses(world)
            #expect(all["open"] == .sent && all["more"] == .unknown)
            // What it lists is another's by now.
            #expect(all["old"] == .refused)
        }
        // With its fee one is as much as the other without, and addresses are written in many ways: either may have made the row.
        for change in [
            { $0.amount = "49" }, { $0.address = "TABC" }, { $0.place.network = "BEP20" },
        ] as [@Sendable (inout WithdrawalOrder) -> Void] {
            try await neither(change)
        }
    }

    private func neither(_ change: @Sendable (inout WithdrawalOrder) -> Void) async throws {
        try await with { world in
            let now = world.bench.time.now()
            var orders = [world.order(), world.order()]
            change(&orders[1])
            let both = orders
            try await world.bench.database.write { transaction in
                let store = WithdrawalStore(transaction: transaction)
                for (number, order) in both.enumerated() {
                    let stored = try store.insert(order, requestID: "\(number)", label: "default", now: now)
                    _ = try store.move(stored.id, from: .pending, WithdrawalStep(.unknown), now: now)
                }
            }
            world.exchange.state.withLock { $0.history = [row("W1", at: now.milliseconds)] }
            #expect(await world.transfers.follow().count >= 1)
            #expect(try await statuses(world) == ["0": .unknown, "1": .unknown])
        }
    }

    @Test(arguments: [true, false])
    func `a row of the time that a restore has lost may be of one that was forgotten`(_ isLost: Bool) async throws {
        try await with { world in
            world.exchange.state.withLock { state in
                state.tellsNames = false
                state.withdrawals = [.failure(.unknown("carried out"))]
            }
            _ = try await world.transfers.withdraw(world.order(requestID: "open"))
            if !isLost {
                // The backup knew one of an hour later: what the exchange made before was in it.
                world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(3_600))
                _ = try await world.transfers.withdraw(world.order("60", requestID: "later"))
            }
            try await world.bench.database.write { _ = try $0.execute("INSERT INTO mrmarket_restores DEFAULT VALUES") }
            let faults = await world.transfers.follow()
            #expect(faults.contains { $0.contains("a restore from a backup has forgotten") } == isLost)
            #expect(try await statuses(world)["open"] == (isLost ? .unknown : .sent))
        }
    }

    @Test func `what bears our name, but goes elsewhere or is more, is another server's`() {
        var withdrawal = Withdrawal(
            id: 1, requestID: "r",
            place: TransferPlace(exchange: ExchangeID(rawValue: "mexc"), keyID: 1, asset: "USDT", network: "TRC20"),
            label: "default", address: "TAbc", tag: nil, amount: "50", status: .unknown,
            createdAt: Timestamp(nanoseconds: 1_000_000 * 1_000_000))
        withdrawal.clientID = "mine"
        func finding(_ change: @escaping (inout ExchangeTransfer) -> Void) -> WithdrawalFinding {
            var transfer = ExchangeTransfer(id: "W")
            (transfer.clientID, transfer.addressTo, transfer.amount) = ("mine", "TAbc", "50")
            change(&transfer)
            let finding = WithdrawalFinding(
                withdrawal, WithdrawalList([transfer], keyID: 1), WithdrawalClaims(), now: withdrawal.createdAt)
            // The same by which one is followed that was sent without an id.
            let step = WithdrawalProgress.step(withdrawal, WithdrawalList([transfer]))
            #expect((step == nil) == finding.isDoubtful)
            return finding
        }
        for change in [
            { $0.addressTo = "TXyz" }, { $0.amount = "51" },
            { ($0.amount, $0.fee) = ("48", ExchangeFee(cost: "1", asset: "USDT")) },
        ] as [(inout ExchangeTransfer) -> Void] { #expect(finding(change).isDoubtful) }
        for change in [
            { _ in }, { $0.addressTo = "tabc" }, { $0.addressTo = "TAbc:7" }, { $0.amount = "49" },
            { ($0.amount, $0.fee) = ("49", ExchangeFee(cost: "1", asset: "USDT")) },
            { ($0.addressTo, $0.amount) = (nil, nil) },
            { $0.status = .failed },
        ] as [(inout ExchangeTransfer) -> Void] {
            guard case .found = finding(change) else {
                Issue.record("\(finding(change))")
                continue
            }
        }
    }

    // MARK: - Late

    /// A machine that slept between asking and judging.
    @Test func `what was listed before it could be there does not say that it never left`() async throws {
        try await with { world in
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("lost"))] }
            _ = try await world.transfers.withdraw(world.order())
            let sleepy = try desk(
                world,
                after: { request in
                    guard request.url.contains("withdraw/history") else { return }
                    world.bench.time.advance(byNanoseconds: 2 * WithdrawalFinding.surelyDead)
                })
            #expect(await sleepy.follow().count { $0.contains("no list says what became of it") } == 1)
            #expect(try await statuses(world) == ["r1": .unknown])
            world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(600))
            #expect(await world.transfers.follow() == [])
            #expect(try await statuses(world) == ["r1": .refused])
        }
    }

    @Test(arguments: [true, false])
    func `an answer that comes after it was given up is its answer all the same`(_ isTaken: Bool) async throws {
        try await with { world in
            world.exchange.state.withLock { $0.withdrawals = [.success(isTaken)] }
            let slow = try desk(
                world,
                before: { request in
                    guard isSending(request) else { return }
                    world.bench.time.advance(byNanoseconds: ExchangeTransfers.abandoned + 1)
                    #expect(await world.transfers.follow() == [])
                    #expect((try? await statuses(world)) == ["r1": .unknown])
                })
            let sent = try await slow.withdraw(world.order())
            #expect(sent.status == (isTaken ? .sent : .refused) && sent.exchangeID == (isTaken ? "W1" : nil))
            #expect(try await statuses(world) == ["r1": isTaken ? .sent : .refused])
        }
    }

    @Test(arguments: [429, 403, 503])
    func `that it cannot be asked about is no word on a withdrawal`(_ status: Int) async throws {
        try await with { world in
            world.exchange.state.withLock { state in
                state.withdrawals = [.failure(.unknown("carried out"))]
                state.listAnswer = (status, #"{"code":700007,"msg":"no permission"}"#)
            }
            _ = try await world.transfers.withdraw(world.order())
            let again = try await world.transfers.withdraw(world.order())
            #expect(again.status == .unknown && again.id > 0)
            world.exchange.state.withLock { $0.listAnswer = nil }
            world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(3_000))
            #expect(try await world.transfers.withdraw(world.order()).status == .sent)
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }
}
