import Exchanges
import Synchronization
import Testing
import TradingCore

@testable import Networking

/// What of an exchange's markets comes through a real sidecar, asked by its client.
@Suite(.serialized, .enabled(if: TestSidecar.isSetUp, Comment(rawValue: TestSidecar.absence)))
struct SidecarMarketTests {
    /// - Parameters:
    ///   - urls: as the exchange's class in ccxt names its interfaces, by path on the server.
    ///   - answers: bodies, by the end of the path.
    private static func with(
        _ exchange: String, urls: [String: String], options: [JSONValue.Member] = [], answers: [String: String],
        _ body: (SidecarClient, _ asked: () -> [String]) async throws -> Void
    ) async throws {
        let requests = Mutex<[String]>([])
        try await ScriptedServer.with(answer: { request, _ in
            let target = request.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            requests.withLock { $0.append(target) }
            let path = target.prefix { $0 != "?" }
            let known = answers.first { path.hasSuffix($0.key) }?.value
            return [
                .send(
                    HTTPText.answer(
                        known ?? "{}", status: known == nil ? "404 Not Found" : "200 OK",
                        headers: "Content-Type: application/json\r\n"))
            ]
        }) { server in
            try await TestSidecar.with { sidecar in
                try await sidecar.connected()
                let root = "http://127.0.0.1:\(server.port)"
                sidecar.client.open(
                    "markets", exchange: exchange,
                    credentials: ExchangeCredentials(apiKey: "key", secret: Secret("secret")),
                    settings: .object([
                        .init(
                            key: "urls",
                            value: .object(urls.sorted { $0.key < $1.key }.map { .text($0.key, root + $0.value) })),
                        .init(key: "options", value: .object(options)),
                    ]))
                try await body(sidecar.client) { requests.withLock { $0 } }
            }
        }
    }

    private static func refusal(_ body: () async throws -> some Any) async -> SidecarFailure? {
        do { _ = try await body() } catch { return error as? SidecarFailure }
        return nil
    }

    // MARK: - Binance: a list of tickers, and derivatives beside spot

    private static func market(_ symbol: String, _ base: String, _ more: String) -> String {
        """
        {"symbol":"\(symbol)","status":"TRADING","baseAsset":"\(base)","quoteAsset":"USDT","quotePrecision":8,\
        "baseAssetPrecision":8,"orderTypes":["LIMIT"],\(more),"filters":[\
        {"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"0.01"},\
        {"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"}]}
        """
    }

    private static let spot = #""isSpotTradingAllowed":true,"permissions":["SPOT"],"permissionSets":[["SPOT"]]"#
    private static let perpetual =
        #""pair":"BTCUSDT","contractType":"PERPETUAL","deliveryDate":4133404800000,"onboardDate":1569398400000,"marginAsset":"USDT","underlyingType":"COIN""#

    private static let binance = [
        "/api/v3/time": #"{"serverTime":1700000000000}"#, "/fapi/v1/time": #"{"serverTime":1700000000000}"#,
        "/api/v3/exchangeInfo":
            "{\"symbols\":[\(market("BTCUSDT", "BTC", spot)),\(market("ETHUSDT", "ETH", spot))]}",
        "/fapi/v1/exchangeInfo": "{\"symbols\":[\(market("BTCUSDT", "BTC", perpetual))]}",
        "/api/v3/ticker/24hr":
            #"[{"symbol":"BTCUSDT","lastPrice":"60000.00","closeTime":1},{"symbol":"ETHUSDT","lastPrice":"3000.00","closeTime":1}]"#,
    ]

    @Test func `D41: the list of markets is spot alone, though ccxt knows derivatives beside it`() async throws {
        try await Self.with(
            "binance", urls: ["public": "/api/v3", "private": "/api/v3", "fapiPublic": "/fapi/v1", "sapi": "/sapi/v1"],
            options: [
                .flag("fetchCurrencies", false), .flag("fetchMargins", false),
                // What is not loaded could not be mixed in.
                .init(
                    key: "fetchMarkets",
                    value: .object([.init(key: "types", value: .array([.string("spot"), .string("linear")]))])),
            ], answers: Self.binance
        ) { client, asked in
            let markets = try await client.ask("markets", session: "markets", within: 30_000)
            #expect(asked().contains { $0.hasPrefix("/fapi/v1/exchangeInfo") }, "the perpetual was loaded")
            #expect(markets.elements?.compactMap { $0.text("symbol") }.sorted() == ["BTC/USDT", "ETH/USDT"])
            let rows = markets.elements?.map(SidecarCatalog.market) ?? []
            #expect(rows.allSatisfy { $0.text("quote") == "USDT" && $0["limits"] != nil })
            for method in ["ticker", "orderBook", "trades"] {
                let refused = await Self.refusal {
                    try await client.ask(
                        method, session: "markets", .object([.text("symbol", "BTC/USDT:USDT")]), within: 30_000)
                }
                #expect(refused?.kind == .refused && refused?.message.contains("no spot market") == true, "\(method)")
            }
        }
    }

    @Test func `D41: tickers are asked for at once where the exchange can tell a list of them`() async throws {
        try await Self.with(
            "binance", urls: ["public": "/api/v3", "private": "/api/v3", "sapi": "/sapi/v1"],
            options: [.flag("fetchCurrencies", false), .flag("fetchMargins", false)], answers: Self.binance
        ) { client, asked in
            _ = try await client.ask("markets", session: "markets", within: 30_000)
            let symbols = JSONValue.array([.string("BTC/USDT"), .string("ETH/USDT")])
            let told = try await client.ask(
                "tickers", session: "markets", .object([.init(key: "symbols", value: symbols)]), within: 30_000)
            #expect(told["BTC/USDT"]?.text("last") == "60000.00" && told["ETH/USDT"]?.text("last") == "3000.00")
            #expect(asked().filter { $0.hasPrefix("/api/v3/ticker/24hr") }.count == 1)
        }
    }

    // MARK: - Zaif: one ticker at a time

    private static func pair(_ name: String) -> String {
        """
        {"currency_pair":"\(name.lowercased().replacing("/", with: "_"))","name":"\(name)","item_unit_min":0.001,\
        "item_unit_step":0.001,"aux_unit_min":5.0,"aux_unit_step":5.0,"aux_unit_point":0,"is_token":false}
        """
    }

    private static let zaif = [
        "/currency_pairs/all": "[\(pair("BTC/JPY")),\(pair("ETH/JPY"))]",
        "/ticker/btc_jpy": #"{"last":9000000.0,"high":9,"low":9,"vwap":9,"volume":1,"bid":9,"ask":9}"#,
        "/ticker/eth_jpy": #"{"last":450000.0,"high":9,"low":9,"vwap":9,"volume":1,"bid":9,"ask":9}"#,
    ]

    @Test func `D41: tickers are asked for one by one where the exchange tells one at a time alone`() async throws {
        try await Self.with("zaif", urls: ["rest": ""], answers: Self.zaif) { client, asked in
            _ = try await client.ask("markets", session: "markets", within: 30_000)
            let symbols = JSONValue.array([.string("BTC/JPY"), .string("ETH/JPY")])
            let told = try await client.ask(
                "tickers", session: "markets", .object([.init(key: "symbols", value: symbols)]), within: 30_000)
            #expect(told["BTC/JPY"]?.text("last") == "9000000.0" && told["ETH/JPY"]?.text("last") == "450000.0")
            let tickers = asked().filter { $0.contains("/ticker/") }
            #expect(tickers.count == 2 && Set(tickers).count == 2, "\(tickers)")
        }
    }
}
