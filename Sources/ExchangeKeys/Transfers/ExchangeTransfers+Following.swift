import Exchanges
import Logging
import Networking
import Persistence
import Scheduling
import TradingCore

/// What became of withdrawals that nobody answered, and how those that were sent ended: asked of the exchange, never sent again.
extension ExchangeTransfers {
    /// For one exchange in one round; shorter than the pause between two.
    static let patience = Nanoseconds.seconds(45)

    /// Asks about every withdrawal of which nobody knows what became, or how it ended, with whichever key of its account is there.
    /// Exchanges are asked side by side, each for a while at most; one list for each account and asset, as lists weigh much.
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
                return try (store.unresolved(abandonedBefore: before) + store.underWay(createdAfter: recent)).filter {
                    WithdrawalProgress.isDue($0, now: now)
                }
            }
        } catch { return ["\(error)"] }
        let deadline = now.advanced(byNanoseconds: Self.patience)
        return await withTaskGroup(of: [String].self) { group in
            for exchange in Self.groups(open, by: { "\($0.place.exchange)" }) {
                group.addTask { await self.follow(exchange, until: deadline) }
            }
            var faults: [String] = []
            for await more in group { faults += more }
            return faults.sorted()
        }
    }

    /// One exchange's, account by account.
    private func follow(_ open: [Withdrawal], until deadline: Timestamp) async -> [String] {
        var faults: [String] = []
        for account in Self.groups(open, by: \.label) {
            do throws(TransferError) {
                var lists = try await lists(account[0].place.exchange, account[0].label, until: deadline)
                for asset in Self.groups(account, by: { "\($0.place.asset)" }) {
                    let answer = await lists.lists(of: asset)
                    faults += answer.untold.map { "withdrawal \($0.id): \(answer.why)" }
                    for (withdrawals, list) in answer.told { faults += await follow(withdrawals, list) }
                }
            } catch { faults += account.map { "withdrawal \($0.id): \(error)" } }
        }
        return faults
    }

    /// Some of an account and asset, by its list.
    private func follow(_ open: [Withdrawal], _ listed: WithdrawalList) async -> [String] {
        var faults: [String] = []
        for withdrawal in open {
            do throws(TransferError) {
                let now = time.now()
                try await write { try WithdrawalStore(transaction: $0).followed(withdrawal.id, now: now) }
                let isSent = withdrawal.status == .sent
                let followed =
                    isSent ? try await advanced(withdrawal, listed) : try await resolved(withdrawal, listed)
                if followed.status != withdrawal.status { tell(followed) }
                if let doubt = followed.doubt(now: now) { faults.append("withdrawal \(withdrawal.id): \(doubt)") }
            } catch { faults.append("withdrawal \(withdrawal.id): \(error)") }
        }
        return faults
    }

    private func advanced(
        _ withdrawal: Withdrawal, _ listed: WithdrawalList
    ) async throws(TransferError) -> Withdrawal {
        guard let step = WithdrawalProgress.step(withdrawal, listed) else { return withdrawal }
        return try await settled(withdrawal, step)
    }

    /// Keys come and go: the account's present ones, a key for withdrawals before one that trades.
    func lists(
        _ exchange: ExchangeID, _ label: String, until deadline: Timestamp
    ) async throws(TransferError) -> AccountLists {
        let keys: [AccountLists.Key]
        do { keys = try await keyring.followers(exchange, label) } catch { throw .storageUnavailable("\(error)") }
        return AccountLists(keys, of: "\(exchange)/\(label)") { [manners, time, send] key throws(TransferError) in
            try TransferCalls(key.settings, manners: manners, time: time, until: deadline, send: send)
        }
    }

    /// Those that were asked about longest ago first: where the time does not last for all, it is the others' turn next.
    private static func groups(_ open: [Withdrawal], by key: (Withdrawal) -> String) -> [[Withdrawal]] {
        Dictionary(grouping: open, by: key).sorted { left, right in
            let (first, second) = (oldest(left.value), oldest(right.value))
            return first == second ? left.key < right.key : first < second
        }.map(\.value)
    }

    private static func oldest(_ open: [Withdrawal]) -> Timestamp {
        open.map { $0.followedAt ?? .distantPast }.min() ?? .distantPast
    }

    private func tell(_ withdrawal: Withdrawal) {
        let text: Logger.Message = "withdrawal \(withdrawal.id) is \(withdrawal.status.rawValue)"
        if [.failed, .cancelled].contains(withdrawal.status) { logger.error(text) } else { logger.notice(text) }
    }
}
