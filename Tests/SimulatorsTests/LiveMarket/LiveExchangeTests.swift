import Exchanges
import Execution
import Logging
import Networking
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// One paper exchange hears another through our own Binance connector, over sockets, and trades on what it hears.
@Suite("A paper exchange on a real exchange's market", .serialized, .timeLimit(.minutes(10)))
struct LiveExchangeTests {
    private static let symbol = Symbol(base: "BTC", quote: "USDT")
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// The exchange that is heard and the way to it.
    private final class Upstream: Sendable {
        let exchange: SpotRunning
        let connector: DialectConnector
        private let caller: HTTPCaller

        /// - Parameter silence: how long the stream may say nothing before it is doubted, in milliseconds.
        init(_ path: String, silence: Int64) async throws {
            let exchange = try await SpotRunning(path, FixedMarket.configuration())
            let caller = try HTTPCaller(.init(deadline: 60_000, connecting: 60_000))
            var pace = ConnectorPace()
            (pace.silence, pace.question) = (silence, 60_000)
            (pace.shortestReconnect, pace.longestReconnect) = (50, 200)
            let wires = Wires(
                time: SystemTime(), webSockets: try WebSocketClient(), logger: LiveExchangeTests.logger, pace: pace,
                seed: 1
            ) { request, milliseconds throws(HTTPFailure) in
                try await caller.send(request, within: milliseconds)
            }
            var dialect: any ExchangeDialect = BinanceDialect()
            func moved(_ url: String, _ scheme: String) -> String {
                let path = url.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }
                return "\(scheme)://127.0.0.1:\(exchange.port)\(path)"
            }
            dialect.hosts.rest = dialect.hosts.rest.mapValues { moved($0, "http") }
            dialect.hosts.streams = dialect.hosts.streams.mapValues { moved($0, "ws") }
            connector = DialectConnector(dialect, wires)
            (self.exchange, self.caller) = (exchange, caller)
        }

