import Exchanges
public import TradingCore

/// A key as an operator brings it, its secrets sealed by the client.
public struct NewExchangeKey: Hashable, Sendable {
    public var exchange: ExchangeID
    /// Nil: the first of an exchange is `default`, the next `account2` (D25, H46).
    public var label: String?
    public var purpose: ExchangeKey.Purpose
    public var name: String
    public var apiKey: String
    public var sealed: SealedSecrets
    public var connection: KeyConnection
    public var mayWithdraw: Bool

    public init(
        exchange: ExchangeID, label: String? = nil, purpose: ExchangeKey.Purpose = .trade, name: String,
        apiKey: String, sealed: SealedSecrets, connection: KeyConnection = KeyConnection(), mayWithdraw: Bool = false
    ) {
        self.exchange = exchange
        self.label = label
        self.purpose = purpose
        self.name = name
        self.apiKey = apiKey
        self.sealed = sealed
        self.connection = connection
        self.mayWithdraw = mayWithdraw
    }

    /// One line per fault: field, value and rule. Never a secret.
    var faults: [String] {
        var faults: [String] = []
        if let label, !AccountLabel.isValid(label) {
            faults.append("exchange_index \(AccountLabel.shown(label)): must be \(AccountLabel.rule)")
        }
        if !Self.isPlain(name, 1...128) {
            faults.append("name: must be a text of 1 to 128 characters without control characters")
        }
        // It becomes a header or part of an address.
        if apiKey.utf8.isEmpty || apiKey.utf8.count > 512 || !apiKey.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) {
            faults.append("api_key: must be 1 to 512 printable ASCII characters without spaces")
        }
        if let seconds = connection.deadMansSwitchSeconds, !(1...86_400).contains(seconds) {
            faults.append("dead_mans_switch \(seconds): must be 1 to 86400 seconds")
        }
        if !(1...60_000).contains(connection.receiveWindow) {
            faults.append("receive_window \(connection.receiveWindow): must be 1 to 60000 milliseconds")
        }
        if purpose == .withdraw, connection.deadMansSwitchSeconds != nil {
            faults.append("dead_mans_switch: must be left out for a withdrawal key, it places no orders")
        }
        return faults
    }

    private static func isPlain(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.count) && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    }
}

/// What an account of an exchange is called.
enum AccountLabel {
    static let rule = "1 to 64 letters, digits, dots, dashes and underscores"

    /// It is part of names such as `binance/default` and `binance:default`.
    static func isValid(_ label: String) -> Bool {
        (1...64).contains(label.utf8.count)
            && label.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
                    || byte == 46 || byte == 95
            }
    }

    /// The first of an exchange is `default`, the next `account2`, `account3`, …
    static func next(after taken: Set<String>) -> String {
        if !taken.contains(ExchangeAccountSettings.defaultLabel) { return ExchangeAccountSettings.defaultLabel }
        var number = 2
        while taken.contains("account\(number)") { number += 1 }
        return "account\(number)"
    }

    static func shown(_ label: String) -> String { "\"\(label.prefix(64))\"" }
}
