import Exchanges
import Logging
import Persistence
import Scheduling
import TradingCore

/// What asking does not tell an operator may: a key that signed may be gone, two withdrawals may look alike.
extension ExchangeTransfers {
    public func resolve(_ id: Int64, _ verdict: WithdrawalVerdict) async throws(TransferError) -> Withdrawal {
        let faults = verdict.faults
        if !faults.isEmpty { throw .invalid(faults) }
        guard let stored = try await load({ try WithdrawalStore(transaction: $0).withdrawal(id) }) else {
            throw .unknownWithdrawal(id)
        }
        try Self.checkOpen(stored)
        let age = time.now().nanoseconds(since: stored.createdAt)
        guard age > WithdrawalFinding.surelyDead else {
            let minutes = (WithdrawalFinding.surelyDead - age) / Nanoseconds.seconds(60) + 1
            throw .notByHand(
                "withdrawal \(id): must be an hour old, as it may still be carried out. It is asked about by itself; come again in "
                    + "\(minutes) minutes")
        }
        let list = try await listed(stored, age, isInsisted: verdict.isInsisted)
        if let list {
            let asked = try await resolved(stored, list)
            guard asked.status == .unknown else { return try agreed(asked, verdict) }
        }
        return try await settled(stored, verdict, list)
    }

    public func verdicts(
        of withdrawalID: Int64?, before: Int64?, limit: Int
    ) async throws(TransferError) -> [StoredVerdict] {
        try await load {
            try WithdrawalVerdictStore(transaction: $0).verdicts(
                of: withdrawalID, before: before, limit: min(max(limit, 1), 500))
        }
    }

    /// The exchange is asked first; nil where nobody here can and somebody insists.
    private func listed(
        _ withdrawal: Withdrawal, _ age: Int64, isInsisted: Bool
    ) async throws(TransferError) -> WithdrawalList? {
        do throws(TransferError) { return try await listed(withdrawal) } catch {
            let (id, exchange) = (withdrawal.id, withdrawal.place.exchange)
            switch error {
            case .refused, .invalid: break
            // An exchange that is gone for good holds nothing up for ever.
            case .unreachable where age > WithdrawalFinding.surelyListed: break
            case .unreachable, .heldBack:
                throw .notByHand("withdrawal \(id): must be asked about first, and \(exchange) cannot be now: \(error)")
            default: throw error
            }
            guard isInsisted else {
                throw .notByHand(
                    "withdrawal \(id): must be asked about first, and nobody here can (\(error)): store a key of its account, or insist "
                        + "with force")
            }
            return nil
        }
    }

    private static func checkOpen(_ withdrawal: Withdrawal) throws(TransferError) {
        guard withdrawal.status == .unknown || withdrawal.status == .pending else {
            throw .notByHand(
                "withdrawal \(withdrawal.id): must be unknown to be settled by hand, and is \(withdrawal.status.rawValue)"
            )
        }
    }

    /// The exchange has told what became of it: the operator's word holds where it is the same.
    private func agreed(
        _ asked: Withdrawal, _ verdict: WithdrawalVerdict
    ) throws(TransferError) -> Withdrawal {
        let isSame =
            switch verdict.outcome {
            case .neverLeft: asked.status == .refused
            case .sent(let id): asked.exchangeID == id
            }
        guard isSame else {
            throw .notByHand(
                "withdrawal \(asked.id): must not be settled by hand any more, by what \(asked.place.exchange) lists it is "
                    + "\(asked.status.rawValue)\(asked.exchangeID.map { " as \($0)" } ?? "")")
        }
        return asked
    }

    private func settled(
        _ stored: Withdrawal, _ verdict: WithdrawalVerdict, _ list: WithdrawalList?
    ) async throws(TransferError) -> Withdrawal {
        let now = time.now()
        let settled = try await write { transaction in
            let store = WithdrawalStore(transaction: transaction)
            guard let open = try store.withdrawal(stored.id) else { throw TransferError.unknownWithdrawal(stored.id) }
            try Self.checkOpen(open)
            let step = try Self.step(open, verdict, list, try store.claims(beside: open, now: now))
            guard try store.move(open.id, from: open.status, step, isFound: true, now: now) else {
                throw TransferError.notByHand("withdrawal \(open.id): must be unknown to be settled by hand")
            }
            try WithdrawalVerdictStore(transaction: transaction).note(verdict, on: open, now: now)
            return try store.withdrawal(open.id) ?? open
        }
        logger.notice(
            "withdrawal \(stored.id) is settled by hand",
            metadata: ["status": "\(settled.status.rawValue)", "note": "\(verdict.note)"])
        return settled
    }

    /// Where an operator's word takes it, as far as nothing that is known speaks against it.
    private static func step(
        _ open: Withdrawal, _ verdict: WithdrawalVerdict, _ list: WithdrawalList?, _ claims: WithdrawalClaims
    ) throws(TransferError) -> WithdrawalStep {
        switch verdict.outcome {
        case .neverLeft:
            let like = list?.rows.first { $0.isWhat(open) && !claims.isTaken($0) }
            if let like, !verdict.isInsisted {
                throw .notByHand(
                    "withdrawal \(open.id): must not be said to have never left while \(open.place.exchange) lists "
                        + "\(like.id ?? "one without an id") like it, which no other is known to be: settle first the one that it is, "
                        + "or insist with force")
            }
            return WithdrawalStep(.refused, reason: "it never left, an operator says: \(verdict.note)")
        case .sent(let id):
            guard !claims.taken.contains(id) else {
                throw .notByHand("exchangeId \(id): must be of no other stored withdrawal, and is already")
            }
            if let row = list?.rows.first(where: { $0.id == id }) { return try step(open, row) }
            if let list, list.isWhole, list.isOfSigner(of: open) {
                throw .invalid(["exchangeId \(id): must be of a withdrawal that \(open.place.exchange) lists"])
            }
            return WithdrawalStep(.sent, exchangeID: id)
        }
    }

    private static func step(_ open: Withdrawal, _ row: ExchangeTransfer) throws(TransferError) -> WithdrawalStep {
        let isNamed = row.clientID == nil || row.clientID == open.clientID
        guard isNamed, !row.contradicts(open) else {
            throw .invalid([
                "exchangeId \(row.id ?? ""): must be of a withdrawal of \(open.amount) \(open.place.asset) to \(open.address), and is "
                    + "of \(row.amount.map { "\($0)" } ?? "an amount that is not told") to "
                    + "\(row.addressTo ?? row.address ?? "an address that is not told")"
            ])
        }
        return WithdrawalStep(row)
    }
}
