import Exchanges
import Networking
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys
@testable import Networking

/// Asking costs little, sending comes first, and who hangs holds up nobody else.
extension TransferTests {
    private static let listing = "GET capital/withdraw/history"

    /// A row as it is in the store, of an exchange that another one plays.
    private func store(
        _ world: World, _ exchange: String, _ label: String = "default", asset: AssetID = "USDT", requestID: String
    ) async throws {
        let place = TransferPlace(exchange: ExchangeID(rawValue: exchange), keyID: 1, asset: asset, network: "TRC20")
        let order = WithdrawalOrder(place: place, address: "TAbc", tag: nil, amount: "50")
        let now = world.bench.time.now()
        _ = try await world.bench.database.write { transaction in
            let store = WithdrawalStore(transaction: transaction)
            let stored = try store.insert(order, requestID: requestID, label: label, now: now)
            _ = try store.move(stored.id, from: .pending, WithdrawalStep(.unknown), now: now)
        }
    }

    @Test func `one list for an account and asset tells of all its withdrawals, in every round`() async throws {
        try await with { world in
            for number in 1...4 { _ = try await world.transfers.withdraw(world.order(requestID: "n\(number)")) }
            world.exchange.state.withLock { state in
                state.history = state.history.map { $0.replacing(#""status":2"#, with: #""status":7"#) }
            }
            let before = world.exchange.sent.count
            #expect(await world.transfers.follow() == [])
            let asked = world.exchange.sent.dropFirst(before)
            #expect(asked.count { $0.hasPrefix(Self.listing) } == 1 && asked.count == 3, "\(asked)")
            #expect(try await world.transfers.withdrawals(.confirmed, before: nil, limit: 9).count == 4)
        }
    }

    @Test func `one of which nobody knows is asked about less often the longer it takes, as one that was sent`()
        async throws
    {
        try await with { world in
            try await store(world, "mexc", requestID: "r")
            func asked(after seconds: Int64) async -> Bool {
                world.bench.time.advance(byNanoseconds: Nanoseconds.seconds(seconds))
                let before = world.exchange.count(Self.listing)
                // After an hour the operator is told.
                #expect(await world.transfers.follow().allSatisfy { $0.contains("no list says what became of it") })
                return world.exchange.count(Self.listing) > before
            }
            #expect(await asked(after: 60))
            #expect(await asked(after: 60))
            // Somebody else's list keeps it open.
            world.exchange.state.withLock { state in
                state.history = [#"{"id":"X","coin":"USDT-TRX","address":"TAbd","amount":"1","status":2}"#]
            }
            #expect(await asked(after: 7_200))
            #expect(await !asked(after: 599))
            #expect(await asked(after: 1))
            #expect(await asked(after: 40 * 86_400) == false, "an operator's to look into")
        }
    }

    @Test func `H31: an exchange that hangs keeps no withdrawal of another waiting`() async throws {
        let hangs = Mutex(0)
        let mexc = Mutex<PlayedMEXC?>(nil)
        try await with(elsewhere: { (_, _) throws(HTTPFailure) in
            hangs.withLock { $0 += 1 }
            // It answers nothing before the other exchange has been asked.
            for _ in 0..<200_000 {
                if mexc.withLock({ $0?.count(Self.listing) ?? 0 }) > 0 { throw .unknown("hung") }
                await Task.yield()
            }
            Issue.record("the other exchange waits for the one that hangs")
            throw .unknown("hung")
        }) { world in
            mexc.withLock { $0 = world.exchange }
            _ = try await world.bench.keyring.add(world.bench.new("binance", purpose: .withdraw))
            // The one that hangs has waited longest, and would be the first in a row.
            try await store(world, "binance", requestID: "hangs")
            world.exchange.state.withLock { $0.withdrawals = [.failure(.unknown("carried out"))] }
            _ = try await world.transfers.withdraw(world.order())
            let faults = await world.transfers.follow()
            #expect(faults.count == 1 && faults[0].contains("binance"), "\(faults)")
            #expect(hangs.withLock { $0 } > 0)
            #expect(try await world.transfers.withdrawals(.sent, before: nil, limit: 9).map(\.requestID) == ["r1"])
            mexc.withLock { $0 = nil }
        }
    }

    @Test func `an exchange that answers nothing is given up within its time`() async throws {
        let clock = Mutex<ManualTime?>(nil)
        try await with(elsewhere: { (request, milliseconds) throws(HTTPFailure) in
            // Its time it does not tell either, and is soon given up.
            let hung = request.url.contains("/time") ? min(milliseconds, 2_000) : milliseconds
            clock.withLock { $0?.advance(byNanoseconds: hung * Nanoseconds.perMillisecond) }
            throw .unknown("hung")
        }) { world in
            clock.withLock { $0 = world.bench.time }
            for number in 1...6 {
                let new = try world.bench.new(
                    "binance", label: "a\(number)", purpose: .withdraw, apiKey: "key\(number)")
                _ = try await world.bench.keyring.add(new)
                try await store(world, "binance", "a\(number)", requestID: "r\(number)")
            }
            let start = world.bench.time.now()
            let faults = await world.transfers.follow()
            let took = world.bench.time.now().nanoseconds(since: start)
            #expect(faults.count == 6, "\(faults)")
            #expect(took <= ExchangeTransfers.patience, "\(took)")
            #expect(faults.contains { $0.contains("the time for its exchange was used up") })
            clock.withLock { $0 = nil }
        }
    }

    @Test func `a withdrawal of three weeks ago is looked for in windows that the exchange allows`() async throws {
        try await with { world in
            _ = try await world.transfers.withdraw(world.order())
            world.exchange.state.withLock { state in
                state.history = state.history.map { $0.replacing(#""status":2"#, with: #""status":7"#) }
            }
            world.bench.time.advance(byNanoseconds: 20 * Nanoseconds.perDay)
            #expect(await world.transfers.follow() == [])
            // From a day before it on, as clocks differ, in windows of a week.
            #expect(world.exchange.count(Self.listing) == 4)
            #expect(try await world.transfers.withdrawals(.confirmed, before: nil, limit: 9).count == 1)
        }
    }

    // MARK: - Held back

    /// As after an answer that wants us to stay away for a minute.
    private func exhaust(_ world: World) throws {
        let settings = ExchangeAccountSettings(
            exchange: ExchangeID(rawValue: "mexc"), credentials: ExchangeCredentials(apiKey: "k", secret: Secret("s")))
        let manners = world.manners.manners(of: try NativeExchange.dialect(settings))
        let now = world.bench.time.now().nanoseconds / Nanoseconds.perMillisecond
        if case .go(let grant) = manners.ask([], .withdrawal, key: "default", now: now) {
            manners.answered(grant, [], RateRefusal(.slowDown, retryAfter: 60_000), now: now)
        }
    }

    @Test(arguments: ["before it is stored", "between storing and sending"])
    func `what our own limiter holds back is not stored, and its request id may be used again`(
        _ when: String
    ) async throws {
        try await with { world in
            if when == "before it is stored" {
                try exhaust(world)
            } else {
                world.exchange.state.withLock { state in state.onCurrencies = { try? exhaust(world) } }
            }
            guard case .heldBack(let why)? = await error({ try await world.transfers.withdraw(world.order()) }) else {
                Issue.record("it was not held back")
                return
            }
            #expect(why.hasPrefix("nothing was sent, the same request may be made again in 6"))
            #expect(world.exchange.count("POST capital/withdraw") == 0)
            #expect(try await world.transfers.withdrawals(nil, before: nil, limit: 9).isEmpty)
            // Another process, or the same one later, has room.
            world.exchange.state.withLock { $0.onCurrencies = nil }
            let room = ExchangeTransfers(
                keyring: world.bench.keyring, database: world.bench.database,
                allowed: try TransferAllowList("mexc:USDT:TRC20"), time: world.bench.time,
                logger: world.transfers.logger,
                makeID: { "x" }, send: world.transfers.send)
            #expect(try await room.withdraw(world.order()).status == .sent)
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test(arguments: ["binance", "mexc", "kucoin"])
    func `however much is asked, there is room for a withdrawal`(_ name: String) throws {
        var credentials = ExchangeCredentials(apiKey: "k", secret: Secret("s"))
        credentials.passphrase = Secret("p")
        let dialect = try NativeExchange.dialect(
            ExchangeAccountSettings(exchange: ExchangeID(rawValue: name), credentials: credentials))
        var budget = RateBudget(dialect.limits)
        let (list, currencies) = (
            try dialect.withdrawals(HistoryQuery(asset: "USDT", since: 1)).request.costs,
            try dialect.currencies().request.costs
        )
        let send = try dialect.withdraw(
            WithdrawalRequest(asset: "USDT", amount: "1", address: "T", network: "TRC20", fee: "1")
        ).request.costs
        var lists = 0
        while case .go = budget.ask(list, key: "default", now: 0), lists < 5_000 { lists += 1 }
        #expect(lists >= 4 && lists < 5_000)
        while case .go = budget.ask(currencies, key: "default", now: 0), lists < 50_000 { lists += 1 }
        for number in 1...3 {
            for costs in [currencies, send] {
                guard case .go = budget.ask(costs, .withdrawal, key: "default", now: 0) else {
                    Issue.record("withdrawal \(number) has to wait")
                    return
                }
            }
        }
    }
}
