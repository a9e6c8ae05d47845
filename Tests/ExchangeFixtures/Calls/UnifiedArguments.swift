import Exchanges
public import TradingCore

/// The arguments of a CCXT call: positional ones, where null is absent, then a trailing object of parameters.
public struct UnifiedArguments: Sendable {
    public var positional: [JSONValue]
    public var parameters: [JSONValue.Member]

    init(_ input: [JSONValue]) {
        if case .object(let members) = input.last {
            positional = Array(input.dropLast())
            parameters = members.filter { !$0.value.isNull }
        } else {
            positional = input
            parameters = []
        }
    }

    subscript(index: Int) -> JSONValue? {
        guard positional.indices.contains(index), !positional[index].isNull else { return nil }
        return positional[index]
    }

    func text(_ index: Int) -> String? { self[index]?.text }

    func decimal(_ index: Int) throws -> FixedDecimal? { try JSONValue.decimal(self[index], "argument \(index)") }

    func integer(_ index: Int) throws -> Int64? { try Self.integer(self[index], "argument \(index)") }

    static func integer(_ value: JSONValue?, _ name: String) throws -> Int64? {
        try JSONValue.object([JSONValue.Member(key: name, value: value ?? .null)]).integer(name)
    }

    func symbol(_ index: Int) throws(ExchangeFailure) -> Symbol? { try Self.symbol(self[index]) }

    func requiredSymbol(_ index: Int) throws(ExchangeFailure) -> Symbol {
        guard let symbol = try symbol(index) else {
            throw ExchangeFailure(.argumentsRequired, message: "a symbol as argument \(index)")
        }
        return symbol
    }

    static func symbol(_ value: JSONValue?) throws(ExchangeFailure) -> Symbol? {
        guard let text = value?.text else { return nil }
        guard let symbol = Symbol(text) else { throw ExchangeFailure(.badSymbol, message: text) }
        return symbol
    }

    // MARK: - Parameters

    public func parameter(_ name: String) -> JSONValue? { parameters.first { $0.key == name }?.value }

    /// Takes a parameter out, so that it is not passed on.
    public mutating func take(_ names: String...) -> JSONValue? {
        var found: JSONValue?
        for name in names {
            if found == nil { found = parameter(name) }
            parameters.removeAll { $0.key == name }
        }
        return found
    }

    public mutating func set(_ name: String, _ value: JSONValue) {
        parameters.removeAll { $0.key == name }
        parameters.append(JSONValue.Member(key: name, value: value))
    }

    /// Of own trades from a time on, CCXT leaves the number to some exchanges: it asks in the order in which they answer.
    mutating func dropLimitWithSince(_ method: String) {
        let since = method == "fetchMyTrades" ? 1 : method == "fetchOrderTrades" ? 2 : nil
        guard let since, self[since] != nil, positional.indices.contains(since + 1) else { return }
        positional[since + 1] = .null
    }

    mutating func takeDecimal(_ names: String...) throws -> FixedDecimal? {
        var found: FixedDecimal?
        for name in names { if let value = take(name), found == nil { found = try JSONValue.decimal(value, name) } }
        return found
    }

    mutating func takeInteger(_ name: String) throws -> Int64? { try Self.integer(take(name), name) }
    mutating func takeText(_ names: String...) -> String? {
        var found: String?
        for name in names { if let value = take(name), found == nil { found = value.text } }
        return found
    }
}
