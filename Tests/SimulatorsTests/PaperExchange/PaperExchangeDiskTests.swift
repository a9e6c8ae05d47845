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
        let events = Mutex<[AccountEvent]>([])
        private let task: Task<Void, Never>

        init(_ path: String) async throws {
            disk = try await Disk(path)
            exchange = try await PaperExchange.open(
                .generated(seed: 3), disk, time: SystemTime(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            task = Task { [exchange] in await exchange.run() }
        }

        func listen() async throws {
            _ = try await exchange.subscribe("default", symbol) { [weak self] update in
                if case .event(let event) = update { self?.events.withLock { $0.append(event) } }
            }
        }

        func stop() async {
            task.cancel()
            await task.value
        }

        func send(_ action: PaperCommand.Action) {
            exchange.send(.command(PaperCommand(account: "default", symbol: symbol, action: action)))
        }

        func hear(_ what: AccountEvent) async throws {
            for _ in 0..<4_000 {
                if events.withLock({ $0.contains(what) }) { return }
                try await Task.sleep(for: .milliseconds(5))
            }
            Issue.record("waited in vain for \(what)")
        }
    }

    private static func order(_ number: UInt64, at ticks: Int64) throws -> OrderRequest {
        OrderRequest(
            id: try #require(ClientOrderID(rawValue: number)), side: .buy, price: Price(ticks: ticks),
            quantity: Quantity(lots: 1_000_000))
    }

    @Test func `with a full disk orders are refused and cancels carried out, and remembered when it has room again`()
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/paper.db"
        var running = try await Running(path)
        try await running.listen()
        while await running.exchange.snapshot(symbol).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        let bids = await running.exchange.snapshot(symbol).filter { $0.kind == .snapshot && $0.side == .buy }
        let price = try #require(bids.map(\.price.ticks).max()) - 50_000
        let (first, second, third) = (
            try Self.order(1, at: price), try Self.order(2, at: price), try Self.order(3, at: price)
        )
        running.send(.place(first))
        running.send(.place(second))
        try await running.hear(.accepted(first.id))
        try await running.hear(.accepted(second.id))
        running.disk.fill(true)
        running.send(.place(third))
        try await running.hear(.rejected(third.id, .unavailable))
        running.send(.cancel(first.id))
        try await running.hear(.cancelled(first.id))
        // One that is asked about is answered for as well.
        running.exchange.send(.query(second.id, account: "default", symbol: symbol))
        try await Self.hear(2, .accepted(second.id), running)
        #expect(try await running.exchange.openOrders("default", symbol).map(\.id) == [second.id])
        #expect(await running.exchange.currentFault?.contains("the journal takes nothing") == true)
        running.disk.fill(false)
        let fourth = try Self.order(4, at: price)
        running.send(.place(fourth))
        try await running.hear(.accepted(fourth.id))
        // Before any checkpoint: what the journal tells a fresh start is all there is.
        running.disk.fill(true)
        await running.stop()
        running = try await Running(path)
        #expect(try await running.exchange.openOrders("default", symbol).map(\.id) == [second.id, fourth.id])
        #expect(await running.exchange.order(first.id, "default")?.status == .cancelled)
        await running.stop()
    }

    private static func hear(_ count: Int, _ what: AccountEvent, _ running: Running) async throws {
        for _ in 0..<4_000 {
            if running.events.withLock({ $0.count { $0 == what } }) == count { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("waited in vain for \(count) times \(what)")
    }
}

private let symbol = Symbol(base: "BTC", quote: "USDT")
