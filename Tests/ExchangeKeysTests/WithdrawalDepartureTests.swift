import Exchanges
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys
@testable import Networking

/// A clock on which something happens while somebody waits.
private struct EventfulTime: TimeSource {
    let clock: ManualTime
    let meanwhile: @Sendable () async -> Void

    func now() -> Timestamp { clock.now() }

    func sleep(until deadline: Timestamp) async throws {
        await meanwhile()
        try await clock.sleep(until: deadline)
    }
}

/// When the removal of a key has been answered nothing leaves any more that it signs.
extension TransferTests {
    /// As after an answer that wants us to stay away for some seconds.
    private func pause(_ world: World, _ milliseconds: Int64) throws {
        let settings = ExchangeAccountSettings(
            exchange: ExchangeID(rawValue: "mexc"), credentials: ExchangeCredentials(apiKey: "k", secret: Secret("s")))
        let manners = world.manners.manners(of: try NativeExchange.dialect(settings))
        let now = world.bench.time.now().milliseconds
        if case .go(let grant) = manners.ask([], .withdrawal, key: "default", now: now) {
            manners.answered(grant, [], RateRefusal(.slowDown, retryAfter: milliseconds), now: now)
        }
    }

    @Test(arguments: ["removed", "kept", "given up"])
    func `one that waits for the limiter leaves only with its key, and only once`(_ fate: String) async throws {
        try await with { world in
            let waits = Mutex(0)
            let time = EventfulTime(clock: world.bench.time) {
                guard
                    waits.withLock({
                        $0 += 1; return $0 == 1
                    })
                else { return }
                switch fate {
                case "removed":
                    #expect((try? await world.bench.keyring.remove(world.withdrawing, force: true)) == true)
                case "given up":
                    // It waits so long that it is taken for lost, and looked for.
                    _ = try? await world.bench.database.write {
                        try $0.execute("UPDATE exchange_withdrawals SET status = 'unknown'")
                    }
                default: break
                }
            }
            world.exchange.state.withLock { state in state.onCurrencies = { try? pause(world, 5_000) } }
            let sent = try await desk(world, time: time).withdraw(world.order())
            #expect(waits.withLock { $0 } > 0, "it had to wait")
            #expect(world.exchange.count("POST capital/withdraw") == (fate == "kept" ? 1 : 0))
            #expect(sent.status == (fate == "kept" ? .sent : .refused))
            if fate != "kept" {
                #expect(sent.reason?.contains("key \(world.withdrawing) was removed, or it was given up") == true)
            }
            #expect(try await statuses(world) == ["r1": sent.status])
        }
    }

    @Test(arguments: [true, false])
    func `a key stays while what it signed is on its way, whoever insists`(_ isInsisted: Bool) async throws {
        try await with { world in
            let refusals = Mutex<[ExchangeKeyError]>([])
            let slow = try desk(
                world,
                before: { request in
                    guard request.verb == .post else { return }
                    do throws(ExchangeKeyError) {
                        _ = try await world.bench.keyring.remove(world.withdrawing, force: isInsisted)
                    } catch { refusals.withLock { $0.append(error) } }
                    // Another key of the account is in nobody's way.
                    #expect((try? await world.bench.keyring.remove(world.trading, force: true)) == true)
                })
            let sent = try await slow.withdraw(world.order())
            #expect(sent.status == .sent)
            #expect(
                refusals.withLock { $0 } == [.sendsWithdrawal(key: world.withdrawing, withdrawal: sent.id)])
            #expect(try await world.bench.keyring.remove(world.withdrawing, force: true), "it is answered")
        }
    }

    @Test func `what a dead process was sending holds up the removal of its key for a minute at most`() async throws {
        try await with { world in
            let (order, now) = (world.order(), world.bench.time.now())
            try await world.bench.database.write { transaction in
                let store = WithdrawalStore(transaction: transaction)
                let stored = try store.insert(order, requestID: "r1", label: "default", now: now)
                #expect(try store.leave(stored.id, now: now))
            }
            world.bench.time.advance(byNanoseconds: ExchangeTransfers.abandoned)
            await #expect(throws: ExchangeKeyError.self) {
                _ = try await world.bench.keyring.remove(world.withdrawing, force: true)
            }
            // Nor is it taken out by the command.
            let (key, late) = (world.withdrawing, world.bench.time.now())
            await #expect(throws: ExchangeKeyError.self) {
                try await world.bench.database.write { try StoredSecrets(transaction: $0).remove(key, now: late) }
            }
            world.bench.time.advance(byNanoseconds: 1)
            #expect(try await world.bench.keyring.remove(world.withdrawing, force: true))
        }
    }

    @Test func `nothing leaves whose key is gone or that is pending no more`() async throws {
        try await with { (world: World) async throws in
            let (order, now) = (world.order(), world.bench.time.now())
            func leaves(
                _ name: String, _ change: (@Sendable (WithdrawalStore, Int64) throws -> Void)? = nil
            ) async throws
                -> Bool
            {
                try await world.bench.database.write { transaction in
                    let store = WithdrawalStore(transaction: transaction)
                    let stored = try store.insert(order, requestID: name, label: "default", now: now)
                    try change?(store, stored.id)
                    return try store.leave(stored.id, now: now)
                }
            }
            #expect(try await leaves("a"))
            for status in [Withdrawal.Status.unknown, .sent, .refused] {
                #expect(
                    try await !leaves("\(status)") { store, id in
                        _ = try store.move(id, from: .pending, WithdrawalStep(status), now: now)
                    })
            }
            #expect(
                try await !leaves("gone") { store, _ in
                    _ = try ExchangeKeyStore(transaction: store.transaction).delete(order.place.keyID)
                })
        }
    }
}
