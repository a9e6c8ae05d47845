import Exchanges
import Networking
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// Keys come and go, withdrawals stay.
extension TransferTests {
    private func newest(_ world: World) async throws -> Withdrawal {
        try #require(try await world.transfers.withdrawals(nil, before: nil, limit: 1).first)
    }

    private func say(_ world: World, _ status: Int) {
        world.exchange.state.withLock { state in
            state.history = state.history.map { $0.replacing(#""status":2"#, with: "\"status\":\(status)") }
        }
    }

    /// The operator's key is replaced: removed, and another stored under the same label.
    private func replaced(_ world: World) async throws -> Int64 {
        _ = try await world.bench.keyring.remove(world.withdrawing, force: true)
        let new = try world.bench.new("mexc", purpose: .withdraw, apiKey: "another")
        return try await world.bench.keyring.add(new).id
    }

    @Test func `the same request with the account's new key is the same withdrawal, and is not sent again`()
        async throws
    {
        try await with { world in
            let first = try await world.transfers.withdraw(world.order())
            _ = try await world.transfers.withdraw(world.order("60", requestID: nil))
            let key = try await replaced(world)
            #expect(try await world.transfers.withdraw(world.order(key: key)).id == first.id)
            let unnamed = await error {
                try await world.transfers.withdraw(world.order("60", requestID: nil, key: key))
            }
            guard case .repeated? = unnamed else {
                Issue.record("it was sent twice: \(String(describing: unnamed))")
                return
            }
            #expect(world.exchange.count("POST capital/withdraw") == 2)
            // Another account's is another withdrawal.
            let elsewhere = try await world.bench.keyring.add(
                world.bench.new("mexc", label: "second", purpose: .withdraw, apiKey: "third")
            ).id
            let other = await error { try await world.transfers.withdraw(world.order(key: elsewhere)) }
            #expect(line(other).hasPrefix("requestId r1"))
            _ = try await world.transfers.withdraw(world.order("60", requestID: nil, key: elsewhere))
            #expect(world.exchange.count("POST capital/withdraw") == 3)
        }
    }

    @Test(arguments: ["replaced", "gone, but the one that trades is there"])
    func `a withdrawal is followed to its end whatever became of the key that sent it`(_ fate: String) async throws {
        try await with { world in
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("carried out"))] }
            let sent = try await world.transfers.withdraw(world.order())
            #expect(sent.status == .unknown)
            if fate == "replaced" {
                _ = try await replaced(world)
                _ = try await world.bench.keyring.remove(world.trading, force: true)
            } else {
                #expect(try await world.bench.keyring.remove(world.withdrawing, force: false))
            }
            #expect(await world.transfers.follow() == [])
            #expect(try await newest(world).status == .sent)
            say(world, 7)
            #expect(await world.transfers.follow() == [])
            #expect(try await newest(world).status == .confirmed)
        }
    }

    @Test func `the last key that can follow what is not final stays, unless somebody insists`() async throws {
        try await with { world in
            for number in 1...2 { _ = try await world.transfers.withdraw(world.order(requestID: "n\(number)")) }
            let keyring = world.bench.keyring
            #expect(try await keyring.remove(world.trading, force: false), "the withdrawal key can follow them")
            let refused = await #expect(throws: ExchangeKeyError.self) {
                _ = try await keyring.remove(world.withdrawing, force: false)
            }
            #expect(refused == .followsWithdrawals(account: "mexc/default", key: world.withdrawing, count: 2))
            #expect("\(try #require(refused))".contains("(2 pending, unknown or sent)"))
            // A key of another account follows nothing of this one.
            _ = try await keyring.add(world.bench.new("mexc", label: "second", purpose: .withdraw, apiKey: "third"))
            await #expect(throws: ExchangeKeyError.self) {
                _ = try await keyring.remove(world.withdrawing, force: false)
            }
            say(world, 7)
            #expect(await world.transfers.follow() == [])
            #expect(try await keyring.remove(world.withdrawing, force: false), "all are final")
        }
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            _ = try await world.bench.keyring.remove(world.trading, force: false)
            #expect(try await world.bench.keyring.remove(world.withdrawing, force: true), "somebody insists")
            let faults = await world.transfers.follow()
            #expect(faults.count == 1 && faults[0].contains("mexc/default has no key"))
        }
        // One that no exchange has ended in a month is followed no more, and holds nothing up.
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            _ = try await world.bench.keyring.remove(world.trading, force: false)
            world.bench.time.advance(byNanoseconds: WithdrawalProgress.surelyOver + 1)
            #expect(try await world.bench.keyring.remove(world.withdrawing, force: false))
        }
    }

    @Test func `a key that cannot read, or whose exchange has something against it, comes last or not at all`()
        async throws
    {
        try await with { world in
            func followers() async throws -> [String] {
                try await world.bench.keyring.followers(ExchangeID(rawValue: "mexc"), "default").map(
                    \.settings.credentials.apiKey)
            }
            #expect(try await followers() == ["other", "api-key-1"])
            world.bench.validator.say { _ in .failure(.refused("gone", [.key])) }
            _ = try await world.bench.keyring.check(world.withdrawing)
            #expect(try await followers() == ["api-key-1", "other"])
            world.bench.validator.say { _ in .success(KeyPermissions(canRead: false, canTrade: true)) }
            _ = try await world.bench.keyring.check(world.trading)
            #expect(try await followers() == ["other"])
        }
    }
}
