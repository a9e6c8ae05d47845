import Exchanges
import Execution
import Ledger
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Orders of ours whose price or amount somebody changes by hand at the exchange.
@Suite struct AmendedOrderTests {
    private static let now = StoredOrders.now

    private static func report(
        _ order: StoredOrder, ticks: Int64 = 6_000_000, lots: Int64 = 1_000_000, filled: Int64 = 0,
        _ status: OrderStatus = .open
    ) -> OrderReport {
        OrderReport(
            id: order.id, side: order.side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
            filled: Quantity(lots: filled), status: status)
    }

    // MARK: - Judging

    /// What an exchange says of a buy of 1,000,000 lots at 6,000,000 of which 200,000 have traded, and whether a fill of 900,000 lots at
    /// 6,000,010 is its then.
    struct Word: CustomTestStringConvertible {
        var ticks: Int64
        var lots: Int64
        var side = Side.buy
        var covers: Bool
        var testDescription: String { "\(side) of \(lots) at \(ticks)" }
    }

    @Test(arguments: [
        Word(ticks: 6_000_010, lots: 1_100_000, covers: true), Word(ticks: 6_000_010, lots: 1_099_999, covers: false),
        Word(ticks: 6_000_009, lots: 1_100_000, covers: false), Word(ticks: 6_000_000, lots: 1_000_000, covers: false),
        Word(ticks: 7_000_000, lots: 9_000_000, covers: true), Word(ticks: 0, lots: 9_000_000, covers: false),
        Word(ticks: 6_000_010, lots: 1_100_000, side: .sell, covers: false),
        Word(ticks: .max, lots: .max, covers: false), Word(ticks: 6_000_010, lots: -1, covers: false),
    ])
    func `only what the exchange's word on the order covers is the order's`(_ word: Word) async throws {
        try await StoredOrders.with(.sqlite) { (rows: StoredOrders) throws in
            let order = try rows.resting(1)
            let fill = StoredOrders.fill(order, trade: 2, lots: 900_000, ticks: 6_000_010)
            let told = [StoredOrders.fill(order, trade: 1, lots: 200_000), fill]
            #expect(try rows.fills.judge(told).doubts.map(\.fill) == [fill])
            var report = Self.report(order, ticks: word.ticks, lots: word.lots)
            report.side = word.side
            let judged = try rows.fills.judge(told, reports: [order.id: report])
            #expect(judged.new.map(\.tradeID) == (word.covers ? [1, 2] : [1]))
            #expect(judged.amendments == (word.covers ? [OrderAmendment(report: report, fill: fill)] : []))
            #expect(judged.refusals.map(\.fill) == (word.covers ? [] : [fill]) && judged.doubts.isEmpty)
            // An exchange that knows no such order says nothing for the fill.
            #expect(try rows.fills.judge(told, reports: [order.id: nil]).refusals.map(\.fill) == [fill])
        }
    }

    // MARK: - The store

    private static func take(_ report: OrderReport, _ fill: Fill, _ rows: StoredOrders) throws {
        let fills = rows.fills
        #expect(try !fills.book(fill, books: nil, now: now), "it is in doubt")
        let judged = try fills.judge([], reports: [report.id: report])
        #expect(judged.new == [fill])
        for amendment in judged.amendments { try rows.store.amend(amendment, now: now) }
        #expect(try fills.book(fill, books: nil, now: now))
        // The same again, as after a commit whose answer was lost: it must not live again, nor hold again.
        let (order, told) = (try rows.store.order(report.id), try counts(rows))
        for amendment in judged.amendments { try rows.store.amend(amendment, now: now) }
        _ = try fills.book(fill, books: nil, now: now)
        #expect(try rows.store.order(report.id) == order && counts(rows) == told)
    }

