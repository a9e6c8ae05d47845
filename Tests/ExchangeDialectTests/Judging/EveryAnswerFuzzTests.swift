import Exchanges
import Foundation
import Scheduling
import Testing
import TradingCore

@testable import ExchangeFixtures

/// Every call and every stream of every exchange by name, answered with nonsense: nothing stops the program, and whatever goes
/// wrong says the exchange, the place and the cause.
///
/// `MRMARKET_FUZZ_SEED=N` runs another seed than the fixed one.
@Suite("Nonsense from every exchange") struct EveryAnswerFuzzTests {
    private static let seed =
        ProcessInfo.processInfo.environment["MRMARKET_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_261_127

    /// CCXT's names with arguments, as the fixtures write them.
    private static let calls: [(method: String, input: String)] = [
        ("fetchTime", "[]"), ("fetchStatus", "[]"), ("fetchMarkets", "[]"), ("fetchCurrencies", "[]"),
        ("fetchTicker", #"["BTC/USDT"]"#), ("fetchTickers", "[]"), ("fetchTickers", #"[["BTC/USDT"]]"#),
        ("fetchBidsAsks", "[]"), ("fetchLastPrices", "[]"), ("fetchOrderBook", #"["BTC/USDT"]"#),
        ("fetchOHLCV", #"["BTC/USDT"]"#), ("fetchTrades", #"["BTC/USDT"]"#), ("fetchBalance", "[]"),
        ("fetchBalance", #"[{"type":"funding"}]"#), ("fetchAccounts", "[]"),
        ("fetchTradingFee", #"["BTC/USDT"]"#), ("fetchTradingFees", "[]"),
        ("createOrder", #"["BTC/USDT","limit","buy",1,100]"#),
        (
            "createOrders",
            #"[[{"symbol":"BTC/USDT","type":"limit","side":"buy","amount":1,"price":100},"#
                + #"{"symbol":"BTC/USDT","type":"limit","side":"sell","amount":1,"price":200}]]"#
        ),
        ("editOrder", #"["123","BTC/USDT","limit","buy",1,101]"#), ("cancelOrder", #"["123","BTC/USDT"]"#),
        ("cancelOrders", #"[["123","456"],"BTC/USDT"]"#), ("cancelAllOrders", #"["BTC/USDT"]"#),
        ("cancelAllOrdersAfter", "[10000]"), ("fetchOrder", #"["123","BTC/USDT"]"#),
        ("fetchClosedOrder", #"["123","BTC/USDT"]"#), ("fetchOpenOrders", #"["BTC/USDT"]"#),
        ("fetchClosedOrders", #"["BTC/USDT"]"#), ("fetchCanceledOrders", #"["BTC/USDT"]"#),
        ("fetchCanceledAndClosedOrders", #"["BTC/USDT"]"#), ("fetchOrders", #"["BTC/USDT"]"#),
        ("fetchMyTrades", #"["BTC/USDT"]"#), ("fetchOrderTrades", #"["123","BTC/USDT"]"#),
        ("fetchDepositAddress", #"["USDT",{"network":"TRC20"}]"#), ("fetchDeposits", "[]"),
        ("fetchWithdrawals", "[]"), ("fetchDepositsWithdrawals", "[]"),
        ("withdraw", #"["USDT",10,"0x1234567890",null,{"network":"TRC20","fee":"1"}]"#),
    ]

    private static let words = [
        "", "null", "7", "[]", "{}", "[[[[[]]]]]", "<html><h1>502 Bad Gateway</h1></html>", "{\"a\":1e999}", "\u{0}",
        #"{"code":"0","data":[{}]}"#, #"{"retCode":0,"result":{"list":[{}],"rows":[7]}}"#,
        #"{"code":"200000","data":{}}"#,
        #"["error",10001,"symbol: invalid"]"#, #"[null,null,[[1]]]"#,
    ]

    private static func folder(_ id: String) -> String? {
        if id == "bybit" {
            return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("Fixtures/bybit").path
        }
        return FixtureFolder.root.map { _ in FixtureFolder.exchanges + "/" + id }
    }

    @Test(arguments: ExchangeDialects.all.map(\.id))
    func `every call's answer, spoiled, is read or refused with exchange, endpoint and cause`(id: String) throws {
        guard let folder = Self.folder(id) else { return }
        let fixtures = try ExchangeFixtures(try #require(ExchangeDialects.named(id)), folder)
        let good = try bodies(folder)
        var random = SplitMix64(seed: Self.seed)
        print("\(id): answers, seed \(Self.seed)")
        var (called, refused) = (0, 0)
        for (method, input) in Self.calls {
            let item = try JSONValue(#"{"input":\#(input)}"#)
            let (dialect, rest) = fixtures.dialect(
                for: item, UnifiedArguments(item["input"]?.elements ?? []),
                fixtures.exchange.methodOptions[method] ?? [])
            var caller = UnifiedCaller(fixtures.exchange, dialect, givesClientOrderIDs: true)
            guard let call = try? caller.call(method, rest) else { continue }
            called += 1
            let own = good[method] ?? []
            let others = good.keys.sorted().flatMap { good[$0] ?? [] }
            for round in 0..<30 {
                let whole = round < 22 && !own.isEmpty ? own : others
                let body =
                    round >= 26 || whole.isEmpty
                    ? Array(Self.words[Int(random.below(UInt64(Self.words.count)))].utf8)
                    : SpoiledText.spoil(whole[Int(random.below(UInt64(whole.count)))], &random)
                let status = [200, 200, 200, 400, 502][Int(random.below(5))]
                do throws(ExchangeFailure) {
                    _ = try call.answer(in: EndpointAnswer(status: status, body: body), dialect)
                } catch {
                    refused += 1
                    #expect(
                        error.exchange == id && !error.endpoint.isEmpty && error.description.hasPrefix(id + " "),
                        "seed \(Self.seed), \(method): \(error)")
                    // A refusal in the exchange's words may have none; what cannot be read says why.
                    if error.kind == .badResponse {
                        #expect(!error.message.isEmpty, "seed \(Self.seed), \(method): \(error)")
                    }
                }
            }
        }
        #expect(called >= 24 && refused > called * 8, "\(called) calls, \(refused) refusals")
    }

    @Test(arguments: ExchangeDialects.all.map(\.id))
    func `every stream's frames, spoiled, are read or refused with exchange, channel and cause`(id: String) throws {
        guard let folder = Self.folder(id) else { return }
        let fixtures = try ExchangeFixtures(try #require(ExchangeDialects.named(id)), folder)
        let cases = try #require(try FixtureFile.json("ws", in: folder)?["cases"]?.elements)
        var random = SplitMix64(seed: Self.seed)
        print("\(id): frames, seed \(Self.seed)")
        var told: [ExchangeFailure] = []
        for item in cases {
            for _ in 0..<25 {
                var run = try StreamCase(fixtures, item)
                for step in item["steps"]?.elements ?? [] where step["rest"] == nil {
                    let (frame, isBinary) = try StreamCase.frame(step)
                    let bytes = random.below(3) == 0 ? frame : SpoiledText.spoil(frame, &random)
                    var effects: [StreamEffect] = []
                    bytes.withUnsafeBytes {
                        run.session.received($0, isBinary: isBinary, now: ExchangeFixtures.now, into: &effects)
                    }
                    told += effects.compactMap(Self.failure)
                    expectSense(effects, id)
                }
            }
        }
        for failure in told {
            #expect(
                failure.exchange == id && !failure.endpoint.isEmpty && !failure.message.isEmpty,
                "seed \(Self.seed): \(failure)")
        }
        #expect(told.count > 20, "\(told.count)")
    }

    private static func failure(_ effect: StreamEffect) -> ExchangeFailure? {
        switch effect {
        case .reconnect(let failure), .event(.refused(_, let failure)), .event(.bookLost(_, let failure)): failure
        default: nil
        }
    }

    /// Whatever is told can be traded on.
    private func expectSense(_ effects: [StreamEffect], _ id: String) {
        for case .event(let event) in effects {
            let levels: [PriceLevel]
            switch event {
            case .book(let book): levels = book.bids + book.asks
            case .bookChange(let change): levels = change.bids + change.asks
            default: continue
            }
            #expect(
                levels.allSatisfy { $0.price.isPositive && !$0.amount.isNegative }, "\(id), seed \(Self.seed): \(event)"
            )
        }
    }

    /// Good answers by method, none so long that spoiling it takes its time.
    private func bodies(_ folder: String) throws -> [String: [[UInt8]]] {
        var bodies: [String: [[UInt8]]] = [:]
        for method in try FixtureFile.json("response", in: folder)?["methods"]?.members ?? [] {
            for item in method.value.elements ?? [] {
                let text: String
                if case .string(let raw)? = item["httpResponse"] {
                    text = raw
                } else {
                    text = (item["httpResponse"] ?? .null).compactText
                }
                if text.utf8.count < 6_000 { bodies[method.key, default: []].append(Array(text.utf8)) }
            }
        }
        return bodies
    }
}
