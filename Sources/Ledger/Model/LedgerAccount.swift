public import TradingCore

/// Whose money, of one asset. Its path is how it is stored and shown: `order:7f3a/USDT`.
public struct LedgerAccount: Sendable {
    /// What kind of owner an account has, and so whether its balance may go below zero.
    public enum Kind: String, CaseIterable, Sendable {
        /// One order's own funds; the id is its `ledgerOrderID`. No order can spend another's.
        case order
        /// Funds of one exchange account that no order owns; the id is exchange and label, `binance:main`.
        case unallocated
        /// A customer's funds that belong to no order.
        case customer
        /// What the operator has earned.
        case revenue
        /// Where deposits come from and withdrawals go to.
        case world
        /// Whoever trades with us at an exchange.
        case exchange
        /// Who takes fees from us: an exchange, a network.
        case fees

        /// Outside of our books stands everybody else, and they have paid in what we hold: their balances may be
        /// negative. Ours never.
        public var mayOverdraw: Bool {
            switch self {
            case .order, .unallocated, .customer, .revenue: false
            case .world, .exchange, .fees: true
            }
        }
    }

    public let kind: Kind
    public let id: String
    public let asset: AssetID
    /// `kind:id/ASSET`; an account is its path.
    public let path: String

    /// - Parameters:
    ///   - id: 1 to 100 letters, digits, `-`, `_`, `.` or `:`.
    ///   - asset: 1 to 64 letters, digits, `-`, `_` or `.`.
    /// - Throws: ``LedgerError/badAccount(_:rule:)``.
    public init(_ kind: Kind, _ id: String, _ asset: AssetID) throws(LedgerError) {
        try self.init(kind, id, asset, path: "\(kind.rawValue):\(id)/\(asset.rawValue)")
    }

    private init(_ kind: Kind, _ id: String, _ asset: AssetID, path: String) throws(LedgerError) {
        guard (1...100).contains(id.utf8.count), id.utf8.allSatisfy({ Self.isName($0) || $0 == UInt8(ascii: ":") })
        else { throw .badAccount(path, rule: "an id is 1 to 100 letters, digits, '-', '_', '.' or ':'") }
        guard (1...64).contains(asset.rawValue.utf8.count), asset.rawValue.utf8.allSatisfy(Self.isName)
        else { throw .badAccount(path, rule: "an asset is 1 to 64 letters, digits, '-', '_' or '.'") }
        (self.kind, self.id, self.asset, self.path) = (kind, id, asset, path)
    }

    /// Reads a path.
    /// - Throws: ``LedgerError/badAccount(_:rule:)``.
    public init(path: String) throws(LedgerError) {
        let bytes = path.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), let slash = bytes.lastIndex(of: UInt8(ascii: "/")),
            colon < slash
        else { throw .badAccount(path, rule: "an account is kind:id/ASSET") }
        guard let kind = Kind(rawValue: String(path[..<colon])) else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badAccount(path, rule: "a kind is one of \(kinds)")
        }
        let id = String(path[bytes.index(after: colon)..<slash])
        try self.init(kind, id, AssetID(String(path[bytes.index(after: slash)...])), path: path)
    }

    public var mayOverdraw: Bool { kind.mayOverdraw }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension LedgerAccount: Hashable, Comparable, CustomStringConvertible {
    public static func == (left: LedgerAccount, right: LedgerAccount) -> Bool { left.path == right.path }
    public static func < (left: LedgerAccount, right: LedgerAccount) -> Bool { left.path < right.path }
    public func hash(into hasher: inout Hasher) { hasher.combine(path) }
    public var description: String { path }
}
