import Exchanges
import Logging
import Networking
import Persistence
import Scheduling
import TradingCore

/// What became of withdrawals that nobody answered, and how those that were sent ended: asked of the exchange, never sent again.
extension ExchangeTransfers {
    /// Asks about every withdrawal of which nobody knows what became, or how it ended, with whichever key of its account is there.
    /// - Returns: what could not be asked, in words.
    public func follow() async -> [String] {
        let now = time.now()
        let (before, recent) = (
            now.advanced(byNanoseconds: -Self.abandoned), now.advanced(byNanoseconds: -WithdrawalProgress.surelyOver)
        )
        let open: [Withdrawal]
        do throws(TransferError) {
            open = try await load { transaction in
                let store = WithdrawalStore(transaction: transaction)
                return try store.unresolved(abandonedBefore: before)
                    + store.underWay(createdAfter: recent).filter { WithdrawalProgress.isDue($0, now: now) }
            }
        } catch { return ["\(error)"] }
        var faults: [String] = []
        for withdrawal in open {
            do throws(TransferError) {
                // Whatever may travel today: what has left is to be found.
                let settings = try await follower(withdrawal.place.exchange, withdrawal.label)
                let isSent = withdrawal.status == .sent
                let resolved =
                    isSent ? try await advanced(withdrawal, settings) : try await resolved(withdrawal, settings)
                if resolved.status != withdrawal.status { tell(resolved) }
            } catch { faults.append("withdrawal \(withdrawal.id): \(error)") }
        }
        return faults
    }

    /// Keys come and go: the account's present one, a key for withdrawals before one that trades.
    private func follower(
        _ exchange: ExchangeID, _ label: String
    ) async throws(TransferError) -> ExchangeAccountSettings {
        let found: [ExchangeAccountSettings]
        do { found = try await keyring.followers(exchange, label) } catch { throw .storageUnavailable("\(error)") }
        guard let settings = found.first else {
            throw .refused("\(exchange)/\(label) has no key that it can be followed with: store one")
        }
        return settings
    }

    /// Asks how one that was sent goes on.
    private func advanced(
        _ withdrawal: Withdrawal, _ settings: ExchangeAccountSettings
    ) async throws(TransferError) -> Withdrawal {
        let (listed, now) = (try await listed(withdrawal, settings), time.now())
        try await write { try WithdrawalStore(transaction: $0).followed(withdrawal.id, now: now) }
        guard let step = WithdrawalProgress.step(withdrawal, listed) else { return withdrawal }
        return try await settled(withdrawal, step)
    }

    private func tell(_ withdrawal: Withdrawal) {
        let text: Logger.Message = "withdrawal \(withdrawal.id) is \(withdrawal.status.rawValue)"
        if [.failed, .cancelled].contains(withdrawal.status) { logger.error(text) } else { logger.notice(text) }
    }
}
