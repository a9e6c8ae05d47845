import Exchanges
import Execution
import Simulators
import Strategies
import TradingCore

/// A strategy with its parameters and limits, from a file or built in.
struct StrategyChoice {
    var strategy: any Strategy
    var limits: RiskLimits
    var tolerance: QuoteTolerance
    var budget: OrderBudget?
    /// As given, for the report.
    var given: [(String, String)]

    static let names = ["pure-market-making"]

    static func read(_ name: String, path: String, _ instrument: Instrument) throws -> StrategyChoice {
        guard names.contains(name) else {
            throw BadInput("--strategy \(name): must be one of \(names.joined(separator: ", "))")
        }
        return try read(try JSONFile.parameters(try JSONFile.value(path: path), path: path), from: path, instrument)
    }

    static func read(
        _ document: ParameterDocument, from path: String, _ instrument: Instrument
    ) throws -> StrategyChoice {
        var reader = ParameterReader(document)
        let parameters = PureMarketMakingParameters.read(&reader)
        let limits = RiskLimits.read(&reader)
        let perTenSeconds = reader.integer("maximumRequestsPer10Seconds", 10...1_000_000, "10 to 1000000")
        do {
            try reader.finish()
            guard var parameters else { throw BadInput("\(path): must be complete") }
            try checkOracle(&parameters, path)
            return StrategyChoice(
                strategy: try PureMarketMaking(parameters, instrument: instrument), limits: limits,
                tolerance: parameters.tolerance,
                budget: perTenSeconds.map { limit in
                    OrderBudget(
                        limit: Int(limit), windowNanoseconds: Nanoseconds.seconds(10), cancelReserve: Int(limit) / 5)
                },
                given: document.values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) })
        } catch let error as ParameterErrors {
            throw BadInput("\(path): \(error)")
        }
    }

    /// On the paper exchange there is one market: an oracle of the same market is no oracle, another one is not there.
    private static func checkOracle(_ parameters: inout PureMarketMakingParameters, _ path: String) throws {
        guard let oracle = parameters.oracleExchange else { return }
        guard [BinanceInstruments.exchange.rawValue, "paper"].contains(oracle.lowercased()) else {
            throw BadInput(
                "\(path): oracleExchangeName \"\(oracle)\": must be the market's own exchange or left out; no other "
                    + "price is at hand on the paper exchange")
        }
        parameters.oracleExchange = nil
    }
}
