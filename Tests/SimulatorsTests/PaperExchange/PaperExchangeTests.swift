import Exchanges
import Execution
import Logging
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Simulators

@Suite struct PaperExchangeTests {
    /// An exchange at work that ends as by SIGKILL: its tasks are cut, nothing is finished.
    private final class Running: Sendable {
        let exchange: PaperExchange
        let events = EventLog()
        private let task: Task<Void, Never>

        init(
            _ path: String, configuration: PaperExchangeConfiguration = .generated(seed: 3),
            time: any TimeSource = SystemTime()
        ) async throws {
            exchange = try await PaperExchange.open(
                configuration, path: path, time: time,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            task = Task { [exchange] in await exchange.run() }
            _ = try await exchange.subscribe("default", symbol) { [events] update in
                if case .event(let event) = update { events.append(event) }
            }
        }

        func stop() async {
            task.cancel()
            await task.value
        }

        func place(
            _ number: UInt64, _ side: Side, ticksFromMid: Int64, lots: Int64 = 1_000_000
        ) async throws
            -> ClientOrderID
        {
            let id = try #require(ClientOrderID(rawValue: number))
            let book = await exchange.snapshot(symbol)
            let bids = book.filter { $0.kind == .snapshot && $0.side == .buy }.map(\.price.ticks)
            let best = try #require(bids.max())
            let request = OrderRequest(
                id: id, side: side, price: Price(ticks: best - side.sign * ticksFromMid),
                quantity: Quantity(lots: lots))
            exchange.send(.command(PaperCommand(account: "default", symbol: symbol, action: .place(request))))
            return id
        }

        func wait(_ what: String, _ isSo: @Sendable () async -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(10)
            var attempts = 0
            while await !isSo() {
                attempts += 1
                // Beside a hundred busy tests a minute may pass between two looks: time alone proves nothing.
                guard ContinuousClock.now < deadline || attempts < 500 else {
                    Issue.record("waited in vain until \(what)")
                    return
                }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func `orders, fills and balances are there after a restart, and an id is good once`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/paper.db"
        var running = try await Running(path)
        try await running.wait("the market is open") { [running] in await !running.exchange.snapshot(symbol).isEmpty }
        let resting = try await running.place(1, .buy, ticksFromMid: 50_000)
        let taker = try await running.place(2, .buy, ticksFromMid: -50_000)
        try await running.wait("both are told") { [running] in
            running.events.withLock { events in
                events.contains(.accepted(resting))
                    && events.contains { if case .filled(let fill) = $0 { fill.orderID == taker } else { false } }
            }
        }
        let balances = await running.exchange.balances("default")
        await running.stop()
        running = try await Running(path)
        #expect(try await running.exchange.openOrders("default", symbol).map(\.id) == [resting])
        #expect(await running.exchange.symbolsWithOrders("default", of: resting.installation) == [symbol])
        #expect(await running.exchange.symbolsWithOrders("account2", of: resting.installation) == [])
        #expect(await running.exchange.order(taker, "default")?.status == .filled)
        #expect(await running.exchange.fills("default", symbol, from: 0, limit: 10).map(\.orderID) == [taker])
        #expect(await running.exchange.balances("default") == balances)
        _ = try await running.place(1, .buy, ticksFromMid: 50_000)
        try await running.wait("the id is refused") { [running] in
            running.events.withLock { $0.contains(.rejected(resting, .duplicateID)) }
        }
        await running.stop()
    }

    @Test func `an exchange begun anew numbers its trades above those of the one before`() async throws {
        let folder = try TemporaryFolder()
        var last: UInt64 = 0
        for name in ["first", "second"] {
            let running = try await Running(folder.path + "/\(name).db")
            try await running.wait("the market is open") { await !running.exchange.snapshot(symbol).isEmpty }
            let taker = try await running.place(1, .buy, ticksFromMid: -50_000)
            @Sendable func trades() -> [UInt64] {
                running.events.withLock { events in
                    events.compactMap {
                        if case .filled(let fill) = $0, fill.orderID == taker { fill.tradeID } else { nil }
                    }
                }
            }
            try await running.wait("it trades") { !trades().isEmpty }
            #expect(try #require(trades().min()) > last)
            last = try #require(trades().max())
            await running.stop()
        }
    }

    /// The system's clock, ahead.
    private struct AheadTime: TimeSource {
        let system = SystemTime()
        var nanoseconds: Int64
        func now() -> Timestamp { system.now().advanced(byNanoseconds: nanoseconds) }
        func sleep(until deadline: Timestamp) async throws {
            try await system.sleep(until: deadline.advanced(byNanoseconds: -nanoseconds))
        }
    }

    @Test func `a market whose clock was set back between two runs says that it stands still, and for how long`()
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/paper.db"
        let ahead = try await Running(path, time: AheadTime(nanoseconds: Nanoseconds.seconds(3_600)))
        try await ahead.wait("the market is open") { await !ahead.exchange.snapshot(symbol).isEmpty }
        #expect(await ahead.exchange.currentFault == nil)
        await ahead.stop()
        let behind = try await Running(path)
        let fault = try #require(await behind.exchange.currentFault)
        #expect(fault.contains("stands still for 35") && fault.contains("the machine's clock was ahead"), "\(fault)")
        await behind.stop()
    }

    @Test func `a journal of another exchange is refused in one line`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/paper.db"
        let running = try await Running(path)
        await running.stop()
        let error = await #expect(throws: PaperJournalError.self) {
            _ = try await Running(path, configuration: .generated(seed: 4))
        }
        #expect("\(try #require(error))".contains("generated 3"))
    }

    @Test func `an order that is unknown is said to be, a known one is told with all its fills`() async throws {
        let folder = try TemporaryFolder()
        let running = try await Running(folder.path + "/paper.db")
        try await running.wait("the market is open") { [running] in await !running.exchange.snapshot(symbol).isEmpty }
        let taker = try await running.place(7, .sell, ticksFromMid: -50_000)
        let missing = try #require(ClientOrderID(rawValue: 8))
        running.exchange.send(.query(missing, account: "default", symbol: symbol))
        running.exchange.send(.query(taker, account: "default", symbol: symbol))
        try await running.wait("all is told") { [running] in
            running.events.withLock { events in
                let fills = events.filter { if case .filled = $0 { true } else { false } }.count
                return events.contains(.notFound(missing)) && fills >= 2
            }
        }
        await running.stop()
    }
}

private let symbol = Symbol(base: "BTC", quote: "USDT")

private final class EventLog: Sendable {
    private let events = Mutex<[AccountEvent]>([])

    func append(_ event: AccountEvent) { events.withLock { $0.append(event) } }

    func withLock<Value: Sendable>(_ body: ([AccountEvent]) -> Value) -> Value { body(events.withLock { $0 }) }
}
