/// A venue, by its lower-case name: `binance`, `mexc`, `paper`.
public struct ExchangeID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { rawValue }
}

/// An asset by its ticker in capitals: `BTC`, `USDT`.
public struct AssetID: RawRepresentable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public init(_ rawValue: String) {
        self.init(rawValue: rawValue)
    }

    public var description: String { rawValue }

    public static func < (left: AssetID, right: AssetID) -> Bool { left.rawValue < right.rawValue }
}

extension AssetID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
}

/// A tradable pair, written `BASE/QUOTE`.
public struct Symbol: Hashable, Codable, Sendable, CustomStringConvertible {
    public let base: AssetID
    public let quote: AssetID

    public init(base: AssetID, quote: AssetID) {
        self.base = base
        self.quote = quote
    }

    /// - Returns: nil unless the text is two different names of letters and digits around one slash; capitals do not matter.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Symbol.isNameByte) })
        else { return nil }
        base = AssetID(parts[0].uppercased())
        quote = AssetID(parts[1].uppercased())
        if base == quote { return nil }
    }

    public var description: String { "\(base)/\(quote)" }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}

/// A tradable pair on one exchange.
public struct InstrumentID: Hashable, Sendable, CustomStringConvertible {
    public let exchange: ExchangeID
    public let symbol: Symbol

    public init(exchange: ExchangeID, symbol: Symbol) {
        self.exchange = exchange
        self.symbol = symbol
    }

    public var description: String { "\(exchange):\(symbol)" }
}

/// One account at a paper exchange, an index counted from zero.
public struct AccountID: Hashable, Comparable, Codable, Sendable {
    public let rawValue: Int32

    @inlinable
    public init(_ rawValue: Int32) {
        self.rawValue = rawValue
    }

    @inlinable
    public static func < (left: AccountID, right: AccountID) -> Bool { left.rawValue < right.rawValue }
}
