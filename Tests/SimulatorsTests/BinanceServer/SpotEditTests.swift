import Exchanges
import Networking
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// Our connector's edits over HTTP: a cancel and a new order in one call, either of which may be refused.
@Suite("Edits on the paper exchange")
struct SpotEditTests {
    private static let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))

    private func order(_ id: String, _ price: FixedDecimal, _ amount: FixedDecimal) -> OrderPlacement {
        OrderPlacement(
            symbol: Self.symbol, kind: .limit, side: .buy, amount: amount, price: price, isPostOnly: true,
            clientOrderID: id)
    }

    private func refusal(
        _ client: ExchangeClient, _ call: EndpointCall<ExchangeOrder>
    ) async -> ExchangeFailure? {
        do throws(CallFailure) {
            _ = try await client.perform(call, within: 10_000)
            return nil
        } catch {
            guard case .notCarriedOut(let failure) = error else { return nil }
            return failure
        }
    }

    @Test(
        "An edit replaces; one whose new order is refused says that the old one is gone; one of no order changes nothing"
    )
    func edits() async throws {
        let folder = try TemporaryFolder()
        let exchange = try await SpotRunning(folder.path + "/spot.db", FixedMarket.configuration())
        let caller = try HTTPCaller()
        var dialect = BinanceDialect()
        let rest = "http://127.0.0.1:\(exchange.port)"
        dialect.hosts = ExchangeHosts(
            rest: ["public": rest + "/api/v3", "private": rest + "/api/v3", "sapi": rest + "/sapi/v1"], streams: [:])
        let client = ExchangeClient(
            dialect,
            .init(
                label: "a", credentials: ExchangeCredentials(apiKey: "KEYA", secret: Secret("SECRETA")),
                receiveWindow: 60_000),
            manners: SharedManners(limits: dialect.limits),
            breaker: CircuitBreaker(threshold: 9, pause: Backoff(shortest: 1, longest: 1, seed: 1)), time: SystemTime()
        ) { request, milliseconds throws(HTTPFailure) in try await caller.send(request, within: milliseconds) }
        dialect.catalog = MarketCatalog(
            markets: try await client.perform(dialect.markets(), within: 10_000), currencies: [])
        func open() async throws -> [ExchangeOrder] {
            try await client.perform(dialect.openOrders(HistoryQuery(symbol: Self.symbol)), within: 10_000)
        }
        let placed: ExchangeOrder = try await client.perform(
            dialect.place(order("mm-1", "59000", "0.1")), within: 10_000)
        let edited = try await client.perform(
            dialect.edit(OrderReference(id: placed.id, symbol: Self.symbol), to: order("mm-2", "58000", "0.2")),
            within: 10_000)
        #expect(edited.id != nil && edited.id != placed.id)
        #expect(try await open().map(\.price) == ["58000"])
        // Post-only, and above the market.
        let taking = try dialect.edit(
            OrderReference(id: edited.id, symbol: Self.symbol), to: order("mm-3", "70000", "0.2"))
        let gone = try #require(await refusal(client, taking))
        #expect(
            gone.kind == .orderImmediatelyFillable && gone.message.hasPrefix("cancelled, and not replaced"), "\(gone)")
        #expect(try await open().isEmpty)
        let nothing = try #require(
            await refusal(
                client,
                try dialect.edit(
                    OrderReference(id: edited.id, symbol: Self.symbol), to: order("mm-4", "58000", "0.2"))))
        #expect(
            nothing.kind == .orderNotFound && nothing.message.hasPrefix("neither cancelled nor replaced"), "\(nothing)")
        #expect(try await open().isEmpty)
        await caller.shutdown()
        await exchange.stop()
    }
}
