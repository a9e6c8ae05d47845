import Strategies
import TradingCore

/// Trading rules of instruments, by symbol:
/// `{"BTC/USDT": {"tickSize": "0.01", "lotSize": "0.00001", "minimumNotional": "5", …}}`.
///
/// Only `tickSize` and `lotSize` are required. `priceUnit` and `quantityUnit` are the finest steps of the feed, by
/// default tick and lot size; `significantDigits` may stand in place of `tickSize` where `priceUnit` is given.
enum RulesFile {
    static func instrument(_ symbol: Symbol, path: String) throws -> Instrument {
        guard let rules = try JSONFile.value(path: path)[symbol.description] else {
            throw BadInput("\(path): must hold rules for \(symbol)")
        }
        var reader = ParameterReader(try JSONFile.parameters(rules, path: "\(path), \(symbol)"))
        do {
            let instrument = try read(&reader, symbol)
            try reader.finish()
            return instrument
        } catch let error as ParameterErrors {
            throw BadInput("\(path), \(symbol): \(error)")
        } catch let error as InstrumentError {
            throw BadInput("\(path), \(symbol): \(error)")
        }
    }

    private static func read(_ reader: inout ParameterReader, _ symbol: Symbol) throws -> Instrument {
        func amount(_ field: String) -> FixedDecimal? {
            reader.decimal(field, "0.000000000000000001"..."1000000000000000000", "above 0")
        }
        let tick = amount("tickSize")
        let digits = reader.integer("significantDigits", 1...18, "1 to 18")
        let lot = amount("lotSize")
        let priceUnit = amount("priceUnit") ?? tick
        let quantityUnit = amount("quantityUnit") ?? lot
        let openOrders = reader.integer("maximumOpenOrders", 1...1_000_000, "1 to 1000000")
        let (minimumPrice, maximumPrice) = (amount("minimumPrice"), amount("maximumPrice"))
        let (minimum, maximum) = (amount("minimumQuantity"), amount("maximumQuantity"))
        let market = amount("maximumMarketQuantity")
        let (minimumNotional, maximumNotional) = (amount("minimumNotional"), amount("maximumNotional"))
        let position = amount("maximumPosition")
        let lotSize = reader.require("lotSize", lot, "above 0")
        let price = reader.require("tickSize", priceUnit, "above 0")
        let rounding = digits.map { PriceRounding.significantDigits(Int($0)) } ?? tick.map { .tick($0) }
        guard let lotSize, let price, let quantityUnit, let rounding else {
            try reader.finish()
            throw BadInput("\(symbol): must have tickSize or significantDigits")
        }
        let instrument = Instrument(
            id: InstrumentID(exchange: ExchangeID(rawValue: "paper"), symbol: symbol),
            unit: try BookUnit(price: price, quantity: quantityUnit),
            rules: TradingRules(
                priceRounding: rounding, lotSize: lotSize, minimumPrice: minimumPrice, maximumPrice: maximumPrice,
                minimumQuantity: minimum, maximumQuantity: maximum, maximumMarketQuantity: market,
                minimumNotional: minimumNotional, maximumNotional: maximumNotional,
                maximumOpenOrders: openOrders.map { Int($0) }, maximumPosition: position))
        _ = try OrderRules(instrument)
        return instrument
    }
}