    private static func counts(_ rows: StoredOrders) throws -> [Int] {
        try ["doubted_fills", "order_amendments", "refused_fills"].map { table in
            Int(try rows.store.transaction.row("SELECT COUNT(*) FROM \(raw: table)")?.get(0, as: Int64.self) ?? 0)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a raised amount and price are held, and what is left goes back when the order ends`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let order = try rows.resting(1)
            #expect(try rows.funds() == ["400", "600"])
            // 0.015 BTC at 61,000, of which 0.012 trade.
            let report = Self.report(order, ticks: 6_100_000, lots: 1_500_000, filled: 1_200_000)
            try Self.take(report, StoredOrders.fill(order, trade: 1, lots: 1_200_000, ticks: 6_100_000), rows)
            let stored = try #require(try rows.store.order(order.id))
            #expect(stored.price == report.price && stored.quantity == report.quantity)
            #expect(stored.filled.lots == 1_200_000 && stored.status == .open)
            #expect(try rows.funds() == ["85", "183"])
            #expect(try Self.counts(rows) == [0, 1, 0])
            #expect(rows.store.amended?.all.map(\.missing) == [.zero])
            #expect(try rows.store.update(order.id, .cancelled, now: Self.now))
            #expect(try rows.funds() == ["268", "0"])
            #expect(try rows.states().isEmpty)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one that had traded whole by our books lives again, as often as it is changed`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let order = try rows.resting(1)
            #expect(try rows.fills.book(StoredOrders.fill(order, trade: 1, lots: 1_000_000), books: nil, now: Self.now))
            #expect(try rows.store.order(order.id)?.status == .filled)
            for (number, lots) in [Int64(1_200_000), 1_400_000].enumerated() {
                let report = Self.report(order, lots: lots, filled: lots - 100_000)
                let surplus = lots - 100_000 - (number == 0 ? 1_000_000 : 1_100_000)
                try Self.take(report, StoredOrders.fill(order, trade: UInt64(number) + 2, lots: surplus), rows)
                #expect(try rows.store.order(order.id)?.status == .open)
                #expect(try rows.funds()[1] == "60")
            }
            #expect(try Self.counts(rows) == [0, 2, 0])
            #expect(try rows.store.update(order.id, .cancelled, now: Self.now))
            #expect(try rows.funds() == ["220", "0"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one that the exchange says has ended holds nothing; a lowered amount gives back`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let (ended, lowered) = (try rows.resting(1, lots: 500_000), try rows.resting(2, lots: 500_000))
            #expect(try rows.store.update(ended.id, .cancelled, now: Self.now))
            let whole = Self.report(ended, lots: 600_000, filled: 600_000, .filled)
            try Self.take(whole, StoredOrders.fill(ended, trade: 1, lots: 600_000), rows)
            #expect(try rows.store.order(ended.id)?.status == .filled)
            #expect(try rows.funds() == ["340", "300"])
            let report = Self.report(lowered, ticks: 6_200_000, lots: 200_000, filled: 100_000)
            try Self.take(report, StoredOrders.fill(lowered, trade: 2, lots: 100_000, ticks: 6_200_000), rows)
            #expect(try rows.funds() == ["516", "62"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `of one that rests no more only what has traded is needed`(_ engine: DatabaseEngine) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let order = try rows.resting(1)
            let report = Self.report(order, lots: 3_000_000, filled: 1_600_000, .cancelled)
            try Self.take(report, StoredOrders.fill(order, trade: 1, lots: 1_200_000), rows)
            #expect(try rows.funds() == ["40", "240"] && rows.states().isEmpty)
            #expect(try rows.fills.book(StoredOrders.fill(order, trade: 2, lots: 400_000), books: nil, now: Self.now))
            #expect(try rows.funds() == ["40", "0"])
            #expect(try rows.store.update(order.id, .cancelled, now: Self.now))
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `where the account has not enough for it, it is booked, holds what there is, and its strategy is halted`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let order = try rows.resting(1)
            let report = Self.report(order, lots: 3_000_000, filled: 1_200_000)
            try Self.take(report, StoredOrders.fill(order, trade: 1, lots: 1_200_000), rows)
            #expect(try rows.states() == ["halted UNCOVERED_ORDER"])
            #expect(rows.store.amended?.all.map(\.missing) == ["800"])
            #expect(try rows.funds() == ["0", "280"])
            #expect(try rows.store.order(order.id)?.filled.lots == 1_200_000)
        }
    }

