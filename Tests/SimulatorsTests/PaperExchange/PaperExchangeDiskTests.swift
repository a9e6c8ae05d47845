import Exchanges
import Execution
import Foundation
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
    private final class Running: Sendable {
        let exchange: PaperExchange
        let disk: FillableDisk
        let events: AsyncStream<AccountEvent>
        private let told: AsyncStream<AccountEvent>.Continuation
        private let task: Task<Void, Never>

        init(_ path: String, isFull: Bool = false) async throws {
            (events, told) = AsyncStream.makeStream()
            disk = try await FillableDisk(path)
            exchange = try await PaperExchange.open(
                .generated(seed: 3), disk, reserve: try OwedCancels<PaperCommand>(path: path + "-cancels"),
                time: SystemTime(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            disk.fill(isFull)
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

        /// Listens, waits for a market, and finds a price to rest at that nobody comes near.
        func farBid() async throws -> Int64 {
            try await listen()
            try await marketBegins()
            let bids = await exchange.snapshot(symbol).filter { $0.kind == .snapshot && $0.side == .buy }
            return try #require(bids.map(\.price.ticks).max()) - 50_000
        }

        /// Until there is a market.
        private func marketBegins() async throws {
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

    @Test(.timeLimit(.minutes(10)))
    func `with a full disk orders are refused and cancels carried out, and remembered when it has room again`()
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/paper.db"
        var running = try await Running(path)
        let price = try await running.farBid()
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
        // Of the journal, or of a checkpoint that came due meanwhile.
        #expect(await running.exchange.currentFault != nil)
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

    // MARK: - Killed while it owes

    /// The last checkpoint of an end is what a SIGKILL does not have: with a full disk there is none either.
    @Test(.timeLimit(.minutes(10)))
    func `killed while its disk is full it forgets no cancel that it has told, however often it is started again`()
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path + "/paper.db"
        var running = try await Running(path)
        let price = try await running.farBid()
        let orders = try (1...4).map { try Self.order($0, at: price) }
        for order in orders {
            running.send(.place(order))
            await running.hear(.accepted(order.id))
        }
        running.disk.fill(true)
        for order in orders.prefix(2) {
            running.send(.cancel(order.id))
            await running.hear(.cancelled(order.id))
        }
        // It was as long before: nothing had to grow.
        #expect(try Data(contentsOf: URL(filePath: path + "-cancels")).count == OwedCancels<PaperCommand>.size)
        await running.stop()
        // Started twice on a disk that is full still: what was owed is owed on.
        for _ in 0..<2 {
            running = try await Running(path, isFull: true)
            #expect(try await running.exchange.openOrders("default", symbol).map(\.id) == orders.suffix(2).map(\.id))
            #expect(await running.exchange.order(orders[0].id, "default")?.status == .cancelled)
            try await running.listen()
            await running.stop()
        }
        // There is room again: the next command takes along what is owed, and nothing is owed any more.
        running = try await Running(path)
        try await running.listen()
        running.send(.cancel(orders[2].id))
        await running.hear(.cancelled(orders[2].id))
        running.disk.fill(true)
        await running.stop()
        #expect(try OwedCancels<PaperCommand>(path: path + "-cancels").left.isEmpty)
        running = try await Running(path)
        #expect(try await running.exchange.openOrders("default", symbol).map(\.id) == [orders[3].id])
        await running.stop()
    }

    // MARK: - The room for cancels

    private static func entries(_ count: Int) throws -> [OwedCancels<PaperCommand>.Entry] {
        try (1...count).map { number in
            OwedCancels<PaperCommand>.Entry(
                time: Timestamp(nanoseconds: Int64(number)),
                command: PaperCommand(
                    account: "default", symbol: symbol,
                    action: .cancel(try #require(ClientOrderID(rawValue: UInt64(number))))))
        }
    }

    @Test func `what is owed is read as it was written, up to what a crash cut short`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/owed"
        let entries = try Self.entries(20)
        do {
            let owed = try OwedCancels<PaperCommand>(path: path)
            #expect(owed.left.isEmpty && owed.isEmpty)
            try owed.write(Array(entries.prefix(15)))
            try owed.write(Array(entries.suffix(5)))
        }
        #expect(try OwedCancels<PaperCommand>(path: path).left == entries)
        let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
        #expect(whole.count == OwedCancels<PaperCommand>.size)
        // Cut anywhere, or with any byte spoiled, it gives a part of the beginning, and nothing that was never owed.
        let used = try #require(whole.lastIndex { $0 != 0 }) + 1
        for cut in stride(from: 0, through: used, by: 7) {
            let kept = OwedCancels<PaperCommand>.entries(
                Array(whole.prefix(cut)) + [UInt8](repeating: 0, count: used - cut))
            #expect(Array(entries.prefix(kept.count)) == kept, "cut at \(cut)")
            if cut < used {
                var spoiled = Array(whole.prefix(used))
                spoiled[cut] ^= 0x5A
                let read = OwedCancels<PaperCommand>.entries(spoiled)
                #expect(read.count < entries.count && Array(entries.prefix(read.count)) == read, "spoiled at \(cut)")
            }
        }
    }

    @Test func `struck out it is empty, and shorter debts leave nothing of longer ones behind`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/owed"
        let owed = try OwedCancels<PaperCommand>(path: path)
        let entries = try Self.entries(9)
        try owed.write(entries)
        try owed.clear()
        #expect(try OwedCancels<PaperCommand>(path: path).left.isEmpty)
        // As long as the first one was: what follows on it is whole, and must not be read.
        try owed.write([entries[1]])
        #expect(try OwedCancels<PaperCommand>(path: path).left == [entries[1]])
    }

    @Test func `room that is used up says so, and keeps what it holds`() throws {
        let folder = try TemporaryFolder()
        let owed = try OwedCancels<PaperCommand>(path: folder.path + "/owed")
        let entries = try Self.entries(1_000)
        var written = 0
        #expect(throws: ReservedRoomFailure.self) {
            while true {
                try owed.write(entries)
                written += entries.count
            }
        }
        #expect(written >= 5_000)
        #expect(try OwedCancels<PaperCommand>(path: folder.path + "/owed").left.count == written)
    }
}

private let symbol = Symbol(base: "BTC", quote: "USDT")