        func stop() async {
            connector.close()
            await caller.shutdown()
            await exchange.stop()
        }
    }

    private func instrument(_ upstream: Upstream) async throws -> Instrument {
        let instruments = try await upstream.connector.instruments()
        let found = try #require(instruments.first { $0.id.symbol == Self.symbol })
        return PaperExchangeConfiguration.paper(
            found.with(
                fees: try FeeSchedule(maker: SpotConfiguration.standardFee, taker: SpotConfiguration.standardFee)))
    }

    private func configuration(_ upstream: Upstream, _ market: LiveMarket) async throws -> SpotConfiguration {
        var configuration = try FixedMarket.configuration()
        configuration.listings = [
            .init(
                instrument: try await instrument(upstream), source: .live(market),
                matching: MatchingConfiguration(reportWindowNanoseconds: 250_000_000))
        ]
        return configuration
    }

    /// - Parameter doubting: whether silence is noticed soon. Where silence is not the matter, a machine too busy to
    ///   keep the pulse going must not halt the market in the middle of a test.
    private func withBoth(
        doubting: Bool = false,
        _ body: (_ upstream: Upstream, _ exchange: SpotRunning, _ path: String) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let upstream = try await Upstream(folder.path + "/upstream.db", silence: doubting ? 300 : 120_000)
        let market = LiveMarket(name: "test")
        let exchange: SpotRunning
        do {
            exchange = try await SpotRunning(folder.path + "/live.db", try await configuration(upstream, market))
        } catch {
            await upstream.stop()
            throw error
        }
        let feed = LiveFeed(
            upstream.connector, Self.symbol, into: market, patience: doubting ? 3_000_000_000 : 600_000_000_000,
            time: SystemTime(),
            logger: Self.logger)
        let hearing = Task { await feed.run() }
        // A market that never moves tells nothing that a book could be begun from.
        let pulse = Task { await Self.beat(upstream.exchange) }
        func end() async {
            pulse.cancel()
            await pulse.value
            hearing.cancel()
            await hearing.value
            await exchange.stop()
            await upstream.stop()
        }
        do { try await body(upstream, exchange, folder.path + "/live.db") } catch {
            await end()
            throw error
        }
        await end()
    }

    /// An order far from the market that comes and goes.
    private static func beat(_ exchange: SpotRunning) async {
        let order = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=50000&newClientOrderId=pulse"
        while !Task.isCancelled {
            _ = try? await exchange.ask(.post, "/api/v3/order", order, as: "B")
            try? await Task.sleep(for: .milliseconds(150))
            _ = try? await exchange.ask(.delete, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=pulse", as: "B")
            try? await Task.sleep(for: .milliseconds(150))
        }
    }

    /// What a book shows but for the pulse: prices and quantities, bids then asks.
    private func book(_ exchange: SpotRunning) async throws -> [[String]] {
        let depth = try await exchange.ask(.get, "/api/v3/depth", "symbol=BTCUSDT&limit=100").json
        return ["bids", "asks"].flatMap { depth[$0]?.elements ?? [] }.map { $0.elements.compactMap(\.string) }
            .filter { $0.first != "50000.00000000" }
    }

    /// Looks until it sees what is wanted.
    private func until(_ what: String, _ look: () async throws -> Bool) async throws {
        for _ in 0..<1_500 {
            if try await look() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("waited in vain for \(what)")
    }

    private func status(_ exchange: SpotRunning) async throws -> String? {
        try await exchange.ask(.get, "/api/v3/exchangeInfo", "symbol=BTCUSDT").json["symbols"]?.elements.first?[
            "status"]?
            .string
    }

    private func bestBid(_ exchange: SpotRunning) async throws -> JSONValue? {
        try await exchange.ask(.get, "/api/v3/depth", "symbol=BTCUSDT&limit=5").json["bids"]?.elements.first
    }

    private static let maker = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.5&price=59995&newClientOrderId=m"

    @Test("Its book is the exchange's, its orders trade on it and are traded with by what trades there")
    func trades() async throws {
        try await withBoth { upstream, exchange, _ in
            try await until("trading") { try await status(exchange) == "TRADING" }
            #expect(try await book(exchange) == book(upstream.exchange))
            // What is offered there can be taken here, which nobody there notices.
            let taken = try await exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1", as: "A")
            #expect(taken.text("cummulativeQuoteQty") == "60010.00000000")
            // A change there is a change here.
            _ = try await upstream.exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.3&price=59993", as: "A")
            try await until("the new bid") {
                try await bestBid(exchange)?.elements.map(\.string) == ["59993.00000000", "0.30000000"]
            }
            // A trade there fills an order here that stood first in its way.
            _ = try await exchange.ask(.post, "/api/v3/order", Self.maker, as: "A")
            _ = try await upstream.exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=IOC&quantity=0.2&price=59993",
                as: "B")
            try await until("the fill") {
                try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=m", as: "A").text(
                    "executedQty") == "0.20000000"
            }
        }
    }

    /// The stream lives and says nothing, and the exchange does not answer what its book is: nobody knows the market.
    @Test("A stream that goes silent halts trading until the market is known again; a hole in it is healed")
    func silence() async throws {
        try await withBoth(doubting: true) { upstream, exchange, _ in
            // A busy machine may be silent for long enough by itself: until trading goes on again nothing is taken.
            try await until("an order of ours") {
                try await exchange.ask(.post, "/api/v3/order", Self.maker, as: "A").status == 200
            }
            try await upstream.exchange.faults(
                #"[{"kind":"silent","on":["stream.*"]},{"kind":"status","on":["depth"],"acts":false}]"#)
            // The silence begins with the next message.
            _ = try await upstream.exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.4", as: "B")
            try await until("a halt") { try await status(exchange) == "HALT" }
            let refused = try await exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.1", as: "B")
            #expect(refused.code == -2010 && refused.text("msg") == "Market is closed.")
            #expect(
                try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A").json.elements.count == 1)
            _ = try await upstream.exchange.forget()
            try await until("trading again") { try await status(exchange) == "TRADING" }
            // Beside our own order it is the exchange's book as it is now.
            try await until("the book as it is now") {
                try await book(exchange).filter { $0.first != "59995.00000000" } == book(upstream.exchange)
            }
            // One message lost: noticed by its number, and the book fetched anew.
            try await upstream.exchange.faults(#"[{"kind":"gap","on":["stream.depth"],"count":1}]"#)
            for price in [59_000, 59_001, 59_002] {
                _ = try await upstream.exchange.ask(
                    .post, "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=\(price)",
                    as: "A")
                try await Task.sleep(for: .milliseconds(150))
            }
            try await until("all of them") {
                let prices = try await book(exchange).compactMap(\.first)
                return ["59000.00000000", "59001.00000000", "59002.00000000"].allSatisfy {
                    prices.contains($0)
                }
            }
        }
    }

    @Test("SIGKILL forgets nothing that was told; started again it is halted until it hears the market")
    func killed() async throws {
        try await withBoth { upstream, exchange, path in
            try await until("trading") { try await status(exchange) == "TRADING" }
            _ = try await exchange.ask(.post, "/api/v3/order", Self.maker, as: "A")
            _ = try await exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.7", as: "A")
            _ = try await upstream.exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=IOC&quantity=0.2&price=59980",
                as: "B")
            func order(_ exchange: SpotRunning) async throws -> JSONValue {
                try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=m", as: "A").json
            }
            // Nothing follows the fill that would be journaled for its own sake.
            try await until("the fill") { try await order(exchange)["executedQty"] == .string("0.20000000") }
            func everything(_ exchange: SpotRunning) async throws -> [JSONValue?] {
                [
                    try await order(exchange),
                    try await exchange.ask(.get, "/api/v3/myTrades", "symbol=BTCUSDT", as: "A").json,
                    try await exchange.ask(.get, "/api/v3/account", as: "A").json["balances"],
                ]
            }
            let before = try await everything(exchange)
            let copy = try TemporaryFolder().copyDatabase(path)
            let again = try await SpotRunning(copy, try await configuration(upstream, LiveMarket(name: "test")))
            try await until("a halt") { try await status(again) == "HALT" }
            #expect(try await everything(again) == before)
            #expect(try await again.ask(.delete, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A").status == 200)
            await again.stop()
        }
    }
}
