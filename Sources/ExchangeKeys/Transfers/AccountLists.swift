import Exchanges
import TradingCore

/// An account's lists of withdrawals, asked for with one of its keys after another until the exchange lets one see them: keys come and
/// go, and whoever sent a withdrawal may be gone.
struct AccountLists {
    typealias Key = (key: ExchangeKey, settings: ExchangeAccountSettings)

    /// What some withdrawals were told by, and those that nobody could tell of.
    struct Answer {
        var told: [(withdrawals: [Withdrawal], list: WithdrawalList)] = []
        var untold: [Withdrawal] = []
        /// Why they could not be asked about.
        var why: TransferError
    }

    /// The best first.
    private let keys: [Key]
    private let account: String
    private let make: (Key) throws(TransferError) -> TransferCalls
    private var calls: [Int64: TransferCalls] = [:]

    /// - Parameter account: what it is called, for people.
    init(_ keys: [Key], of account: String, make: @escaping (Key) throws(TransferError) -> TransferCalls) {
        self.keys = keys
        self.account = account
        self.make = make
    }

    /// Lists of the asset that some withdrawals of the account are of: one, unless its keys are of several accounts at the exchange.
    mutating func lists(of open: [Withdrawal]) async -> Answer {
        var answer = Answer(
            untold: open, why: .refused("\(account) has no key that it can be followed with: store one"))
        var isRefused = false
        for key in keys {
            let its = answer.untold.filter { key.key.mayList($0) }
            guard let first = its.first else { continue }
            do throws(TransferError) {
                let list = try await calls(key).withdrawals(first.place.asset, since: ExchangeTransfers.since(its))
                answer.told.append((its, list))
                answer.untold.removeAll { key.key.mayList($0) }
            } catch {
                // What is about the key may go well with the next one; what is about the exchange will not.
                guard error.isAboutTheKey else {
                    answer.why = error
                    return answer
                }
                // Of several the word on the best of them.
                if !isRefused { (isRefused, answer.why) = (true, error) }
            }
        }
        return answer
    }

    private mutating func calls(_ key: Key) async throws(TransferError) -> TransferCalls {
        if let made = calls[key.key.id] { return made }
        var new = try make(key)
        (new.keyID, new.accountID) = (key.key.id, key.key.permissions.accountID)
        _ = try await new.currencies()
        calls[key.key.id] = new
        return new
    }
}

extension TransferError {
    fileprivate var isAboutTheKey: Bool {
        switch self {
        case .refused, .invalid: true
        default: false
        }
    }
}
