import ExchangeKeys
import Exchanges
import Synchronization
import TradingCore

/// Transfers that end as a test says.
final class PlayedTransfers: ExchangeTransferDesk {
    private struct State {
        var error: TransferError?
        var status = Withdrawal.Status.sent
        var orders: [WithdrawalOrder] = []
        var places: [TransferPlace] = []
        var verdicts: [WithdrawalVerdict] = []
    }

    private let state = Mutex(State())
    var orders: [WithdrawalOrder] { state.withLock { $0.orders } }
    var places: [TransferPlace] { state.withLock { $0.places } }

    var verdicts: [WithdrawalVerdict] { state.withLock { $0.verdicts } }

    func fail(_ error: TransferError?) { state.withLock { $0.error = error } }
    func end(_ status: Withdrawal.Status) { state.withLock { $0.status = status } }

    func depositAddress(_ place: TransferPlace) async throws(TransferError) -> DepositAddress {
        let error = state.withLock { state in
            state.places.append(place)
            return state.error
        }
        if let error { throw error }
        return DepositAddress(asset: place.asset, network: place.network, address: "TAbc", tag: nil)
    }

    func withdrawals(
        _ status: Withdrawal.Status?, before: Int64?, limit: Int
    ) async throws(TransferError) -> [Withdrawal] {
        let (error, orders) = state.withLock { ($0.error, $0.orders) }
        if let error { throw error }
        let all = orders.enumerated().reversed().map { index, order in
            Withdrawal(
                id: Int64(index + 1), requestID: order.requestID ?? "made", place: order.place, label: "default",
                address: order.address, tag: order.tag, amount: order.amount, status: .sent,
                createdAt: Timestamp(nanoseconds: 0))
        }
        return Array(
            all.filter { (status ?? $0.status) == $0.status && $0.id < before ?? .max }.prefix(limit))
    }

    func withdraw(_ order: WithdrawalOrder) async throws(TransferError) -> Withdrawal {
        let (error, status) = state.withLock { state in
            state.orders.append(order)
            return (state.error, state.status)
        }
        if let error { throw error }
        return Withdrawal(
            id: 1, requestID: order.requestID ?? "made", place: order.place, label: "default", address: order.address,
            tag: order.tag, amount: order.amount, status: status, exchangeID: status == .sent ? "W1" : nil,
            reason: status == .sent ? nil : "why", createdAt: Timestamp(nanoseconds: 0))
    }

    /// Those that were taken, of withdrawals 1, 2 and so on.
    func verdicts(
        of withdrawalID: Int64?, before: Int64?, limit: Int
    ) async throws(TransferError) -> [StoredVerdict] {
        let (error, verdicts) = state.withLock { ($0.error, $0.verdicts) }
        if let error { throw error }
        let all = verdicts.enumerated().reversed().map { index, verdict in
            StoredVerdict(
                id: Int64(index + 1), withdrawalID: Int64(index + 1), verdict: verdict, reasonBefore: nil,
                saidAt: Timestamp(nanoseconds: 0))
        }
        return Array(
            all.filter { (withdrawalID ?? $0.withdrawalID) == $0.withdrawalID && $0.id < before ?? .max }.prefix(limit))
    }

    func resolve(_ id: Int64, _ verdict: WithdrawalVerdict) async throws(TransferError) -> Withdrawal {
        let (error, order) = state.withLock { state in
            state.verdicts.append(verdict)
            return (state.error, state.orders.first)
        }
        if let error { throw error }
        guard let order else { throw .unknownWithdrawal(id) }
        return Withdrawal(
            id: id, requestID: "made", place: order.place, label: "default", address: order.address, tag: order.tag,
            amount: order.amount, status: .refused, reason: verdict.note, createdAt: Timestamp(nanoseconds: 0))
    }
}
