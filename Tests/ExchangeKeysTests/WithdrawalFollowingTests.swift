import Exchanges
import Networking
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

extension TransferTests {
    // MARK: - Names

    @Test func `a withdrawal leaves under a name of its own, by which it is found among others like it`() async throws {
        try await with { world in
            // Somebody else sends as much to the same address at the same time.
            world.exchange.state.withLock { state in
                state.withdrawals = [.failure(.unknown("carried out"))]
                state.history = [
                    #"{"id":"X1","withdrawOrderId":"somebodys","coin":"USDT-TRX","netWork":"TRX","address":"TAbc","amount":"50","status":2,"applyTime":\#(world.bench.time.now().nanoseconds / 1_000_000)}"#
                ]
            }
            #expect(try await world.transfers.withdraw(world.order()).status == .unknown)
            let call = try #require(world.exchange.sent.first { $0.hasPrefix("POST capital/withdraw") })
            // It follows from the request alone: after a restore the exchange knows the name again.
            #expect(call.contains("withdrawOrderId=01e7ba2b06b8fd1d474f57fcf39156aa"))
            let again = try await world.transfers.withdraw(world.order())
            #expect(again.status == .sent && again.exchangeID == "W2")
        }
    }

    @Test func `a network by another of its names is the same request, another network is not`() async throws {
        try await with("mexc:USDT:TRC20,mexc:USDT:ERC20") { world in
            let first = try await world.transfers.withdraw(world.order())
            for name in ["TRX", "Tron(TRC20)", "trc20"] {
                var order = world.order()
                order.place.network = name
                #expect(try await world.transfers.withdraw(order).id == first.id, "\(name)")
            }
            for name in ["ERC20", "ETH", "BEP20"] {
                var order = world.order()
                order.place.network = name
                #expect(line(await error { try await world.transfers.withdraw(order) }).hasPrefix("requestId r1"))
            }
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test func `H25: an address of another coin than the one asked for is not passed on`() async throws {
        try await with { world in
            world.exchange.state.withLock { state in
                state.addresses =
                    #"[{"coin":"USDC","network":"Tron(TRC20)","netWork":"TRX","address":"TOther","memo":null}]"#
            }
            let refused = await error { try await world.transfers.depositAddress(world.place(world.trading)) }
            guard case .contradicted(let why)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(why.contains("must not be used"))
        }
    }

    // MARK: - Servers' faults

    /// Whatever the body says, nothing tells that nothing was done.
    @Test(arguments: [
        (500, #"{"code":500,"msg":"Internal error"}"#), (500, "<html></html>"), (502, ""),
        (503, #"{"code":503,"msg":"x"}"#),
        (504, "gateway"), (200, "{\"id\":"),
    ])
    func `a server's fault leaves a withdrawal unknown, never refused`(_ status: Int, _ body: String) async throws {
        try await with { world in
            world.exchange.state.withLock { $0.answer = (status, body) }
            let (sent, again) = (
                try await world.transfers.withdraw(world.order()), try await world.transfers.withdraw(world.order())
            )
            #expect(sent.status == .unknown && again.status == .unknown)
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    // MARK: - Followed

    @Test(arguments: [true, false])
    func `one that nobody answered is followed to its end without being asked for again`(
        _ isCarriedOut: Bool
    ) async throws {
        try await with { world in
            world.exchange.state.withLock { state in
                state.tellsNames = false
                state.withdrawals = [.failure(.unknown(isCarriedOut ? "carried out" : "lost"))]
            }
            let sent = try await world.transfers.withdraw(world.order())
            #expect(sent.status == .unknown)
            #expect(await world.transfers.follow() == [])
            func status() async throws -> Withdrawal.Status? {
                try await world.transfers.withdrawals(nil, before: nil, limit: 10).first?.status
            }
            let soon = try await status()
            #expect(soon == (isCarriedOut ? .sent : .unknown))
            world.bench.time.advance(byNanoseconds: WithdrawalFinding.surelyDead + 1)
            #expect(await world.transfers.follow() == [])
            let late = try await status()
            #expect(late == (isCarriedOut ? .sent : .refused))
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    /// The process died between storing and sending.
    @Test func `one that was stored and never sent is resolved by asking, never by sending`() async throws {
        try await with { world in
            let (order, now) = (world.order(), world.bench.time.now())
            _ = try await world.bench.database.write {
                try WithdrawalStore(transaction: $0).insert(
                    order, requestID: "r1", clientID: "name1", label: "default", now: now)
            }
            func status() async throws -> Withdrawal.Status? {
                try await world.transfers.withdrawals(nil, before: nil, limit: 10).first?.status
            }
            #expect(await world.transfers.follow() == [])
            #expect(try await status() == .pending, "it may be under way")
            world.bench.time.advance(byNanoseconds: ExchangeTransfers.abandoned + 1)
            #expect(await world.transfers.follow() == [])
            #expect(try await status() == .unknown)
            world.bench.time.advance(byNanoseconds: WithdrawalFinding.surelyDead)
            #expect(await world.transfers.follow() == [])
            #expect(try await status() == .refused)
            #expect(world.exchange.count("POST") == 0)
            // And stays so under its name.
            #expect(try await world.transfers.withdraw(order).reason?.contains("never left") == true)
            #expect(world.exchange.count("POST") == 0)
        }
    }

    @Test func `an exchange that cannot be asked leaves it as it is, and is told`() async throws {
        try await with { world in
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("lost"))] }
            let sent = try await world.transfers.withdraw(world.order())
            for key in [world.withdrawing, world.trading] { _ = try await world.bench.keyring.remove(key, force: true) }
            let faults = await world.transfers.follow()
            #expect(faults.count == 1 && faults[0].hasPrefix("withdrawal \(sent.id): "))
            #expect(try await world.transfers.withdrawals(.unknown, before: nil, limit: 10).map(\.id) == [sent.id])
        }
    }

    @Test func `they are listed by state and page, the newest first`() async throws {
        try await with { world in
            for number in 1...4 {
                world.exchange.state.withLock { $0.withdrawals = [.success(number != 2)] }
                _ = try await world.transfers.withdraw(world.order("50", requestID: "n\(number)"))
            }
            func names(_ status: Withdrawal.Status?, _ before: Int64?, _ limit: Int) async throws -> [String] {
                try await world.transfers.withdrawals(status, before: before, limit: limit).map(\.requestID)
            }
            #expect(try await names(nil, nil, 100) == ["n4", "n3", "n2", "n1"])
            #expect(try await names(.refused, nil, 100) == ["n2"])
            let second = try await world.transfers.withdrawals(nil, before: nil, limit: 2)
            #expect(second.map(\.requestID) == ["n4", "n3"])
            #expect(try await names(nil, second.last?.id, 2) == ["n2", "n1"])
        }
    }

    // MARK: - The store and the rule

    /// What is taken for a repetition of the same.
    @Test
    func `the same withdrawal is the same account, asset, network, address, tag and amount, not refused, and recent`()
        async throws
    {
        try await with { world in
            let now = world.bench.time.now()
            let order = world.order("50", requestID: nil)
            func same(
                _ other: WithdrawalOrder, _ label: String = "default", since: Timestamp
            ) async throws -> String? {
                try await world.bench.database.read {
                    try WithdrawalStore(transaction: $0).same(as: other, label, since: since)?.requestID
                }
            }
            func move(_ id: Int64, _ from: Withdrawal.Status, _ to: Withdrawal.Status) async throws {
                let isMoved = try await world.bench.database.write {
                    try WithdrawalStore(transaction: $0).move(
                        id, from: from, WithdrawalStep(to), now: now)
                }
                #expect(isMoved)
            }
            let stored = try await world.bench.database.write {
                try WithdrawalStore(transaction: $0).insert(order, requestID: "a", label: "default", now: now)
            }
            let later = now.advanced(byNanoseconds: 1)
            // Pending ones are the same for good, sent ones for a while, refused ones never.
            #expect(try await same(order, since: later) == "a")
            try await move(stored.id, .pending, .unknown)
            #expect(try await same(order, since: later) == "a")
            try await move(stored.id, .unknown, .sent)
            #expect(try await same(order, since: now) == "a")
            #expect(try await same(order, since: later) == nil)
            // What came to nothing may be asked for anew at once; what arrived may not.
            for (end, isSame) in [(Withdrawal.Status.confirmed, true), (.failed, false), (.cancelled, false)] {
                try await move(stored.id, .sent, end)
                #expect(try await same(order, since: now) == (isSame ? "a" : nil))
                try await move(stored.id, end, .sent)
            }
            var others: [WithdrawalOrder] = []
            for change in [
                { (order: inout WithdrawalOrder) in order.amount = "50.1" }, { $0.address = "TAbd" }, { $0.tag = "7" },
                { $0.place.asset = "USDC" }, { $0.place.network = "ERC20" },
                { $0.place.exchange = ExchangeID(rawValue: "okx") },
            ] {
                var other = order
                change(&other)
                others.append(other)
            }
            for other in others { #expect(try await same(other, since: now) == nil, "\(other)") }
            #expect(try await same(order, "second", since: now) == nil)
            // Whichever of the account's keys signs.
            var rotated = order
            rotated.place.keyID += 1
            #expect(try await same(rotated, since: now) == "a")
            let another = others[0]
            let refused = try await world.bench.database.write {
                try WithdrawalStore(transaction: $0).insert(
                    another, requestID: "b", label: "default", now: now)
            }
            try await move(refused.id, .pending, .refused)
            #expect(try await same(others[0], since: now) == nil)
        }
    }

    private struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var isIt: Bool
        /// As it was asked for, whatever its name.
        var isLike: Bool?
        /// Beyond doubt, however exchanges write addresses and amounts.
        var isAnothers = false
        var change: @Sendable (inout ExchangeTransfer) -> Void
    }

    private static let cases: [Case] = [
        Case(testDescription: "as it was asked for", isIt: true) { _ in },
        Case(testDescription: "without its fee", isIt: true) {
            ($0.amount, $0.fee) = ("49", ExchangeFee(cost: "1", asset: "USDT"))
        },
        Case(testDescription: "less than that", isIt: false) { $0.amount = "49" },
        Case(testDescription: "another address", isIt: false) { $0.addressTo = "TAbd" },
        Case(testDescription: "an address in the plain field", isIt: true) {
            ($0.addressTo, $0.address) = (nil, "TAbc")
        },
        Case(testDescription: "another tag", isIt: false) { $0.tagTo = "8" },
        Case(testDescription: "another asset", isIt: false) { $0.asset = "USDC" },
        // The same address is good on several.
        Case(testDescription: "on another network", isIt: false) { $0.network = "BEP20" },
        Case(testDescription: "on its network", isIt: true) { ($0.asset, $0.network) = ("USDT", "trc20") },
        Case(testDescription: "on a network that is not told", isIt: true) { $0.network = "" },
        Case(testDescription: "no amount", isIt: false) { $0.amount = nil },
        Case(testDescription: "failed", isIt: false) { $0.status = .failed },
        Case(testDescription: "cancelled", isIt: false) { $0.status = .cancelled },
        Case(testDescription: "pending", isIt: true) { $0.status = .pending },
        Case(testDescription: "made long before", isIt: false) { $0.createdAt = 1_000_000 - 30_001 },
        Case(testDescription: "made by a clock that is behind", isIt: true) { $0.createdAt = 1_000_000 - 30_000 },
        Case(testDescription: "made when it could be accepted no more", isIt: false) {
            $0.createdAt = 1_000_000 + 3_600_000 + 30_001
        },
        Case(testDescription: "at no time", isIt: true) { $0.createdAt = nil },
        Case(testDescription: "by our name", isIt: true) { $0.clientID = "mine" },
        Case(testDescription: "by our name, without anything else", isIt: true, isLike: false) {
            ($0.clientID, $0.addressTo, $0.tagTo, $0.amount) = ("mine", nil, nil, nil)
        },
        Case(testDescription: "by another name", isIt: false, isAnothers: true) { $0.clientID = "yours" },
    ]

    @Test(arguments: cases) private func `a listed transfer is what we asked for, or not`(_ row: Case) throws {
        var withdrawal = Withdrawal(
            id: 1, requestID: "r",
            place: TransferPlace(exchange: ExchangeID(rawValue: "mexc"), keyID: 1, asset: "USDT", network: "TRC20"),
            label: "default", address: "TAbc", tag: "7", amount: "50", status: .unknown,
            createdAt: Timestamp(nanoseconds: 1_000_000 * 1_000_000))
        withdrawal.clientID = "mine"
        var transfer = ExchangeTransfer(id: "W")
        (transfer.addressTo, transfer.tagTo, transfer.amount) = ("TAbc", "7", "50")
        transfer.createdAt = 1_000_000
        row.change(&transfer)
        #expect(transfer.isWhat(withdrawal) == (row.isLike ?? row.isIt))
        let late = withdrawal.createdAt.advanced(byNanoseconds: WithdrawalFinding.surelyDead + 1)
        let expected: WithdrawalFinding =
            row.isIt ? .found(WithdrawalStep(transfer)) : row.isAnothers ? .neverLeft : .open
        #expect(
            WithdrawalFinding(
                withdrawal, WithdrawalList([transfer], keyID: withdrawal.place.keyID), WithdrawalClaims(), now: late)
                == expected
        )
        // What is some other withdrawal's already is not this one; of two alike nobody can say which it is.
        if row.isIt, transfer.clientID == nil {
            #expect(
                WithdrawalFinding(
                    withdrawal, WithdrawalList([transfer], keyID: withdrawal.place.keyID),
                    WithdrawalClaims(taken: ["W"]), now: late)
                    == .neverLeft)
            var other = transfer
            other.id = "V"
            #expect(
                WithdrawalFinding(
                    withdrawal, WithdrawalList([transfer, other], keyID: withdrawal.place.keyID), WithdrawalClaims(),
                    now: late
                )
                .isDoubtful)
        }
        // A list with a hole in it may have left it out.
        let holed = WithdrawalList([transfer], isWhole: false, keyID: withdrawal.place.keyID)
        if !row.isIt { #expect(WithdrawalFinding(withdrawal, holed, WithdrawalClaims(), now: late) == .open) }
    }

    /// Its list is by its own clock: asked for by ours, a withdrawal of just now would seem to have been before.
    @Test(arguments: [true, false])
    func `one that an exchange with a slow clock has carried out is found, by name or by what it is`(
        _ tellsNames: Bool
    ) async throws {
        try await with { (world: World) async throws in
            world.exchange.state.withLock { state in
                state.behind = tellsNames ? 3_600_000 : 20_000
                state.tellsNames = tellsNames
                state.withdrawals = [.failure(.unknown("carried out"))]
            }
            #expect(try await world.transfers.withdraw(world.order()).status == .unknown)
            world.bench.time.advance(byNanoseconds: WithdrawalFinding.surelyDead + Nanoseconds.perSecond)
            #expect(await world.transfers.follow() == [])
            #expect(try await world.transfers.withdrawals(nil, before: nil, limit: 9).map(\.status) == [.sent])
        }
    }

    @Test func `a row of the exchange's list that has become another's meanwhile is not taken twice`() async throws {
        try await with { world in
            let now = world.bench.time.now()
            let order = world.order()
            let moved = try await world.bench.database.write { transaction in
                let store = WithdrawalStore(transaction: transaction)
                let one = try store.insert(order, requestID: "one", label: "default", now: now)
                let two = try store.insert(order, requestID: "two", label: "default", now: now)
                let step = WithdrawalStep(.sent, exchangeID: "W1")
                return [
                    try store.move(one.id, from: .pending, step, now: now),
                    try store.move(two.id, from: .pending, step, isFound: true, now: now),
                    try store.move(
                        two.id, from: .pending, WithdrawalStep(.sent, exchangeID: "W2"), isFound: true, now: now),
                    // Told again of the same one.
                    try store.move(
                        two.id, from: .sent, WithdrawalStep(.confirmed, exchangeID: "W2"), isFound: true, now: now),
                ]
            }
            #expect(moved == [true, false, true, true])
        }
    }

    @Test func `only a list that cannot have left it out says that it never left`() {
        let withdrawal = Withdrawal(
            id: 1, requestID: "r",
            place: TransferPlace(exchange: ExchangeID(rawValue: "mexc"), keyID: 1, asset: "USDT", network: "ERC20"),
            label: "default", address: "0xABCdef", tag: nil, amount: "50", status: .unknown,
            createdAt: Timestamp(nanoseconds: 1_000_000 * 1_000_000))
        func finding(_ listed: [ExchangeTransfer], after age: Int64) -> WithdrawalFinding {
            WithdrawalFinding(
                withdrawal, WithdrawalList(listed, keyID: withdrawal.place.keyID), WithdrawalClaims(),
                now: withdrawal.createdAt.advanced(byNanoseconds: age))
        }
        #expect(finding([], after: WithdrawalFinding.surelyDead) == .open)
        #expect(finding([], after: WithdrawalFinding.surelyDead + 1) == .neverLeft)
        // The list of another key, maybe of another account, says nothing.
        let late = withdrawal.createdAt.advanced(byNanoseconds: WithdrawalFinding.surelyDead + 1)
        for other in [nil, withdrawal.place.keyID + 1] {
            let empty = WithdrawalList([], keyID: other)
            #expect(WithdrawalFinding(withdrawal, empty, WithdrawalClaims(), now: late) == .open)
        }
        #expect(finding([], after: WithdrawalFinding.surelyListed - 1) == .neverLeft)
        // Nobody knows whether the exchange still lists what is that old.
        #expect(finding([], after: WithdrawalFinding.surelyListed) == .open)
        var transfer = ExchangeTransfer(id: "W")
        (transfer.addressTo, transfer.amount) = ("0xabcDEF", "50")
        #expect(
            finding([transfer], after: 1) == .found(WithdrawalStep(transfer)),
            "an address of Ethereum's, its checksum left out")
        transfer.addressTo = "0xabcdee"
        #expect(finding([transfer], after: WithdrawalFinding.surelyDead + 1) == .open)
    }
}

extension WithdrawalFinding {
    var isDoubtful: Bool { if case .doubtful = self { true } else { false } }
}
