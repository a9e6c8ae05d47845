import Exchanges
import Execution
import Foundation
import Logging
import Scheduling
import Simulators
import TestSupport
import Testing
import TradingCore

@testable import Networking

/// The whole way: our seam, the sidecar, unmodified ccxt and ccxt.pro, the paper exchange with its matching engine.
@Suite(.serialized, .enabled(if: TestSidecar.isSetUp, Comment(rawValue: TestSidecar.absence)))
struct SidecarPaperTests {
    private static let symbol = Symbol(base: AssetID(rawValue: "BTC"), quote: AssetID(rawValue: "USDT"))

    private static func settings(port: Int) -> JSONValue {
        let (http, stream) = ("http://127.0.0.1:\(port)", "ws://127.0.0.1:\(port)")
        let rest: [JSONValue.Member] = [
            .text("public", http + "/api/v3"), .text("private", http + "/api/v3"), .text("v1", http + "/api/v1"),
            .text("sapi", http + "/sapi/v1"), .text("sapiV2", http + "/sapi/v2"), .text("sapiV3", http + "/sapi/v3"),
        ]
        let streams = JSONValue.object([
            .text("spot", stream + "/ws"),
            .init(key: "ws-api", value: .object([.text("spot", stream + "/ws-api/v3")])),
        ])
        return .object([.init(key: "urls", value: .object(rest + [.init(key: "ws", value: streams)]))])
    }

    private static func withPaper(_ body: (Int) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let (time, logger) = (SystemTime(), Logger(label: "paper", factory: { _ in SwiftLogNoOpLogHandler() }))
        let configuration = SpotConfiguration(
            listings: PaperExchangeConfiguration.generated(seed: 1, bases: ["BTC"], accounts: ["default"]).listings,
            accounts: ["alice", "bob"].map {
                SpotAccount(
                    name: $0, key: "\($0)-key", secret: Secret("\($0)-secret"),
                    funds: [AssetID(rawValue: "USDT"): "1000000", AssetID(rawValue: "BTC"): "10"])
            })
        let exchange = try await SpotExchange.open(
            configuration, path: folder.path + "/paper.db", time: time, logger: logger)
        let (ports, port) = AsyncStream<Int>.makeStream()
        let running = Task { await exchange.run() }
        let serving = Task {
            try await SpotServer(exchange, port: 0, time: time, logger: logger).run { port.yield($0) }
        }
        func end() async {
            serving.cancel()
            _ = try? await serving.value
            running.cancel()
            await running.value
        }
        do {
            for await port in ports {
                try await body(port)
                break
            }
        } catch {
            await end()
            throw error
        }
        await end()
    }

    private static func order(_ number: UInt64, _ side: Side, _ ticks: Int64, _ lots: Int64) throws -> OrderRequest {
        OrderRequest(
            id: try #require(ClientOrderID(rawValue: number)), side: side, price: Price(ticks: ticks),
            quantity: Quantity(lots: lots))
    }

    @Test func `orders rest, trade by stream, are cancelled and survive the sidecar's end, and the books agree`()
        async throws
    {
        var manners = SidecarManners()
        manners.shortestRestart = 50
        let logger = Logger(label: "test")
        try await Self.withPaper { port in
            try await TestSidecar.with(manners: manners, logger: logger) { sidecar in
                let connector = SidecarConnector(
                    ExchangeID(rawValue: "binance"), client: sidecar.client,
                    accounts: ["default": ExchangeCredentials(apiKey: "alice-key", secret: Secret("alice-secret"))],
                    settings: Self.settings(port: port), time: SystemTime(), logger: logger)
                try await sidecar.connected()
                let instrument = try #require(
                    try await connector.instruments().first { $0.id.symbol == Self.symbol })
                let market = Heard<[MarketRecord]>()
                let feed = try await connector.subscribe(Self.symbol) { market.add($0) }
                defer { feed.cancel() }
                let account = try #require(try await connector.account("default") as? SidecarAccount)
                let told = Heard<AccountUpdate>()
                let stream = try await account.subscribe(Self.symbol) { told.add($0) }
                defer { stream.cancel() }
                func hears(_ what: String, _ event: AccountEvent) async throws {
                    do { try await sidecar.wait(what) { told.all.contains(.event(event)) } } catch {
                        Issue.record("told instead: \(told.all.filter { $0 != .alive })")
                        throw error
                    }
                }
                let desk = try await account.desk(Self.symbol)
                let before = try await account.balances()

                try await sidecar.wait("a book by stream") {
                    market.all.contains { $0.first?.kind == .reset } && market.all.contains { $0.first?.kind == .level }
                }
                let snapshot = try #require(market.all.first { $0.first?.kind == .reset })
                let ask = try #require(
                    snapshot.filter { $0.kind == .snapshot && $0.side == .sell }.map(\.price.ticks).min())

                // One rests below, well within the band around the average price; one trades at once.
                let resting = try Self.order(11, .buy, ask / 10 * 9, 1_000_000)
                desk.begin(resting)
                try await hears("it rests", .accepted(resting.id))
                let taking = try Self.order(12, .buy, ask + 10_000, 1_000_000)
                desk.begin(taking)
                func filled(_ id: ClientOrderID) -> Int64 {
                    var lots: [UInt64: Int64] = [:]
                    for case .event(.filled(let fill)) in told.all where fill.orderID == id {
                        lots[fill.tradeID] = fill.quantity.lots
                    }
                    return lots.values.reduce(0, +)
                }
                try await sidecar.wait("it is filled whole") { filled(taking.id) == 1_000_000 }
                #expect(
                    try await account.openOrders(Self.symbol) == [
                        ListedOrder(id: resting.id, side: .buy, price: resting.price, remaining: resting.quantity)
                    ])

