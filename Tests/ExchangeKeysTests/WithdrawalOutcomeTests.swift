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
    private static let minute = Nanoseconds.seconds(60)

    private func newest(_ world: World) async throws -> Withdrawal {
        try #require(try await world.transfers.withdrawals(nil, before: nil, limit: 1).first)
    }

    /// MEXC's words: 2 is on its way, 7 done, 8 failed, 9 cancelled.
    private func say(_ world: World, _ status: Int, _ transaction: String? = nil) {
        world.exchange.state.withLock { state in
            state.history = state.history.map { row in
                let rest = row.replacing(#""status":2"#, with: "\"status\":\(status)")
                return transaction.map { rest.dropLast() + ",\"txId\":\"\($0)\"}" } ?? rest
            }
        }
    }

    // MARK: - To its end

    @Test(arguments: [(7, Withdrawal.Status.confirmed), (8, .failed), (9, .cancelled)])
    func `one that was sent is followed until the exchange says how it ended`(
        _ word: Int, _ end: Withdrawal.Status
    ) async throws {
        try await with { world in
            let sent = try await world.transfers.withdraw(world.order())
            #expect(sent.status == .sent && sent.transactionID == nil)
            #expect(await world.transfers.follow() == [])
            #expect(try await newest(world).status == .sent)
            say(world, word, word == 7 ? "0xfeed" : nil)
            #expect(await world.transfers.follow() == [])
            let ended = try await newest(world)
            #expect(ended.status == end && ended.exchangeID == "W1")
            #expect(ended.transactionID == (word == 7 ? "0xfeed" : nil))
            #expect((ended.reason == nil) == (end == .confirmed))
            #expect(try await world.transfers.withdrawals(end, before: nil, limit: 9).map(\.id) == [sent.id])
            #expect(try await world.transfers.withdrawals(.sent, before: nil, limit: 9).isEmpty)
            // Nobody is asked about it again, and whoever asks for it under its name is told how it ended.
            let asked = world.exchange.sent.count
            #expect(await world.transfers.follow() == [])
            #expect(try await world.transfers.withdraw(world.order()).status == end)
            #expect(world.exchange.sent.count == asked)
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test func `its transaction is shown as soon as the exchange tells it, and stays when it tells it no more`()
        async throws
    {
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            let rows = world.exchange.state.withLock { $0.history }
            say(world, 2, "0xbeef")
            #expect(await world.transfers.follow() == [])
            let onItsWay = try await newest(world)
            #expect(onItsWay.status == .sent && onItsWay.transactionID == "0xbeef")
            world.exchange.state.withLock { $0.history = rows }
            say(world, 7)
            #expect(await world.transfers.follow() == [])
            let done = try await newest(world)
            #expect(done.status == .confirmed && done.transactionID == "0xbeef")
        }
    }

    @Test(arguments: [(8, Withdrawal.Status.failed), (9, .cancelled), (7, .confirmed)])
    func `one that nobody answered, found by its name, ends as the exchange says, and is not taken for sent`(
        _ word: Int, _ end: Withdrawal.Status
    ) async throws {
        try await with { world in
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("carried out"))] }
            #expect(try await world.transfers.withdraw(world.order()).status == .unknown)
            say(world, word)
            #expect(await world.transfers.follow() == [])
            let ended = try await newest(world)
            #expect(ended.status == end)
        }
        // And when somebody asks for it again under its name.
        try await with { world in
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("carried out"))] }
            #expect(try await world.transfers.withdraw(world.order()).status == .unknown)
            say(world, word)
            let again = try await world.transfers.withdraw(world.order())
            #expect(again.status == end && again.exchangeID == "W1")
        }
    }

    @Test func `a list that shows it no more, or a word that nobody knows, ends nothing`() async throws {
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            say(world, 77)
            #expect(await world.transfers.follow() == [])
            #expect(try await newest(world).status == .sent)
            world.exchange.state.withLock { $0.history = [] }
            #expect(await world.transfers.follow() == [])
            #expect(try await newest(world).status == .sent)
        }
    }

    @Test func `an exchange that cannot be asked how one ended is told, and it stays as it is`() async throws {
        try await with { world in
            let sent = try await world.transfers.withdraw(world.order())
            for key in [world.withdrawing, world.trading] { _ = try await world.bench.keyring.remove(key, force: true) }
            let faults = await world.transfers.follow()
            #expect(faults.count == 1 && faults[0].hasPrefix("withdrawal \(sent.id): "))
            #expect(try await newest(world).status == .sent)
        }
    }

    // MARK: - How often

    @Test func `the longer it takes the less often it is asked about, and after a month no more`() async throws {
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            func asked(after minutes: Int64) async throws -> Bool {
                world.bench.time.advance(byNanoseconds: minutes * Self.minute)
                let before = world.exchange.count("GET capital/withdraw/history")
                #expect(await world.transfers.follow() == [])
                return world.exchange.count("GET capital/withdraw/history") > before
            }
            for _ in 0..<3 { #expect(try await asked(after: 1)) }
            #expect(try await asked(after: 60))
            #expect(try await !asked(after: 9))
            #expect(try await asked(after: 1))
            #expect(try await asked(after: 24 * 60))
            #expect(try await !asked(after: 59))
            #expect(try await asked(after: 1))
            #expect(try await !asked(after: 30 * 24 * 60))
            #expect(try await newest(world).status == .sent)
        }
    }

    // MARK: - Earlier rows

    @Test func `withdrawals from before outcomes were kept are read as they were`() async throws {
        for engine in DatabaseEngine.available {
            let before = ExchangeKeyMigrations.all.filter { !$0.name.hasPrefix("exchange-keys-005") }
            try await withTemporaryDatabase(engine, before) { database in
                try await database.write { transaction in
                    for (id, status) in ["pending", "sent", "refused", "unknown"].enumerated() {
                        try transaction.execute(
                            """
                            INSERT INTO exchange_withdrawals (request_id, key_id, exchange, exchange_index, asset, network,
                                address, amount, status, exchange_id, created_at, updated_at)
                            VALUES (\("r\(id)"), 1, 'mexc', 'default', 'USDT', 'TRC20', 'TAbc', '50', \(status),
                                \("W\(id)"), 5, 5)
                            """)
                    }
                }
                try await Migrator(ExchangeKeyMigrations.all).migrate(database)
                let rows = try await database.read {
                    try WithdrawalStore(transaction: $0).withdrawals(nil, before: nil, limit: 9)
                }
                #expect(rows.map(\.status) == [.unknown, .refused, .sent, .pending])
                #expect(rows.allSatisfy { $0.transactionID == nil && $0.exchangeID != nil })
            }
        }
    }
}
