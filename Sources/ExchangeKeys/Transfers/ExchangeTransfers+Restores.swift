import Exchanges
import Networking
import Persistence
import Scheduling
import TradingCore

/// What a restore from a backup may have made us forget is looked for at the exchange before it is sent again.
extension ExchangeTransfers {
    /// - Returns: the exchange's own row of this very request, told by its name; nil where it was surely never sent.
    /// - Throws: ``TransferError/repeated(_:)`` where one like it was carried out that nothing here claims, unless somebody insists.
    func lost(
        _ order: WithdrawalOrder, requestID: String, _ calls: TransferCalls
    ) async throws(TransferError) -> ExchangeTransfer? {
        guard let lost = try await lostTime() else { return nil }
        var calls = calls
        calls.deadline = time.now().advanced(byNanoseconds: Self.patience)
        let list = try await calls.withdrawals(
            order.place.asset, since: lost.since.milliseconds - Self.clocksApart)
        let name = Self.clientID(of: requestID)
        if let own = list.rows.first(where: { $0.clientID == name }) {
            guard !own.contradicts(order) else {
                throw .invalid(["requestId \(requestID): must be a new one, another withdrawal was made with it"])
            }
            return own
        }
        guard !order.isRepeatAllowed else { return nil }
        let taken = try await load {
            try WithdrawalStore(transaction: $0).exchangeIDs(of: order.place.exchange, since: .distantPast)
        }
        let end = lost.until.milliseconds + Self.clocksApart
        let like = list.rows.first { row in
            // However the exchange writes addresses and amounts: who pays twice cannot take it back.
            !row.contradicts(order) && row.status != .failed && row.status != .cancelled && (row.createdAt ?? 0) <= end
                && !(row.id.map(taken.contains) ?? false)
        }
        if let like { throw .repeated(Self.rule(order) + Self.words(like, order)) }
        guard list.isWhole else {
            throw .repeated(
                Self.rule(order)
                    + "and \(order.place.exchange) does not list everything since: it may have been sent before")
        }
        return nil
    }

    private func lostTime() async throws(TransferError) -> LostTime? {
        let now = time.now()
        let (isBehind, lost) = try await load { transaction in
            let restores = WithdrawalRestores(transaction: transaction)
            return (try restores.isBehind(), try restores.current(now: now))
        }
        guard isBehind else { return lost }
        return try await write { transaction in
            let restores = WithdrawalRestores(transaction: transaction)
            try restores.note(now: now)
            return try restores.current(now: now)
        }
    }

    private static func rule(_ order: WithdrawalOrder) -> String {
        "allowRepeat: must be true to send this, as the database was restored from a backup "
    }

    private static func words(_ row: ExchangeTransfer, _ order: WithdrawalOrder) -> String {
        let made = row.createdAt.map { ", made at \($0) (milliseconds since 1970)" } ?? ""
        return "and \(order.place.exchange) lists withdrawal \(row.id ?? "without an id") of \(order.amount) "
            + "\(order.place.asset) to \(order.address)\(made), which no stored request claims"
    }
}