    // MARK: - At a server

    private static let strategy = StoredOrders.key.description

    private static func count(_ table: String, _ database: any SQLDatabase) async throws -> Int {
        try await database.read { transaction in
            Int(try transaction.row("SELECT COUNT(*) FROM \(raw: table)")?.get(0, as: Int64.self) ?? 0)
        }
    }

    private static func row(_ id: ClientOrderID, _ database: any SQLDatabase) async throws -> StoredOrder? {
        try await database.read { transaction in
            try OrderStore(transaction: transaction, place: StoredOrders.place, instrument: TestInstrument.btc).order(
                id)
        }
    }

    /// Quotes on: nothing refused, nothing in doubt, one amendment, and as much booked as the exchange says has traded.
    private static func expectTakenOver(_ id: ClientOrderID, _ bench: Bench) async throws {
        let (supervisor, exchange, database) = (bench.server.supervisor, bench.exchange, bench.server.database.real)
        let order = try #require(exchange.state.withLock { $0.orders[id] })
        try await bench.server.wait("its row is the exchange's") {
            guard let row = try await row(id, database) else { return false }
            return row.price == order.request.price && row.quantity == order.request.quantity
                && row.filled.lots == order.filled && row.status.isFinal
        }
        exchange.market(bid: 5_999_900, ask: 6_000_100)
        try await bench.server.wait("it quotes on") {
            exchange.open.count == 4 && !exchange.open.contains { $0.request.id == id }
        }
        let view = try await supervisor.inspect(strategy)
        let lots = exchange.state.withLock { state in
            state.fills.reduce(0) { $0 + $1.quantity.lots * Int64($1.side.sign) }
        }
        #expect(view.state == .active && view.position == TestInstrument.btc.unit.decimal(Quantity(lots: lots)))
        let told = exchange.state.withLock { $0.fills.count }
        #expect(try await supervisor.fills(strategyKey: strategy, after: 0, limit: 100).count == told)
        #expect(try await count("refused_fills", database) == 0)
        #expect(try await count("order_amendments", database) == 1)
        #expect(await supervisor.health().executors.map(\.refusedFillCount) == [0])
        let report = try await LedgerVerifier.verify(database)
        #expect(report.isSound, "\(report.findings)")
    }

    enum Change: CaseIterable, Sendable { case amount, price, both }

    /// - Returns: the order, and what of it trades next: more than we know of, or at a worse price.
    private static func change(_ bench: Bench, _ change: Change) throws -> (id: ClientOrderID, lots: Int64) {
        let order = try #require(bench.exchange.open.first).request
        let lots = order.quantity.lots
        let worse = order.price.ticks + Int64(order.side.sign) * 50
        switch change {
        case .amount: bench.exchange.amend(order.id, lots: 3 * lots)
        case .price: bench.exchange.amend(order.id, ticks: worse)
        case .both: bench.exchange.amend(order.id, ticks: worse, lots: 3 * lots)
        }
        return (order.id, change == .price ? lots / 2 : 2 * lots)
    }

    @Test(arguments: Change.allCases)
    func `one that trades is taken over as the exchange has it, taken off, and its session quotes on`(
        _ change: Change
    ) async throws {
        try await withServer { bench in
            try await bench.quote()
            let (id, lots) = try Self.change(bench, change)
            bench.exchange.fill(id, lots: lots)
            try await Self.expectTakenOver(id, bench)
        }
    }

