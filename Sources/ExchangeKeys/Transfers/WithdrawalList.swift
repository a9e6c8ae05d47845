import Exchanges

/// An account's withdrawals of an asset as the exchange lists them, each once.
struct WithdrawalList: Equatable, Sendable {
    private(set) var rows: [ExchangeTransfer] = []
    private var known: Set<String> = []
    /// Nothing that the exchange may have listed is missing.
    var isWhole = true
    /// The key that it was asked with.
    var keyID: Int64?

    init() {}

    init(_ rows: [ExchangeTransfer], isWhole: Bool = true, keyID: Int64? = nil) {
        add(rows)
        self.isWhole = isWhole
        self.keyID = keyID
    }

    /// Those that are there already come to nothing.
    mutating func add(_ more: [ExchangeTransfer]) {
        for row in more where row.id.map({ known.insert($0).inserted }) ?? true { rows.append(row) }
    }
}
