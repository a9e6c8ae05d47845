import ExchangeFixtures
import Exchanges
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Networking

/// Our connectors and ccxt through the sidecar read the same recorded answers, and say the same.
@Suite(
    .serialized, .enabled(if: TestSidecar.isSetUp, Comment(rawValue: TestSidecar.absence)),
    .enabled(if: SharedFixtures.exist, Comment(rawValue: SharedFixtures.absence)))
struct SecondOpinionTests {
    /// Where the two differ, and why.
    private static let explained = [
        "mexc.response.createOrder.1":
            "ccxt 4.5.90 says postOnly false of a market order whose answer does not tell; 4.5.68 said nothing, as we do"
    ]

    @Test func `orders, trades, balances, books and tickers are the same to ccxt as to our own connectors`()
        async throws
    {
        let root = try #require(SharedFixtures.root) + "/fixtures/exchanges/"
        try await TestSidecar.with { sidecar in
            try await sidecar.connected()
            var counts: [String] = []
            for exchange in ExchangeDialects.all where exchange.id != "bybit" {
                let fixtures = try ExchangeFixtures(exchange, root + exchange.id)
                let tally = try await fixtures.secondOpinions { try await Self.ask(sidecar.client, exchange.id, $0) }
                let unexplained = tally.failures.filter { Self.explained[$0.id] == nil }
                #expect(unexplained.isEmpty, Comment(rawValue: tally.report))
                #expect(tally.passed > 0, "\(exchange.id)")
                counts.append("\(exchange.id) \(tally.summary)")
            }
            print("second opinion: \(counts.joined(separator: "; "))")
        }
    }

    private static func ask(
        _ client: SidecarClient, _ exchange: String, _ recorded: RecordedCase
    ) async throws -> JSONValue {
        // A session for each case: options of one are nothing to the next.
        client.open(
            "recorded", exchange: exchange,
            credentials: ExchangeCredentials(
                apiKey: "key", secret: Secret("secretsecret"), passphrase: Secret("password"), uid: Secret("uid")))
        return try await client.ask(
            "recorded", session: "recorded",
            .object([
                .text("method", recorded.method), .init(key: "input", value: recorded.input),
                .init(key: "httpResponse", value: recorded.answer), .init(key: "options", value: recorded.options),
                .init(key: "markets", value: recorded.markets), .init(key: "currencies", value: recorded.currencies),
            ]), within: 30_000)
    }
}