    @Test func `one that was whole by our books and rests on is taken over, and taken off`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (id, lots) = try Self.change(bench, .amount)
            bench.exchange.fill(id, lots: lots / 2)
            let database = bench.server.database.real
            try await bench.server.wait("it is whole by our books") {
                try await Self.row(id, database)?.status == .filled
            }
            bench.exchange.fill(id, lots: lots / 2)
            try await Self.expectTakenOver(id, bench)
        }
    }

    @Test(arguments: Change.allCases)
    func `what was changed and traded while nobody listened is found at the start`(_ change: Change) async throws {
        try await withServer { bench in
            try await bench.quote()
            let (id, lots) = try Self.change(bench, change)
            bench.exchange.fill(id, lots: lots, isTold: false)
            try await bench.restart()
            try await Self.expectTakenOver(id, bench)
        }
    }

    @Test func `a kill between the doubt and the exchange's word loses nothing, whatever was booked since`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (id, lots) = try Self.change(bench, .amount)
            bench.exchange.state.withLock { $0.isReachable = false }
            bench.exchange.fill(id, lots: lots)
            let database = bench.server.database.real
            try await bench.server.wait("it is in doubt") { try await Self.count("doubted_fills", database) == 1 }
            #expect(try await bench.server.supervisor.fills(strategyKey: Self.strategy, after: 0, limit: 9).isEmpty)
            // A later one is booked: after it an exchange would not tell the first again.
            let exchange = bench.exchange
            let other = try #require(exchange.state.withLock { $0.orders.values.first { $0.request.id != id } }).request
            let late = Fill(
                tradeID: 500, orderID: other.id, side: other.side, price: other.price, quantity: Quantity(lots: 1_000),
                liquidity: .maker, fee: .zero, feeAsset: .quote, time: exchange.time.now())
            exchange.state.withLock { state in
                state.orders[other.id]?.filled = 1_000
                state.fills.append(late)
            }
            exchange.tell(.event(.filled(late)))
            try await bench.server.wait("it is booked") { [server = bench.server] in
                try await server.supervisor.fills(strategyKey: Self.strategy, after: 0, limit: 9).count == 1
            }
            try await bench.restart(waits: false)
            bench.exchange.state.withLock { $0.isReachable = true }
            try await Self.expectTakenOver(id, bench)
            #expect(try await Self.count("doubted_fills", bench.server.database.real) == 0)
        }
    }

    @Test func `until the exchange can be asked nothing is quoted; then it is taken over`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (id, lots) = try Self.change(bench, .price)
            let exchange = bench.exchange
            exchange.state.withLock { $0.isReachable = false }
            exchange.fill(id, lots: lots)
            try await bench.server.wait("nothing rests") { exchange.open.isEmpty }
            let placed = exchange.state.withLock { $0.placed.count }
            exchange.market(bid: 5_999_800, ask: 6_000_200)
            let database = bench.server.database.real
            try await bench.server.wait("it is in doubt") { try await Self.count("doubted_fills", database) == 1 }
            #expect(exchange.state.withLock { $0.placed.count } == placed)
            exchange.state.withLock { $0.isReachable = true }
            try await Self.expectTakenOver(id, bench)
        }
    }

    @Test func `one that costs more than the account has is booked, and halts`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let order = try #require(bench.exchange.open.first { $0.request.side == .buy }).request
            let lots = order.quantity.lots
            // It rests on: whoever takes it off is too late.
            bench.exchange.state.withLock { _ = $0.keepsOpen.insert(order.id) }
            bench.exchange.amend(order.id, lots: 10_000 * lots)
            bench.exchange.fill(order.id, lots: 2 * lots)
            let supervisor = bench.server.supervisor
            try await bench.server.wait("it is halted") {
                try await supervisor.inspect(Self.strategy).state == .halted
            }
            let view = try await supervisor.inspect(Self.strategy)
            #expect(view.reason == "UNCOVERED_ORDER" && view.position == "0.02")
            try await bench.server.wait("nothing else rests") { [exchange = bench.exchange] in exchange.open.count == 1
            }
        }
    }
}
