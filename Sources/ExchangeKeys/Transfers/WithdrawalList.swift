import Exchanges
import TradingCore

/// An account's withdrawals of an asset as the exchange lists them, each once.
struct WithdrawalList: Equatable, Sendable {
    private(set) var rows: [ExchangeTransfer] = []
    private var known: Set<String> = []
    /// Nothing that the exchange may have listed is missing.
    var isWhole = true
    /// The key that it was asked with.
    var keyID: Int64?
    /// The account at the exchange that the key is of, where the exchange tells.
    var accountID: String?
    /// When it was asked for; what came later it may not hold.
    var askedAt: Timestamp?

    init() {}

    init(_ rows: [ExchangeTransfer], isWhole: Bool = true, keyID: Int64? = nil, accountID: String? = nil) {
        add(rows)
        self.isWhole = isWhole
        self.keyID = keyID
        self.accountID = accountID
    }

    /// Those that are there already come to nothing.
    mutating func add(_ more: [ExchangeTransfer]) {
        for row in more where row.id.map({ known.insert($0).inserted }) ?? true { rows.append(row) }
    }

    /// Whether it is surely the list of the account that a withdrawal was taken from.
    func isOfSigner(of withdrawal: Withdrawal) -> Bool {
        keyID == withdrawal.place.keyID || accountID != nil && accountID == withdrawal.accountID
    }
}
