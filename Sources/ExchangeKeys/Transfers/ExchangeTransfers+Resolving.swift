import Exchanges
import Logging
import Networking
import Persistence
import Scheduling
import TradingCore

/// What became of one that was asked for before: looked up and asked about, never sent again.
extension ExchangeTransfers {
    /// Never sent again: where nobody knows what became of it, the exchange is asked.
    func again(_ earlier: Withdrawal, _ order: WithdrawalOrder) async throws(TransferError) -> Withdrawal {
        guard try await isSame(earlier, order) else {
            throw .invalid(["requestId \(earlier.requestID): must be a new one, another withdrawal was made with it"])
        }
        let isAbandoned =
            earlier.status == .pending && time.now().nanoseconds(since: earlier.createdAt) > Self.abandoned
        guard earlier.status == .unknown || isAbandoned else { return earlier }
        // What an exchange says of being asked is no word on the withdrawal: it stays what it is.
        let list: WithdrawalList
        do throws(TransferError) { list = try await listed(earlier) } catch {
            if case .storageUnavailable = error { throw error }
            logger.warning("withdrawal \(earlier.id) cannot be asked about: \(error)")
            return earlier
        }
        return try await resolved(earlier, list)
    }

    /// A network by another of its names is the same, and so is another key of the same account. A key that is gone is known by what it
    /// sent.
    private func isSame(_ earlier: Withdrawal, _ order: WithdrawalOrder) async throws(TransferError) -> Bool {
        let found: (ExchangeKey, ExchangeAccountSettings?)?
        do { found = try await keyring.account(order.place.keyID) } catch { throw .storageUnavailable("\(error)") }
        guard found != nil || earlier.place.keyID == order.place.keyID else { throw .unknownKey(order.place.keyID) }
        let label = found?.0.label ?? earlier.label
        if earlier.isSame(as: order, label) { return true }
        var named = order
        named.place.network = earlier.place.network
        guard earlier.isSame(as: named, label), let settings = found?.1 else { return false }
        let listed: [ExchangeNetwork]
        do throws(TransferError) {
            var calls = try TransferCalls(settings, manners: manners, time: time, send: send)
            listed = try await calls.currencies().first { $0.asset == order.place.asset }?.networks ?? []
        } catch {
            throw .unreachable(
                "request \(earlier.requestID) was made on \(earlier.place.network); whether \(order.place.network.prefix(80)) is "
                    + "another name of it cannot be told now: \(error)")
        }
        let wanted = order.place.network.uppercased()
        let meant = listed.filter { network in
            [network.code, network.id, network.name ?? ""].contains { $0.uppercased() == wanted }
        }
        return meant.count == 1 && meant[0].code.uppercased() == earlier.place.network.uppercased()
    }

    /// The list of whichever key of its account the exchange lets see it.
    func listed(_ withdrawal: Withdrawal) async throws(TransferError) -> WithdrawalList {
        // Of one that is years old there may be many windows: whoever asks waits no longer for it than a round does.
        let deadline = time.now().advanced(byNanoseconds: Self.patience)
        var lists = try await lists(withdrawal.place.exchange, withdrawal.label, until: deadline)
        let answer = await lists.lists(of: [withdrawal])
        guard let list = answer.told.first?.list else { throw answer.why }
        return list
    }

    /// By what the exchange lists. What a row may belong to otherwise is read, and the row given away, in one transaction: no other
    /// withdrawal comes to its own id in between.
    func resolved(_ earlier: Withdrawal, _ listed: WithdrawalList) async throws(TransferError) -> Withdrawal {
        let now = time.now()
        let (finding, step, isMoved, fresh) = try await write { transaction in
            let store = WithdrawalStore(transaction: transaction)
            let claims = try store.claims(beside: earlier, now: now)
            let finding = WithdrawalFinding(earlier, listed, claims, now: listed.askedAt ?? now)
            let step = finding.step(of: earlier)
            var isMoved = false
            if let step { isMoved = try store.move(earlier.id, from: earlier.status, step, isFound: true, now: now) }
            return (finding, step, isMoved, try store.withdrawal(earlier.id) ?? earlier)
        }
        if isMoved, step != nil { tell(finding, earlier) }
        return fresh
    }

    private func tell(_ finding: WithdrawalFinding, _ withdrawal: Withdrawal) {
        switch finding {
        case .neverLeft:
            logger.error("withdrawal \(withdrawal.id) never left: the exchange lists none, and no longer can one come")
        case .doubtful(let why): logger.error("what became of withdrawal \(withdrawal.id) is \(why)")
        case .found, .open: break
        }
    }

    /// Before the first of them was stored, in milliseconds: clocks differ, and one that is not on the list for its clock would be taken
    /// for one that never left. A day, for what is older than ours is told apart by name, time and id anyway.
    static let clocksApart: Int64 = 86_400_000

    static func since(_ withdrawals: [Withdrawal]) -> Int64 {
        (withdrawals.map(\.createdAt).min() ?? .distantPast).milliseconds - clocksApart
    }
}

extension Withdrawal {
    /// Keys come and go; the account stays.
    fileprivate func isSame(as order: WithdrawalOrder, _ label: String) -> Bool {
        place.exchange == order.place.exchange && self.label == label && place.asset == order.place.asset
            && amount == order.amount && place.network.uppercased() == order.place.network.uppercased()
            && address == order.address && tag == order.tag
    }

    /// Why nobody but an operator can say what became of it.
    func doubt(now: Timestamp) -> String? {
        guard status == .unknown else { return nil }
        if let reason, reason.hasPrefix(WithdrawalFinding.doubt) { return reason }
        guard now.nanoseconds(since: createdAt) > WithdrawalFinding.surelyDead else { return nil }
        return "no list says what became of it, an hour after it was asked for. An operator has to say"
    }
}
