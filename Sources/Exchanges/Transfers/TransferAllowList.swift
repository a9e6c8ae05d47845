public import TradingCore

/// On which networks the operator lets assets travel, exchange by exchange: `binance:USDT:TRC20, okx:BTC:BTC`. What is not on it
/// does not travel (H25).
public struct TransferAllowList: Hashable, Sendable {
    private var networks: [Place: Set<String>] = [:]

    private struct Place: Hashable, Sendable {
        var exchange: ExchangeID
        var asset: AssetID
    }

    public static let nothing = TransferAllowList()

    private init() {}

    /// - Throws: the first entry that is none, and the rule.
    public init(_ text: String) throws(TransferRefusal) {
        for entry in text.split(separator: ",") {
            let word = entry.trimmingSpaces
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isPlain) }) else {
                throw TransferRefusal("TRANSFER_NETWORKS", String(word.prefix(80)), "exchange:ASSET:NETWORK")
            }
            let place = Place(
                exchange: ExchangeID(rawValue: parts[0].lowercased()), asset: AssetID(parts[1].uppercased()))
            networks[place, default: []].insert(parts[2].uppercased())
        }
    }

    /// By their common names; empty: none.
    public func networks(_ exchange: ExchangeID, _ asset: AssetID) -> [String] {
        (networks[Place(exchange: exchange, asset: asset)] ?? []).sorted()
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "._- ".contains(character))
    }
}

/// Why something about a transfer is not taken: field, value and rule.
public struct TransferRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ field: String, _ value: String, _ rule: String) {
        description = "\(field) \(value): must be \(rule)"
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        drop { $0.isWhitespace }.reversedTrimmed
    }

    private var reversedTrimmed: Substring {
        var rest = self
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
