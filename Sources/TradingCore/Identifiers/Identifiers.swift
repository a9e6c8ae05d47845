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
        let bytes = text.utf8
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")),
            let base = Symbol.name(text[..<slash]), let quote = Symbol.name(text[bytes.index(after: slash)...]),
            base != quote
        else { return nil }
        self.init(base: base, quote: quote)
    }

    /// Requests name symbols: by bytes, as letters and digits are, in capitals as nearly all come already.
    private static func name(_ text: some StringProtocol) -> AssetID? {
        var hasSmall = false
        for byte in text.utf8 {
            guard isNameByte(byte) else { return nil }
            hasSmall = hasSmall || byte >= UInt8(ascii: "a")
        }
        return text.isEmpty ? nil : AssetID(hasSmall ? text.uppercased() : String(text))
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
