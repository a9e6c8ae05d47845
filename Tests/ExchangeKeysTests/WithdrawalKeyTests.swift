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
                // Only its own list could say that one never left.
                #expect(
                    await #expect(throws: ExchangeKeyError.self) {
                        _ = try await world.bench.keyring.remove(world.withdrawing, force: false)
                    } == .signedUnknown(account: "mexc/default", key: world.withdrawing, count: 1))
                #expect(try await world.bench.keyring.remove(world.withdrawing, force: true))
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

    @Test func `what was asked for once is told by its request id when its key is gone`() async throws {
        for isSent in [true, false] {
            try await with { world in
                world.exchange.state.withLock { state in
                    state.withdrawals = [isSent ? .success(true) : .failure(.unknown("carried out"))]
                }
                let first = try await world.transfers.withdraw(world.order())
                _ = try await world.bench.keyring.remove(world.withdrawing, force: true)
                // One of which nobody knew is asked about with a key that is there.
                let again = try await world.transfers.withdraw(world.order())
                #expect(again.id == first.id && again.status == .sent && again.exchangeID == "W1")
                _ = try await world.bench.keyring.remove(world.trading, force: true)
                #expect(try await world.transfers.withdraw(world.order()).id == first.id)
                // Another under its name is refused all the same, and a key that never was is unknown.
                #expect(
                    line(await error { try await world.transfers.withdraw(world.order("51")) }).hasPrefix(
                        "requestId r1"))
                #expect(await error { try await world.transfers.withdraw(world.order(key: 99)) } == .unknownKey(99))
                #expect(world.exchange.count("POST capital/withdraw") == 1)
            }
        }
    }

    /// KuCoin tells its currencies to anybody: that they were read says nothing of the key.
    @Test(arguments: [true, false])
    func `a key that its exchange refuses the list hands on to the next, wherever currencies are public`(
        _ isLastGood: Bool
    ) async throws {
        let clock = Mutex<ManualTime?>(nil)
        let asked = Mutex<[String]>([])
        try await with(elsewhere: { (request, _) throws(HTTPFailure) in
            let now = clock.withLock { $0?.now().milliseconds } ?? 0
            func answer(_ data: String, _ code: String = "200000", _ status: Int = 200) -> EndpointAnswer {
                EndpointAnswer(status: status, body: Array(#"{"code":"\#(code)","data":\#(data)}"#.utf8))
            }
            if request.url.contains("/timestamp") { return answer("\(now)") }
            if request.url.contains("/currencies") { return answer("[]") }
            let key = request.headers.first { $0.name == "KC-API-KEY" }?.value ?? ""
            asked.withLock { $0.append(key) }
            guard key == "good", isLastGood else { return answer("null", "400003", 401) }
            return answer(
                #"{"items":[{"id":"K1","currency":"USDT","address":"TAbc","amount":"50","fee":"1","status":"SUCCESS","createdAt":\#(now)}]}"#
            )
        }) { world in
            clock.withLock { $0 = world.bench.time }
            asked.withLock { $0 = [] }
            let bad = try world.bench.new("kucoin", purpose: .withdraw, apiKey: "bad", passphrase: "p")
            let keyID = try await world.bench.keyring.add(bad).id
            _ = try await world.bench.keyring.add(world.bench.new("kucoin", apiKey: "good", passphrase: "p"))
            let place = TransferPlace(
                exchange: ExchangeID(rawValue: "kucoin"), keyID: keyID, asset: "USDT", network: "TRC20")
            let order = WithdrawalOrder(place: place, address: "TAbc", tag: nil, amount: "50")
            let now = world.bench.time.now()
            try await world.bench.database.write { transaction in
                let store = WithdrawalStore(transaction: transaction)
                let stored = try store.insert(order, requestID: "k", label: "default", now: now)
                _ = try store.move(stored.id, from: .pending, WithdrawalStep(.unknown), now: now)
            }
            let faults = await world.transfers.follow()
            #expect(asked.withLock { $0 } == ["bad", "good"])
            #expect(faults.count == (isLastGood ? 0 : 1), "\(faults)")
            #expect(try await newest(world).status == (isLastGood ? .confirmed : .unknown))
            clock.withLock { $0 = nil }
        }
    }
}
