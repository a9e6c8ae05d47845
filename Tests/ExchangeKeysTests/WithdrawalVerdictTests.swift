import Exchanges
import Networking
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// What asking does not tell an operator says, once and for the record.
extension TransferTests {
    private func lost(_ world: World, _ requestIDs: String...) async throws -> [Int64] {
        var ids: [Int64] = []
        for requestID in requestIDs {
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("lost"))] }
            ids.append(try await world.transfers.withdraw(world.order(requestID: requestID)).id)
        }
        return ids
    }

    private func age(_ world: World, _ nanoseconds: Int64 = WithdrawalFinding.surelyDead + 1) {
        world.bench.time.advance(byNanoseconds: nanoseconds)
    }

    private func refusal(_ world: World, _ id: Int64, _ verdict: WithdrawalVerdict) async -> String {
        switch await error({ try await world.transfers.resolve(id, verdict) }) {
        case .notByHand(let why)?: why
        case let other: line(other)
        }
    }

    private func journal(_ world: World) async throws -> [String] {
        try await world.bench.database.read { transaction in
            try transaction.rows("SELECT * FROM exchange_withdrawal_verdicts ORDER BY verdict_id").map { row in
                let id: String? = try row.get("exchange_id")
                return "\(try row.get("withdrawal_id", as: Int64.self)) \(try row.get("outcome", as: String.self)) "
                    + "\(id ?? "-") \(try row.get("note", as: String.self))"
            }
        }
    }

    private static let never = WithdrawalVerdict(.neverLeft, note: "their support says so")
    private static func sent(_ id: String) -> WithdrawalVerdict {
        WithdrawalVerdict(.sent(exchangeID: id), note: "seen there")
    }

    private func insisted(_ verdict: WithdrawalVerdict) -> WithdrawalVerdict {
        WithdrawalVerdict(verdict.outcome, note: verdict.note, isInsisted: true)
    }

    // MARK: - When the signer is gone

    @Test func `one whose key is gone is settled by hand, and by nobody else`() async throws {
        try await with { world in
            let id = try await lost(world, "r1")[0]
            _ = try await world.bench.keyring.remove(world.withdrawing, force: true)
            let early = await refusal(world, id, Self.never)
            #expect(early.hasPrefix("withdrawal \(id): must be an hour old"), "\(early)")
            age(world)
            #expect(await world.transfers.follow().count { $0.contains("An operator has to say") } == 1)
            #expect(try await statuses(world) == ["r1": .unknown], "another key's list does not say that it never left")
            let settled = try await world.transfers.resolve(id, Self.never)
            #expect(settled.status == .refused)
            #expect(settled.reason == "it never left, an operator says: their support says so")
            #expect(try await journal(world) == ["\(id) neverLeft - their support says so"])
            let kept = try await world.transfers.verdicts(of: id, before: nil, limit: 9)
            #expect(kept.map(\.verdict) == [Self.never] && kept.first?.reasonBefore != nil)
            #expect(kept.first?.saidAt == world.bench.time.now() && kept.first?.withdrawalID == id)
            #expect(try await world.transfers.verdicts(of: id + 1, before: nil, limit: 9).isEmpty)
            // What is settled is, and its request stays what it was.
            #expect(await refusal(world, id, Self.sent("W1")).contains("must be unknown"))
            #expect(try await world.transfers.withdraw(world.order()).status == .refused)
            #expect(try await journal(world).count == 1)
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test func `nobody is left who can ask: the operator's word counts, and one that was sent is followed again`()
        async throws
    {
        try await with { world in
            let ids = try await lost(world, "a", "b")
            for key in [world.withdrawing, world.trading] { _ = try await world.bench.keyring.remove(key, force: true) }
            age(world)
            #expect(await refusal(world, ids[0], Self.sent("W7")).contains("and nobody here can"))
            #expect(try await world.transfers.resolve(ids[0], insisted(Self.sent("W7"))).exchangeID == "W7")
            let kept = try await world.transfers.verdicts(of: nil, before: nil, limit: 9)
            #expect(kept.map(\.verdict) == [insisted(Self.sent("W7"))])
            // One id is one withdrawal's.
            let taken = await refusal(world, ids[1], insisted(Self.sent("W7")))
            #expect(taken.contains("must be of no other stored withdrawal"))
            #expect(try await statuses(world) == ["a": .sent, "b": .unknown])
            _ = try await world.bench.keyring.add(world.bench.new("mexc"))
            world.exchange.state.withLock { state in
                state.history = [
                    row("W7", at: world.bench.time.now().milliseconds).replacing(#""status":2"#, with: #""status":7"#)
                ]
            }
            #expect(await world.transfers.follow().allSatisfy { $0.hasPrefix("withdrawal \(ids[1]): no list says") })
            #expect(try await statuses(world)["a"] == .confirmed)
            #expect(try await journal(world) == ["\(ids[0]) sent W7 seen there"])
        }
    }

    @Test(arguments: [KeyPermissions.account("A"), .account("B"), .account(nil)])
    func `a new key of the same account, as its exchange tells, says that one never left`(
        _ permissions: KeyPermissions
    ) async throws {
        try await with { world in
            world.bench.validator.say { _ in .success(.account("A")) }
            _ = try await world.bench.keyring.check(world.withdrawing)
            _ = try await lost(world, "r1")
            for key in [world.withdrawing, world.trading] { _ = try await world.bench.keyring.remove(key, force: true) }
            world.bench.validator.say { _ in .success(permissions) }
            _ = try await world.bench.keyring.add(world.bench.new("mexc", purpose: .withdraw, apiKey: "new"))
            age(world)
            let faults = await world.transfers.follow()
            #expect(faults.isEmpty == (permissions.accountID == "A"), "an operator is told: \(faults)")
            let isAsked = world.exchange.count("GET capital/withdraw/history") > 0
            #expect(isAsked == (permissions.accountID != "B"), "another account's list is not asked for")
            #expect(try await statuses(world) == ["r1": permissions.accountID == "A" ? .refused : .unknown])
        }
    }

    // MARK: - While the exchange can tell

    @Test func `what the exchange tells comes first`() async throws {
        // It never left, by the list of its own key.
        try await with { world in
            let id = try await lost(world, "r1")[0]
            age(world)
            #expect(await refusal(world, id, Self.sent("W1")).contains("by what mexc lists it is refused"))
            #expect(try await statuses(world) == ["r1": .refused])
            #expect(try await journal(world) == [])
        }
        // It was carried out.
        try await with { world in
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("carried out"))] }
            let id = try await world.transfers.withdraw(world.order()).id
            age(world)
            #expect(await refusal(world, id, Self.never).contains("by what mexc lists it is sent as W1"))
            #expect(try await statuses(world) == ["r1": .sent])
        }
        // It cannot be asked just now; of an exchange that is gone for a week nobody will.
        try await with { world in
            let id = try await lost(world, "r1")[0]
            age(world)
            world.exchange.state.withLock { $0.listAnswer = (503, "") }
            for verdict in [Self.never, insisted(Self.never)] {
                #expect(await refusal(world, id, verdict).contains("must be asked about first, and mexc cannot be now"))
            }
            #expect(try await statuses(world) == ["r1": .unknown])
            age(world, WithdrawalFinding.surelyListed)
            #expect(await refusal(world, id, Self.never).contains("and nobody here can"))
            #expect(try await world.transfers.resolve(id, insisted(Self.never)).status == .refused)
        }
        try await with { world in
            #expect(await error { try await world.transfers.resolve(77, Self.never) } == .unknownWithdrawal(77))
        }
    }

    @Test func `of two that look alike the operator says which is which`() async throws {
        try await with { world in
            let ids = try await lost(world, "one", "two")
            let now = world.bench.time.now().milliseconds
            world.exchange.state.withLock { state in
                state.history = [
                    row("W1", at: now), row("X", "9", at: now),
                ]
            }
            age(world)
            #expect(await refusal(world, ids[0], Self.never).contains("while mexc lists W1 like it"))
            for id in ["X", "W5"] {
                #expect(
                    await refusal(world, ids[0], Self.sent(id)).hasPrefix("exchangeId \(id): must be of a withdrawal"))
            }
            #expect(try await statuses(world) == ["one": .unknown, "two": .unknown])
            let sent = try await world.transfers.resolve(ids[1], Self.sent("W1"))
            #expect(sent.status == .sent && sent.exchangeID == "W1")
            let never = try await world.transfers.resolve(ids[0], Self.never)
            #expect(never.status == .refused)
            #expect(try await journal(world).count == 2)
        }
        // Made by a person, both of them: somebody insists.
        try await with { world in
            let id = try await lost(world, "one")[0]
            let now = world.bench.time.now().milliseconds
            world.exchange.state.withLock { $0.history = [row("W1", at: now), row("W2", at: now)] }
            age(world)
            #expect(await refusal(world, id, Self.never).contains("like it"))
            let insisted = WithdrawalVerdict(.neverLeft, note: "made by Alice", isInsisted: true)
            #expect(try await world.transfers.resolve(id, insisted).status == .refused)
        }
    }

    // MARK: - Accounts

    @Test func `a key of another account, as its exchange tells, follows nothing and holds nothing up`() async throws {
        try await with { world in
            world.bench.validator.say { .success(.account($0.credentials.apiKey)) }
            for key in [world.withdrawing, world.trading] { _ = try await world.bench.keyring.check(key) }
            _ = try await world.transfers.withdraw(world.order())
            let refused = await #expect(throws: ExchangeKeyError.self) {
                _ = try await world.bench.keyring.remove(world.withdrawing, force: false)
            }
            #expect(refused == .followsWithdrawals(account: "mexc/default", key: world.withdrawing, count: 1))
            #expect(try await world.bench.keyring.remove(world.trading, force: false), "it could follow none")
        }
    }
}

extension KeyPermissions {
    static func account(_ id: String?) -> KeyPermissions {
        var permissions = KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)
        permissions.accountID = id
        return permissions
    }
}