                // What the exchange says it owns is what our fills make of what it owned.
                let fills = try await account.fills(Self.symbol, from: 0, limit: 100)
                let after = try await account.balances()
                func total(_ balances: [AssetBalance], _ asset: AssetID) -> Int128 {
                    balances.filter { $0.asset == asset }.reduce(0) { $0 + $1.free.raw + $1.locked.raw }
                }
                var (base, quote) = (total(before, instrument.base), total(before, instrument.quote))
                for fill in fills {
                    base += instrument.unit.decimal(fill.quantity).raw - (fill.feeAsset == .base ? fill.fee.raw : 0)
                    quote -= instrument.unit.notional(fill.price, fill.quantity).raw
                }
                #expect(fills.allSatisfy { $0.orderID == taking.id } && !fills.isEmpty)
                #expect(total(after, instrument.base) == base && total(after, instrument.quote) == quote)

                // The sidecar dies; what rests still does, and is cancelled in its next life.
                kill(try #require(sidecar.client.condition.pid), SIGKILL)
                try await sidecar.wait("it is there again") {
                    sidecar.client.condition.starts == 2 && sidecar.client.condition.isConnected
                }
                #expect(try await account.order(resting.id, Self.symbol)?.status == .open)
                desk.send(.cancel(resting.id))
                try await hears("it is cancelled", .cancelled(resting.id))
                #expect(try await account.openOrders(Self.symbol).isEmpty)
                #expect(!told.all.contains(.event(.cancelled(taking.id))))
            }
        }
    }

    private static func withDesk(
        _ body: (TestSidecar, SidecarAccount, SidecarOrderDesk, Heard<AccountUpdate>) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test")
        try await withPaper { port in
            try await TestSidecar.with(logger: logger) { sidecar in
                let connector = SidecarConnector(
                    ExchangeID(rawValue: "binance"), client: sidecar.client,
                    accounts: ["default": ExchangeCredentials(apiKey: "alice-key", secret: Secret("alice-secret"))],
                    settings: settings(port: port), time: SystemTime(), logger: logger)
                try await sidecar.connected()
                let account = try #require(try await connector.account("default") as? SidecarAccount)
                let told = Heard<AccountUpdate>()
                let stream = try await account.subscribe(symbol) { told.add($0) }
                defer { stream.cancel() }
                // Its markets are loaded, as they are for whoever trades.
                _ = try await account.balances()
                try await body(sidecar, account, try await account.desk(symbol), told)
            }
        }
    }

    @Test func `placements that wait for ccxt's turn never leave once they are cancelled, and keep nobody waiting`()
        async throws
    {
        try await Self.withDesk { sidecar, account, desk, told in
            // ccxt lets some twenty of Binance's calls through a second: these would take three seconds.
            let orders = try (1...60).map { try Self.order($0, .buy, 5_000_000, 1_000_000) }
            for order in orders { desk.begin(order) }
            for order in orders { desk.send(.cancel(order.id)) }
            func ended(_ isWanted: (AccountEvent) -> Bool) -> Int {
                Set(
                    told.all.compactMap { update -> ClientOrderID? in
                        guard case .event(let event) = update, isWanted(event) else { return nil }
                        switch event {
                        case .notFound(let id), .cancelled(let id), .rejected(let id, _): return id
                        default: return nil
                        }
                    }
                ).count
            }
            try await sidecar.wait("all have ended") { ended { _ in true } == orders.count }
            let withdrawn = ended { if case .notFound = $0 { true } else { false } }
            #expect(withdrawn > 30, "only \(withdrawn) of \(orders.count) were withdrawn")
            #expect(try await account.openOrders(Self.symbol).isEmpty)
            // What was withdrawn is not known there: it never left.
            let last = try #require(orders.last).id
            let listed = try await account.order(last, Self.symbol, placedAt: account.startedAt)
            #expect(listed == nil)
            // Nobody waits for the turns of those.
            let next = try Self.order(100, .buy, 5_000_000, 1_000_000)
            desk.begin(next)
            try await sidecar.wait("the next is placed") {
                told.all.contains(.event(.accepted(next.id))) || told.all.contains { "\($0)".contains("rejected") }
            }
        }
    }

    @Test func `what waits for its turn when its key is taken away does not leave`() async throws {
        try await Self.withDesk { sidecar, account, desk, told in
            let orders = try (1...60).map { try Self.order($0, .buy, 5_000_000, 1_000_000) }
            for order in orders { desk.begin(order) }
            account.connector.setAccounts([:])
            try await sidecar.wait("all are answered") {
                Set(
                    told.all.compactMap { update -> ClientOrderID? in
                        switch update {
                        case .event(.notFound(let id)), .event(.accepted(let id)), .event(.rejected(let id, _)),
                            .event(.outcomeUnknown(let id)):
                            id
                        default: nil
                        }
                    }
                ).count == orders.count
            }
            account.connector.setAccounts([
                "default": ExchangeCredentials(apiKey: "alice-key", secret: Secret("alice-secret"))
            ])
            let open = try await account.openOrders(Self.symbol)
            #expect(open.count < 30, "\(open.count) of \(orders.count) left")
        }
    }
}
