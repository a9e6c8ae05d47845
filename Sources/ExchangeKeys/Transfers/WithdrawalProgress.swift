import Exchanges
import Scheduling
import TradingCore

/// How often one that is not final is asked about, and how one that was sent ends. Pure.
enum WithdrawalProgress {
    /// Networks are done within an hour nearly always; what takes longer is with people, and may take weeks.
    private static let pauses: [(younger: Int64, pause: Int64)] = [
        (Nanoseconds.seconds(3_600), 0), (Nanoseconds.perDay, Nanoseconds.seconds(600)),
        (surelyOver, Nanoseconds.seconds(3_600)),
    ]
    /// One that no exchange has ended by then is an operator's to look into.
    static let surelyOver = 30 * Nanoseconds.perDay

    /// Whether the exchange is to be asked now.
    static func isDue(_ withdrawal: Withdrawal, now: Timestamp) -> Bool {
        guard let last = withdrawal.followedAt else { return true }
        let age = now.nanoseconds(since: withdrawal.createdAt)
        guard let row = pauses.first(where: { age < $0.younger }) else { return false }
        return now.nanoseconds(since: last) >= row.pause
    }

    /// What the exchange's list says of it; nil when it says nothing new.
    static func step(_ withdrawal: Withdrawal, _ list: WithdrawalList) -> WithdrawalStep? {
        let own = list.rows.first { transfer in
            if let id = withdrawal.exchangeID { return transfer.id == id }
            return transfer.clientID != nil && transfer.clientID == withdrawal.clientID
                && !transfer.contradicts(withdrawal)
        }
        guard let own else { return nil }
        let step = WithdrawalStep(own)
        let isNew =
            step.status != withdrawal.status
            || step.transactionID != nil && step.transactionID != withdrawal.transactionID
        return isNew ? step : nil
    }
}
