import Exchanges
import Logging
import Persistence
import Scheduling
import TradingCore

/// Asking about stored keys from time to time: a key that was revoked is known before an order fails, sessions that exchanges
/// end are kept alive, and one that was taken from the environment is put to work once its exchange has accepted it.
extension ExchangeKeyring {
    /// Between two questions about a key that was accepted.
    static let interval = Nanoseconds.seconds(300)
    /// The same for one that never was.
    static let impatience = Nanoseconds.seconds(30)

    /// Asks about every key whose time has come, all at once: a hung exchange keeps no other one waiting.
    /// - Returns: when to come again.
    func upkeep() async -> Timestamp {
        let now = time.now()
        guard let keys = try? await load({ try ExchangeKeyStore(transaction: $0).all() }) else {
            return now.advanced(byNanoseconds: Self.impatience)
        }
        let due = keys.filter { self.due($0) <= now }
        await withTaskGroup(of: Void.self) { group in
            for key in due { group.addTask { await self.ask(key) } }
        }
        if due.contains(where: { $0.checkedAt == nil }) { await reload() }
        let next = keys.map { self.due($0) }.min() ?? now.advanced(byNanoseconds: Self.interval)
        return max(next, now.advanced(byNanoseconds: Nanoseconds.perSecond))
    }

    private func due(_ key: ExchangeKey) -> Timestamp {
        guard let last = askedAt[key.id] ?? key.checkedAt else { return .distantPast }
        return last.advanced(byNanoseconds: key.checkedAt == nil ? Self.impatience : Self.interval)
    }

    /// Asks the exchange about one stored key, and stores what it says. Its word changes no account that trades: one whose key
    /// fails shows it, and is asked again.
    func ask(_ key: ExchangeKey) async {
        askedAt[key.id] = time.now()
        guard let settings = settings(key) else { return await note(key, "the stored secret cannot be opened") }
        guard validator.supports(key.exchange) else { return await note(key, "\(key.exchange) is not supported") }
        do throws(KeyRefusal) {
            let permissions = try await validator.permissions(of: settings)
            if key.checkedAt == nil, key.purpose == .trade, permissions.canWithdraw == true, !key.mayWithdraw {
                return await note(key, "\(ExchangeKeyError.canWithdraw(exchange: "\(key.exchange)"))")
            }
            let now = time.now()
            _ = try? await store { try ExchangeKeyStore(transaction: $0).accepted(key.id, permissions, now: now) }
            var asked = key
            (asked.permissions, asked.checkedAt) = (permissions, now)
            if key.purpose == .trade { holder.keyIsGood(key.exchange, key.label) }
            if let fault = asked.permissionFault {
                logger.warning("exchange key \(key.id) (\(key.accountName)) \(fault)")
            }
        } catch {
            switch error {
            case .refused(let cause, let causes): await note(key, cause, causes)
            case .settings(let cause): await note(key, cause)
            case .unreachable(let cause): await note(key, "not reached: \(cause)")
            }
        }
    }

    private func note(_ key: ExchangeKey, _ fault: String, _ causes: [KeyCause] = []) async {
        logger.warning("exchange key \(key.id) (\(key.accountName)): \(fault)")
        let now = time.now()
        _ = try? await store { try ExchangeKeyStore(transaction: $0).failed(key.id, fault, causes, now: now) }
    }
}
