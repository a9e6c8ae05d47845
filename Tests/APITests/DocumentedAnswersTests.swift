import Exchanges
import Execution
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Jobs
import Ledger
import NIOCore
import Persistence
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import API
@testable import MarketMaking

/// Every endpoint answers as the OpenAPI document says. Whatever any other test asks for is held to the document, too
/// (``ConformingClient``).
@Suite struct DocumentedAnswersTests {
    private struct Ask {
        var method: Endpoint.Method
        var template: String
        var path: String
        var body: String?
        var status: Int?

        init(
            _ method: Endpoint.Method, _ template: String, _ path: String? = nil, _ body: String? = nil,
            status: Int? = nil
        ) {
            self.method = method
            self.template = template
            self.path = path ?? template
            self.body = body
            self.status = status
        }
    }

    private static let strategy = """
        {"userId":"u","clientId":"c","pair":"BTC/USDT","exchangeName":"paper","bidSpread":0.001,"askSpread":0.001,\
        "orderAmount":0.01,"orderRefreshTime":1000,"numberOfLayers":2,"priceSourceType":"mid_price"}
        """
    private static let owner = #"{"userId":"u","clientId":"c"}"#
    private static let trade =
        #"{"userId":"u","clientId":"c","exchange":"paper","symbol":"BTC/USDT","side":"buy","amount":0.01"#
    private static let transfer = #"{"exchange":"okx","apiKeyId":1,"symbol":"USDT","network":"TRC20""#

