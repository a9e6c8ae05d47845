import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// A paper exchange whose journal takes nothing.
@Suite struct PaperExchangeDiskTests {
    /// A database whose disk can be filled.
    private final class Disk: SQLDatabase {
        private let real: any SQLDatabase
        private let isFull = Mutex(false)

        init(_ path: String) async throws { real = try await SQLiteDatabase.open(path: path) }

        func fill(_ value: Bool) { isFull.withLock { $0 = value } }

        func write<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T {
            if isFull.withLock({ $0 }) { throw SQLError.diskFull("scripted") }
            return try await real.write(body)
        }

        func read<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T {
            try await real.read(body)
        }

        var dialect: SQLDialect { real.dialect }
        func notifications(_ channel: String) -> AsyncStream<Void> { real.notifications(channel) }
        func close() async { await real.close() }
    }

    private final class Running: Sendable {
        let exchange: PaperExchange
        let disk: Disk
        let events: AsyncStream<AccountEvent>
        private let told: AsyncStream<AccountEvent>.Continuation
        private let task: Task<Void, Never>

        init(_ path: String) async throws {
            (events, told) = AsyncStream.makeStream()
            disk = try await Disk(path)
            exchange = try await PaperExchange.open(
                .generated(seed: 3), disk, time: SystemTime(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            task = Task { [exchange] in await exchange.run() }
        }

        func listen() async throws {
            _ = try await exchange.subscribe("default", symbol) { [told] update in
                if case .event(let event) = update { told.yield(event) }
            }
        }

        func stop() async {
            task.cancel()
            await task.value
        }

        func send(_ action: PaperCommand.Action) {
            exchange.send(.command(PaperCommand(account: "default", symbol: symbol, action: action)))
        }

        /// The next event of this kind; what comes before it is passed over.
        func hear(_ what: AccountEvent) async { for await event in events where event == what { return } }

        /// Until there is a market.
        func marketBegins() async throws {
            let (records, word) = AsyncStream.makeStream(of: Void.self)
            let subscription = try await exchange.subscribe(symbol) { _ in word.yield() }
            for await _ in records where await !exchange.snapshot(symbol).isEmpty { break }
            subscription.cancel()
        }
    }

    private static func order(_ number: UInt64, at ticks: Int64) throws -> OrderRequest {
        OrderRequest(
            id: try #require(ClientOrderID(rawValue: number)), side: .buy, price: Price(ticks: ticks),
            quantity: Quantity(lots: 1_000_000))
    }

    @Test(.timeLimit(.minutes(2)))
    func `with a full disk orders are refused and cancels carried out, and remembered when it has room again`()
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/paper.db"
        var running = try await Running(path)
        try await running.listen()
        try await running.marketBegins()
        let bids = await running.exchange.snapshot(symbol).filter { $0.kind == .snapshot && $0.side == .buy }
        let price = try #require(bids.map(\.price.ticks).max()) - 50_000
        let (first, second, third) = (
            try Self.order(1, at: price), try Self.order(2, at: price), try Self.order(3, at: price)
        )
        running.send(.place(first))
        running.send(.place(second))
        await running.hear(.accepted(first.id))
        await running.hear(.accepted(second.id))
        running.disk.fill(true)
        running.send(.place(third))
        await running.hear(.rejected(third.id, .unavailable))
        running.send(.cancel(first.id))
        await running.hear(.cancelled(first.id))
        // One that is asked about is answered for as well.
        running.exchange.send(.query(second.id, account: "default", symbol: symbol))
        await running.hear(.accepted(second.id))
        #expect(try await running.exchange.openOrders("default", symbol).map(\.id) == [second.id])
        #expect(await running.exchange.currentFault?.contains("the journal takes nothing") == true)
        running.disk.fill(false)
        let fourth = try Self.order(4, at: price)
        running.send(.place(fourth))
        await running.hear(.accepted(fourth.id))
        // Before any checkpoint: what the journal tells a fresh start is all there is.
        running.disk.fill(true)
        await running.stop()
        running = try await Running(path)
        #expect(try await running.exchange.openOrders("default", symbol).map(\.id) == [second.id, fourth.id])
        #expect(await running.exchange.order(first.id, "default")?.status == .cancelled)
        await running.stop()
    }
}

private let symbol = Symbol(base: "BTC", quote: "USDT")
