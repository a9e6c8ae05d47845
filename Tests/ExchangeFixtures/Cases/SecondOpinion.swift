import Exchanges
public import TradingCore

/// One recorded answer, for somebody else to read.
public struct RecordedCase: Sendable {
    public var id: String
    /// CCXT's name of the method, and its arguments.
    public var method: String
    public var input: JSONValue
    /// What the exchange answered.
    public var answer: JSONValue
    public var options: JSONValue
    public var markets: JSONValue
    public var currencies: JSONValue
}

extension ExchangeFixtures {
    /// What a second reader makes of the recorded answers beside what our connector makes of them, field by field through our
    /// types. Nobody's expectations are asked.
    /// - Parameter second: a case's answer as ccxt unifies it.
    public func secondOpinions(
        _ second: @Sendable (RecordedCase) async throws -> JSONValue
    ) async throws -> FixtureTally {
        var tally = FixtureTally()
        guard let file = try FixtureFile.json("response", in: folder) else { return tally }
        let common = Set((file["skipKeys"]?.elements ?? []).compactMap(\.text))
        let options = file["options"]?.members ?? []
        for method in file["methods"]?.members ?? [] {
            guard let kind = UnifiedKind(method: method.key) else { continue }
            for (index, item) in (method.value.elements ?? []).enumerated() {
                let id = item.text("id") ?? "\(exchange.id).response.\(method.key).\(index)"
                let skipKeys = common.union((item["skipKeys"]?.elements ?? []).compactMap(\.text))
                let recorded = RecordedCase(
                    id: id, method: method.key, input: item["input"] ?? .array([]),
                    answer: item["httpResponse"] ?? .null,
                    options: .object(options + (item["options"]?.members ?? [])),
                    markets: markets["markets"] ?? .object([]), currencies: markets["currencies"] ?? .object([]))
                let outcome: FixtureOutcome
                do {
                    let ours = try answer(method.key, item, options)
                    let theirs = try kind.throughOurTypes(try await second(recorded))
                    let found = AnswerJudge(skipKeys: skipKeys).differences(theirs, ours)
                    outcome = found.isEmpty ? .passed : .failed(found)
                } catch let failure as ExchangeFailure where failure.kind == .notSupported {
                    outcome = .notSupported(failure.message)
                } catch { outcome = .failed(["\(error)"]) }
                tally.add(id, outcome)
            }
        }
        return tally
    }
}

/// What a method's answer is made of.
enum UnifiedKind {
    case order, orders, trades, balance, book, ticker, tickers, candles

    /// Nil for what is not read through the sidecar.
    init?(method: String) {
        switch method {
        case "fetchOrder", "createOrder", "cancelOrder", "editOrder", "createLimitOrder", "createMarketOrder",
            "createLimitBuyOrder", "createLimitSellOrder":
            self = .order
        case "fetchOrders", "fetchOpenOrders", "fetchClosedOrders", "fetchCanceledOrders", "cancelOrders",
            "createOrders", "cancelAllOrders", "fetchCanceledAndClosedOrders":
            self = .orders
        case "fetchMyTrades", "fetchTrades", "fetchOrderTrades": self = .trades
        case "fetchBalance": self = .balance
        case "fetchOrderBook": self = .book
        case "fetchTicker": self = .ticker
        case "fetchTickers": self = .tickers
        case "fetchOHLCV": self = .candles
        default: return nil
        }
    }

    func throughOurTypes(_ value: JSONValue) throws -> JSONValue {
        switch self {
        case .order: return try UnifiedReading.order(value).unified
        case .orders: return .array(try (value.elements ?? []).map { try UnifiedReading.order($0).unified })
        case .trades: return .array(try (value.elements ?? []).map { try UnifiedReading.trade($0).unified })
        case .balance: return try UnifiedReading.balances(unified: value).unified
        case .book:
            guard let symbol = value.text("symbol").flatMap({ Symbol($0) }) else {
                throw UnreadableAnswer("symbol", expected: "one", found: "nothing")
            }
            return try UnifiedReading.book(value, symbol).unified
        case .ticker: return try UnifiedReading.ticker(value).unified
        case .candles: return value
        case .tickers:
            return .object(
                try (value.members ?? []).map { .init(key: $0.key, value: try UnifiedReading.ticker($0.value).unified) }
            )
        }
    }
}