    private static let trading = [
        Ask(.get, "/"), Ask(.get, "/strategy/running"), Ask(.get, "/strategy/all-strategies"),
        Ask(.get, "/admin/strategies"), Ask(.get, "/strategy/inspect", "/strategy/inspect?strategyKey=k"),
        Ask(.get, "/strategy/fills.csv", "/strategy/fills.csv?strategyKey=k"),
        Ask(.post, "/strategy/execute-pure-market-making", nil, strategy),
        Ask(.get, "/strategy/stop-marketmaking", "/strategy/stop-marketmaking?userId=u&clientId=c"),
        Ask(.post, "/strategy/stop-marketmaking", nil, owner),
        Ask(.post, "/strategy/rerun", nil, #"{"strategyKey":"k"}"#),
        Ask(
            .post, "/admin/strategy/start", nil,
            #"{"strategyType":"pureMarketMaking","marketMakingParams":\#(strategy)}"#),
        Ask(
            .post, "/admin/strategy/stop", nil,
            #"{"userId":"u","clientId":"c","strategyType":"pureMarketMaking"}"#),
        Ask(.get, "/performance/{userId}", "/performance/u"),
        Ask(.get, "/performance/{userId}/export.csv", "/performance/u/export.csv"),
        Ask(.get, "/user-orders/market-making/history/{userId}", "/user-orders/market-making/history/u"),
        Ask(.get, "/user-orders/market-making/history/instance/{id}", "/user-orders/market-making/history/instance/1"),
        Ask(.get, "/market/orderbook", "/market/orderbook?exchange=paper&symbol=BTC/USDT"),
        Ask(.get, "/admin/trading-state"),
        Ask(.post, "/admin/trading-state", nil, #"{"scope":"session","id":"k","state":"HALTED"}"#),
        Ask(.post, "/trade/market", nil, trade + "}"), Ask(.post, "/trade/limit", nil, trade + #","price":60000}"#),
        Ask(.get, "/trade/order/{orderId}", "/trade/order/77"),
        Ask(.post, "/trade/cancel/{orderId}/{symbol}", "/trade/cancel/77/BTC%2FUSDT", status: 202),
    ]

    private static let health =
        ["", "/ping", "/live", "/ready", "/trading", "/schedules", "/prometheus", "/queues", "/snapshots"]
        .map { Ask(.get, "/health" + $0) } + [Ask(.get, "/health/exchange/{name}", "/health/exchange/paper")]

    private static let operations = [
        Ask(.get, "/admin/jobs", "/admin/jobs?queue=payments&state=dead"),
        Ask(.get, "/admin/jobs/{id}", "/admin/jobs/1"), Ask(.post, "/admin/jobs/{id}/retry", "/admin/jobs/1/retry"),
        Ask(.post, "/admin/jobs/{id}/cancel", "/admin/jobs/1/cancel"),
        Ask(.post, "/admin/jobs/{id}/discard", "/admin/jobs/2/discard"),
        Ask(.post, "/admin/queues/{queue}/pause", "/admin/queues/payments/pause"),
        Ask(.post, "/admin/queues/{queue}/resume", "/admin/queues/payments/resume"), Ask(.get, "/admin/sagas"),
        Ask(.get, "/admin/sagas/{kind}", "/admin/sagas/test.payment"),
        Ask(.get, "/admin/sagas/{kind}/{id}", "/admin/sagas/test.payment/1"),
        Ask(.post, "/admin/sagas/{kind}/{id}/retry", "/admin/sagas/test.payment/1/retry"),
        Ask(
            .post, "/admin/sagas/{kind}/{id}/resolve", "/admin/sagas/test.payment/2/resolve",
            #"{"state":"{\"step\":\"done\"}","note":"asked them"}"#),
        Ask(.get, "/admin/outbox"), Ask(.post, "/admin/outbox/retry", nil, #"{"topic":"webhook","key":"order-1"}"#),
        Ask(.get, "/admin/ledger/balances"),
        Ask(.get, "/admin/ledger/entries", "/admin/ledger/entries?account=unallocated:paper:default/USDT"),
    ]

    private static let exchanges = [
        Ask(.get, "/admin/exchanges/key-pair"), Ask(.get, "/admin/exchanges/keys"),
        Ask(.post, "/admin/exchanges/keys/{key_id}/check", "/admin/exchanges/keys/1/check"),
        Ask(.get, "/admin/exchanges/readiness"), Ask(.post, "/admin/exchanges/encryption-key/rotate"),
        Ask(.delete, "/admin/exchanges/keys/{key_id}", "/admin/exchanges/keys/1"),
        Ask(.get, "/admin/grow/exchange/ccxt-supported"),
        Ask(.get, "/admin/grow/exchange/details/{id}", "/admin/grow/exchange/details/kraken"),
        Ask(.get, "/admin/grow/exchange/markets/{id}", "/admin/grow/exchange/markets/kraken"),
        Ask(.post, "/exchange/deposit/create", nil, transfer + "}"),
        Ask(.post, "/exchange/withdrawal/create", nil, transfer + #","address":"TAbc","amount":1}"#),
        Ask(.get, "/admin/exchanges/withdrawals", "/admin/exchanges/withdrawals?limit=5"),
        Ask(.get, "/admin/exchanges/withdrawals/verdicts", "/admin/exchanges/withdrawals/verdicts?withdrawal=1"),
        Ask(
            .post, "/admin/exchanges/withdrawals/{number}/resolve", "/admin/exchanges/withdrawals/1/resolve",
            #"{"outcome":"neverLeft","note":"the exchange says so"}"#),
    ]

    private static let catalog = ExchangeCatalog(
        names: { () throws(ExchangeCatalog.Failure) in ["kraken"] },
        details: { id throws(ExchangeCatalog.Failure) in .object([.init(key: "id", value: .string(id))]) },
        markets: { _ throws(ExchangeCatalog.Failure) in .array([]) })

    @Test func `every endpoint is asked for what it does, and answers as the OpenAPI document says`() async throws {
        let runner = SagaRunner(Payment(), Payment.Nothing())
        let api = try TestAPI(sagas: [runner], catalog: Self.catalog)
        let asked = Mutex<Set<String>>([])
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            let (message, asks) = (try Self.fill(api, runner), Self.trading + Self.health + Self.operations)
            let more = [
                Ask(.post, "/admin/outbox/discard", nil, "{\"id\":\"\(message)\"}"),
                Ask(.post, "/auth/login", nil, "{\"password\":\"\(AdminPassword.hash(Secret(TestAPI.password)))\"}"),
                Ask(
                    .post, "/admin/exchanges/keys", nil,
                    #"{"exchange":"binance","name":"mine","api_key":"k","api_secret":"\#(api.keys.sealed("s"))"}"#),
            ]
            let operations = try await api.document()["paths"]
            for ask in asks + more + Self.exchanges {
                let answer = try await client.execute(
                    uri: ask.path, method: ask.method.http,
                    headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                    body: ask.body.map { ByteBuffer(string: $0) })
                let name = "\(ask.method) \(ask.template)"
                let status = "\(ask.status ?? answer.status.code)"
                // What it does, not a refusal: those would be as documented, too.
                let declared = operations?[ask.template]?[ask.method.rawValue]?["responses"]?[status]
                #expect(answer.status.code < 300, "\(name): \(answer.text)")
                if let wanted = ask.status { #expect(answer.status.code == wanted, "\(name)") }
                #expect(declared != nil, "\(name): \(status) is not declared")
                asked.withLock { _ = $0.insert(name) }
            }
        }
        let endpoints = api.server.endpoints(
            RequestMetrics(),
            await AdminAuthentication(
                password: api.server.secrets.adminPassword, signingKey: api.server.secrets.signingKey, time: api.time))
        for endpoint in endpoints where endpoint.answers.content != .refusals {
            let name = "\(endpoint.method) \(endpoint.template)"
            #expect(asked.withLock { $0.contains(name) }, "\(name) is asked for by no line of this test")
        }
    }

    /// Something of everything: a dead job of each kind, parked sagas, a failing lane, a booking, executors and accounts.
    /// - Returns: the id of a message that waits.
    private static func fill(_ api: TestAPI, _ runner: SagaRunner<Payment, Payment.Nothing>) throws -> String {
        let now = api.time.now()
        api.desk.state.withLock { state in
            state.health.executors = [
                DeskHealth.Executor(
                    name: "paper/default/BTC/USDT", sessionCount: 1, openOrderCount: 4, unknownOrderCount: 0,
                    lastMarketData: now, isTrusted: true, decisions: LatencyHistogram(), placements: LatencyHistogram())
            ]
            state.tradingStates = [
                TradingStateEntry(
                    scope: .session("k"), state: .halted, reason: "x", setBy: "operator", setAt: now, isStored: false)
            ]
        }
        return try api.database.transact { transaction in
            let jobs = JobStore(transaction: transaction)
            let worker = try JobWorkerStore(transaction: transaction).register(
                node: "test", ownsDatabase: false, lease: .seconds(60), now: now)
            for name in ["a", "b"] {
                _ = try jobs.enqueue(OperationsTests.Pay(order: name), JobOptions(id: name), now: now)
            }
            for job in try jobs.claim("payments", limit: 10, worker: worker, now: now).jobs {
                _ = try jobs.fail(job, .deadLetter, reason: "no such account", now: now)
            }
            for id in ["1", "2"] {
                try runner.start(id, Payment.State(step: .waiting), cause: "test", in: transaction, now: now)
                try runner.send(.confused, eventID: "e", to: id, cause: "test", in: transaction, now: now)
            }
            let outbox = Outbox(transaction: transaction)
            let message = try outbox.put(
                topic: "webhook", key: "order-1", name: "paid", payload: Array("{}".utf8), now: now)
            try transaction.execute("UPDATE outbox_lanes SET failures = 1, failure = 'x'")
            try LedgerStore(transaction: transaction).apply(
                LedgerPosting(
                    key: "in-1",
                    .transfer(
                        from: LedgerAccount(.world, "paper:default", AssetID("USDT")),
                        to: LedgerAccount(.unallocated, "paper:default", AssetID("USDT")), "12.5")), now: now)
            return "\(message)"
        }
    }

    @Test func `a strategy's start declares every parameter that a strategy reads, and no other`() {
        let declared = StrategyRoutes.marketMaking.map(\.name)
        #expect(Set(declared) == StrategyPlan.parameterNames)
        #expect(declared.count == Set(declared).count)
    }

    @Test func `an answer that is not as documented fails whatever test has asked for it`() async throws {
        let api = try TestAPI()
        let application = Application(router: await api.server.router(), logger: api.server.logger)
        let document = try await api.document()
        try await application.test(.router) { client in
            for (declared, lie) in [
                (#""reconciled":{"type":"boolean"}"#, #""reconciled":{"type":"string"}"#),
                (#""reconciled":{"type":"boolean"},"#, ""), ("application/json", "text/plain"),
            ] {
                let text = JSONTree(document).json
                #expect(text.contains(declared))
                let strict = ConformingClient(
                    client: client, document: try JSONValue(text.replacing(declared, with: lie)))
                await withKnownIssue("\(lie)") { _ = try await strict.execute(uri: "/health/trading", method: .get) }
            }
            let honest = ConformingClient(client: client, document: document)
            _ = try await honest.execute(uri: "/health/trading", method: .get)
        }
    }

    @Test func `what the check is there to find, it finds`() throws {
        let components = try JSONValue(
            #"{"Named":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}"#)
        let check = SchemaCheck(components: components)
        let named = try JSONValue(##"{"$ref":"#/components/schemas/Named"}"##)
        let faulty = [
            #"{"a":"1"}"#, #"{"a":1.5}"#, #"{}"#, #"{"a":1,"b":2}"#, "[]", "null",
        ]
        func isGood(_ text: String, _ schema: JSONValue) throws -> Bool {
            check.faults(try JSONValue(text), schema).isEmpty
        }
        #expect(try isGood(#"{"a":1}"#, named))
        for text in faulty { #expect(try !isGood(text, named), "\(text)") }
        let time = try JSONValue(#"{"type":"string","format":"date-time","nullable":true}"#)
        #expect(check.faults(.null, time) == [])
        #expect(check.faults(.string("2025-10-09T08:53:20.000Z"), time) == [])
        #expect(!check.faults(.string("yesterday"), time).isEmpty)
        let pair = try JSONValue(#"{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}"#)
        for text in ["[1]", "[1,2,3]", #"["1",2]"#] { #expect(try !isGood(text, pair)) }
        let any = try JSONValue(#"{"anyOf":[{"type":"string"},{"type":"boolean"}]}"#)
        #expect(check.faults(.bool(true), any) == [] && !check.faults(.number("1"), any).isEmpty)
    }
}
