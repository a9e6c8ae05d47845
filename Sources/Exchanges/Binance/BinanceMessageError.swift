public import TradingCore

/// Why bytes are not a message we can use, and where.
public struct BinanceMessageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes of the message before the place, from 0.
    public let offset: Int
    public let reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    init(_ error: JSONError) {
        self.init(offset: error.offset, reason: .json(error.expected))
    }

    public enum Reason: Equatable, Sendable {
        /// Not the JSON that belongs there.
        case json(JSONError.Expectation)
        case price(UnitTextError)
        case quantity(UnitTextError)
        /// Not from 1 to ``BookSide/maximumTicks`` ticks.
        case priceOutOfRange
        /// Negative, or zero in a trade.
        case quantityOutOfRange
        /// An id or time below zero or beyond what we count, or `U` above `u`.
        case idOutOfRange
        case timeOutOfRange
        case repeatedKey
        case missingKey
        /// `s` is not the instrument's symbol.
        case wrongSymbol
    }

    public var description: String { "byte \(offset): expected \(reason.expected)" }
}

extension BinanceMessageError.Reason {
    /// As it reads after "expected".
    public var expected: String {
        switch self {
        case .json(let expectation): expectation.text
        case .price(let error): "a price (\(error.expected))"
        case .quantity(let error): "a quantity (\(error.expected))"
        case .priceOutOfRange: "a price of 1 to \(BookSide.maximumTicks) units"
        case .quantityOutOfRange: "a quantity above zero, or zero for an emptied level"
        case .idOutOfRange: "update ids from 0, the first not above the last"
        case .timeOutOfRange: "a time since 1970"
        case .repeatedKey: "each key once"
        case .missingKey: "all keys of the message"
        case .wrongSymbol: "the instrument's symbol"
        }
    }
}

extension UnitTextError {
    fileprivate var expected: String {
        switch self {
        case .malformed: "decimal text"
        case .outOfRange: "a number in range"
        case .offUnit: "a whole multiple of the book unit"
        case .unusableUnit: "a usable book unit"
        }
    }
}
