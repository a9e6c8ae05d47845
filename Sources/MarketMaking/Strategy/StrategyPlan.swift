import Execution
import Strategies
import TradingCore

/// A request to make a market, judged: who wants it, where, with what, and how.
struct StrategyPlan: Hashable, Sendable {
    var key: StrategyKey
    var place: TradingPlace
    var parameters: PureMarketMakingParameters
    var limits: RiskLimits
    var tolerance: QuoteTolerance
    /// The session's share of the account; nil is everything that is free when it starts.
    var base: FixedDecimal?
    var quote: FixedDecimal?
    /// How many requests the session may send; what takes it off the market is sent all the same.
    var budget: OrderBudget?

    /// Reads the original's body, with the parameters of our own beside it.
    /// - Parameter exchanges: those that can be traded on, by their ids.
    static func read(_ text: String, exchanges: [String]) throws(DeskError) -> StrategyPlan {
        guard let json = try? JSONValue(text), case .object(let members) = json else {
            throw .invalid(["parameters: must be a JSON object"])
        }
        // A document that names its user and client; the strategy passes those names over.
        var reader = ParameterReader(ParameterDocument(members.map { ($0.key, ParameterDocument.Value($0.value)) }))
        let plan = read(&reader, exchanges: exchanges)
        do { try reader.finish() } catch { throw .invalid(error.errors.map(\.description)) }
        guard let plan else { throw .invalid(["parameters: must be complete"]) }
        return plan
    }

    /// Every name that such a body may have.
    static let parameterNames: Set<String> = {
        var reader = ParameterReader(ParameterDocument([]))
        _ = read(&reader, exchanges: [])
        return reader.known
    }()

    /// - Returns: nil when something was refused; the reader knows what.
    private static func read(_ reader: inout ParameterReader, exchanges: [String]) -> StrategyPlan? {
        let identity = Identity(&reader, exchanges: exchanges)
        let share: ClosedRange<FixedDecimal> = "0"..."1000000000000"
        let base = reader.decimal("baseFunds", share, "0 to 1000000000000")
        let quote = reader.decimal("quoteFunds", share, "0 to 1000000000000")
        let requests = reader.integer("maximumRequestsPer10Seconds", 10...1_000_000, "10 to 1000000")
        var parameters = PureMarketMakingParameters.read(&reader)
        let limits = RiskLimits.read(&reader)
        if let oracle = parameters?.oracleExchange {
            if identity?.place.exchange.rawValue == oracle.lowercased() {
                parameters?.oracleExchange = nil
            } else {
                reader.refuse("oracleExchangeName", "the exchange itself or left out: no other price is at hand")
            }
        }
        guard let identity, let parameters else { return nil }
        return StrategyPlan(
            key: identity.key, place: identity.place, parameters: parameters, limits: limits,
            tolerance: parameters.tolerance, base: base, quote: quote,
            budget: requests.map { limit in
                OrderBudget(
                    limit: Int(limit), windowNanoseconds: Nanoseconds.seconds(10), cancelReserve: Int(limit) / 5)
            })
    }

    /// What runs must be this very thing, however its parameters are written: others are not passed over in silence.
    /// - Throws: ``DeskError/refused(_:)``.
    func check(isRunBy row: StrategyInstanceStore.Row) throws(DeskError) {
        let running = try? StrategyPlan.read(row.instance.parameters, exchanges: [row.place.exchange.rawValue])
        guard running == self else {
            throw .refused("Strategy \(key) runs with other parameters: stop it before it is started with these")
        }
    }

    /// - Throws: ``DeskError/invalid(_:)`` when the parameters do not fit the instrument.
    func strategy(_ instrument: Instrument) throws(DeskError) -> any Strategy {
        do { return try PureMarketMaking(parameters, instrument: instrument) } catch {
            throw .invalid(error.errors.map(\.description))
        }
    }

    private struct Identity {
        var key: StrategyKey
        var place: TradingPlace

        init?(_ reader: inout ParameterReader, exchanges: [String]) {
            let user = Identity.name("userId", &reader)
            let client = Identity.name("clientId", &reader)
            let account = reader.string("accountLabel") ?? "default"
            let pair = reader.require("pair", reader.string("pair"), "a pair as BTC/USDT")
            let symbol = pair.flatMap { Symbol($0) }
            if pair != nil, symbol == nil { reader.refuse("pair", "a pair as BTC/USDT") }
            let rule = "one of \(exchanges.joined(separator: ", "))"
            let exchange = reader.require("exchangeName", reader.string("exchangeName"), rule)?.lowercased()
            if let exchange, !exchanges.contains(exchange) { reader.refuse("exchangeName", rule) }
            guard let user, let client, let symbol, let exchange else { return nil }
            key = StrategyKey(userID: user, clientID: client, type: .pureMarketMaking)
            place = TradingPlace(exchange: ExchangeID(rawValue: exchange), account: account, symbol: symbol)
        }

        private static func name(_ field: String, _ reader: inout ParameterReader) -> String? {
            // The original's clients send numbers here too.
            guard let text = reader.require(field, reader.label(field), GivenName.rule) else { return nil }
            let isFit = GivenName.isFit(text)
            if !isFit { reader.refuse(field, GivenName.rule) }
            return isFit ? text : nil
        }
    }
}

extension ParameterDocument.Value {
    init(_ value: JSONValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .number(let text): self = .number(text)
        case .bool(let bool): self = .bool(bool)
        case .null: self = .null
        case .object, .array: self = .nested
        }
    }
}
