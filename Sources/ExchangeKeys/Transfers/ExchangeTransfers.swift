import CSodium
public import Exchanges
public import Logging
public import Networking
public import Persistence
public import Scheduling
import TradingCore

/// Transfers over the stored keys: opened when they are used (D27), found by their id (D26), asked of the exchange itself.
public struct ExchangeTransfers: ExchangeTransferDesk {
    let keyring: ExchangeKeyring
    private let database: any SQLDatabase
    private let allowed: TransferAllowList
    let time: any TimeSource
    let manners: MannersBook
    private let makeID: @Sendable () -> String
    let logger: Logger
    let send: ExchangeClient.Send

    /// Within so long the same withdrawal without a request id is taken for the same.
    static let repetition = Nanoseconds.seconds(600)
    /// A stored intent that is older than this, and says nothing more, was left by a process that died.
    static let abandoned = Nanoseconds.seconds(60)

    /// - Parameters:
    ///   - manners: what trading with the same exchanges counts in.
    ///   - makeID: names for withdrawals, and for requests whose caller gave none; no two alike.
    public init(
        keyring: ExchangeKeyring, database: any SQLDatabase, allowed: TransferAllowList, time: any TimeSource,
        logger: Logger, manners: MannersBook = MannersBook(), makeID: @escaping @Sendable () -> String,
        send: @escaping ExchangeClient.Send
    ) {
        self.keyring = keyring
        self.database = database
        self.allowed = allowed
        self.time = time
        self.logger = logger
        self.makeID = makeID
        self.manners = manners
        self.send = send
    }

    public func depositAddress(_ place: TransferPlace) async throws(TransferError) -> DepositAddress {
        let (_, settings) = try await account(place)
        let (route, calls) = try await route(place, .deposit, settings)
        let address = try await calls.depositAddress(route)
        guard address.asset ?? place.asset == place.asset else {
            throw .contradicted(
                "\(place.exchange) answered with an address of \(shown(address.asset?.rawValue, settings)), not of "
                    + "\(place.asset): it must not be used")
        }
        guard route.isOf(address), !address.address.isEmpty else {
            throw .contradicted(
                "\(place.exchange) answered with an address on \(shown(address.network, settings)), not on "
                    + "\(route.network.code): it must not be used")
        }
        var told = address
        told.network = route.network.code
        return told
    }

    private func shown(_ word: String?, _ settings: ExchangeAccountSettings) -> String {
        word.map { settings.credentials.hidden(in: $0) } ?? "none"
    }

    // MARK: - Withdrawing

    public func withdraw(_ order: WithdrawalOrder) async throws(TransferError) -> Withdrawal {
        let faults = order.faults
        if !faults.isEmpty { throw .invalid(faults) }
        // Before anything that may have changed since: what was asked for once is what it is.
        if let requestID = order.requestID,
            let earlier = try await load({ try WithdrawalStore(transaction: $0).withdrawal(requestID: requestID) })
        {
            return try await again(earlier, order)
        }
        let (key, settings) = try await account(order.place)
        guard key.purpose == .withdraw else {
            throw .invalid(["apiKeyId \(key.id): must be a key with purpose withdraw, not one that trades"])
        }
        let (route, calls) = try await route(order.place, .withdrawal, settings)
        do throws(TransferRefusal) { try route.check(amount: order.amount) } catch { throw .invalid(["\(error)"]) }
        var wanted = order
        wanted.place.network = route.network.code
        let requestID = order.requestID ?? makeID()
        let lost = try await lost(wanted, requestID: requestID, calls)
        let (stored, isNew) = try await stored(wanted, requestID: requestID, key.label, lost.map { WithdrawalStep($0) })
        guard isNew else { return try await again(stored, wanted) }
        return lost == nil ? try await sent(stored, route, calls) : stored
    }

    /// The intent, before anything leaves (H36).
    /// - Parameter known: what the exchange says of it, where it was sent before a restore: stored with it, or it would be looked for
    ///   where it is too old to be.
    private func stored(
        _ order: WithdrawalOrder, requestID id: String, _ label: String, _ known: WithdrawalStep?
    ) async throws(TransferError) -> (Withdrawal, isNew: Bool) {
        let now = time.now()
        let clientID = Self.clientID(of: id)
        let isNamed = order.requestID != nil
        return try await write { transaction in
            let store = WithdrawalStore(transaction: transaction)
            if let earlier = try store.withdrawal(requestID: id) { return (earlier, false) }
            // A key that was removed meanwhile leaves nobody who follows what it sends.
            guard let key = try ExchangeKeyStore(transaction: transaction).key(order.place.keyID) else {
                throw TransferError.unknownKey(order.place.keyID)
            }
            let since = now.advanced(byNanoseconds: -Self.repetition)
            if !isNamed, let same = try store.same(as: order, label, since: since) {
                throw TransferError.repeated(
                    "the same withdrawal was asked for as request \(same.requestID): name a requestId to make another")
            }
            let stored = try store.insert(
                order, requestID: id, clientID: clientID, label: label, accountID: key.permissions.accountID, now: now)
            guard let known else { return (stored, true) }
            _ = try store.move(stored.id, from: .pending, known, now: now)
            return (try store.withdrawal(stored.id) ?? stored, true)
        }
    }

    /// The same for the same request for ever, whatever was forgotten since: an exchange that keeps names apart refuses the second.
    /// 32 letters and digits: what every exchange that takes a name takes.
    static func clientID(of requestID: String) -> String {
        var digest = [UInt8](repeating: 0, count: 16)
        let bytes = Array("withdrawal:\(requestID)".utf8)
        crypto_generichash(&digest, digest.count, bytes, UInt64(bytes.count), nil, 0)
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func sent(
        _ withdrawal: Withdrawal, _ route: TransferRoute, _ calls: TransferCalls
    ) async throws(TransferError) -> Withdrawal {
        let request = WithdrawalRequest(
            asset: withdrawal.place.asset, amount: withdrawal.amount, address: withdrawal.address, tag: withdrawal.tag,
            network: route.network.code, fee: route.network.withdrawalFee, clientID: withdrawal.clientID)
        let outcome: Result<ExchangeTransfer, CallFailure>
        do throws(CallFailure) {
            outcome = .success(try await calls.withdraw(request) { await mayLeave(withdrawal) })
        } catch { outcome = .failure(error) }
        switch outcome {
        case .success(let transfer):
            return try await answered(withdrawal, WithdrawalStep(.sent, exchangeID: transfer.id))
        case .failure(.notCarriedOut(let failure)) where failure.isHeldBack:
            let isForgotten = try await write { try WithdrawalStore(transaction: $0).forget(withdrawal.id) }
            guard isForgotten else { return try await fresh(withdrawal) }
            throw TransferCalls.meaning(.notCarriedOut(failure))
        case .failure(.notCarriedOut(let failure)) where failure.tellsOfDuplicate:
            // This one was not taken, and yet it may have been paid: long ago, under the same name.
            let why = "\(WithdrawalFinding.nameTaken): \(failure)"
            logger.error("what became of withdrawal \(withdrawal.id) is \(why)")
            return try await settled(withdrawal, WithdrawalStep(.unknown, reason: why))
        case .failure(.notCarriedOut(let failure)):
            logger.error("withdrawal \(withdrawal.id) was refused: \(failure)")
            return try await answered(withdrawal, WithdrawalStep(.refused, reason: "\(failure)"))
        case .failure(.unknown(let failure, _, _)):
            logger.error("what became of withdrawal \(withdrawal.id) is unknown: \(failure)")
            return try await settled(withdrawal, WithdrawalStep(.unknown, reason: "\(failure)"))
        }
    }

    /// The last word before it leaves, after all waiting. It is one transaction with what a key's removal looks at, so that one of the two
    /// gives way: see ``KeyFollowers/checkNothingLeaves(_:now:)``.
    /// - Returns: why it must not; nil when it may.
    private func mayLeave(_ withdrawal: Withdrawal) async -> String? {
        let now = time.now()
        do throws(TransferError) {
            let may = try await write { try WithdrawalStore(transaction: $0).leave(withdrawal.id, now: now) }
            return may ? nil : "its key \(withdrawal.place.keyID) was removed, or it was given up, before it left"
        } catch { return "\(error)" }
    }

    /// By the exchange's own answer to it: one that came so late that it was taken for lost meanwhile, too.
    private func answered(_ withdrawal: Withdrawal, _ step: WithdrawalStep) async throws(TransferError) -> Withdrawal {
        var settled = try await settled(withdrawal, step)
        if settled.status == .unknown { settled = try await self.settled(settled, step) }
        if let id = step.exchangeID, settled.exchangeID != id {
            logger.critical(
                "withdrawal \(withdrawal.id) is \(id) by the exchange's answer, and \(settled.exchangeID ?? "none") here"
            )
        }
        return settled
    }

    func settled(_ withdrawal: Withdrawal, _ step: WithdrawalStep) async throws(TransferError) -> Withdrawal {
        let now = time.now()
        let isMoved = try await write { transaction in
            try WithdrawalStore(transaction: transaction).move(withdrawal.id, from: withdrawal.status, step, now: now)
        }
        guard isMoved else { return try await fresh(withdrawal) }
        var settled = withdrawal
        (settled.status, settled.reason) = (step.status, step.reason)
        settled.exchangeID = step.exchangeID ?? settled.exchangeID
        settled.transactionID = step.transactionID ?? settled.transactionID
        return settled
    }

    private func fresh(_ withdrawal: Withdrawal) async throws(TransferError) -> Withdrawal {
        let found = try await load { try WithdrawalStore(transaction: $0).withdrawal(withdrawal.id) }
        return found ?? withdrawal
    }

    public func withdrawals(
        _ status: Withdrawal.Status?, before: Int64?, limit: Int
    ) async throws(TransferError) -> [Withdrawal] {
        try await load {
            try WithdrawalStore(transaction: $0).withdrawals(status, before: before, limit: min(max(limit, 1), 500))
        }
    }

    // MARK: - What it takes

    private func account(_ place: TransferPlace) async throws(TransferError) -> (ExchangeKey, ExchangeAccountSettings) {
        guard NativeExchange(rawValue: place.exchange.rawValue) != nil else {
            let names = NativeExchange.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(["exchange \("\(place.exchange)".prefix(64)): must be one of \(names)"])
        }
        do throws(TransferRefusal) { try TransferRoute.allowed(place.exchange, place.asset, allowed) } catch {
            throw .invalid(["\(error)"])
        }
        return try await key(of: place)
    }

    private func key(of place: TransferPlace) async throws(TransferError) -> (ExchangeKey, ExchangeAccountSettings) {
        let found: (ExchangeKey, ExchangeAccountSettings?)?
        do { found = try await keyring.account(place.keyID) } catch { throw .storageUnavailable("\(error)") }
        guard let (key, settings) = found else { throw .unknownKey(place.keyID) }
        guard key.exchange == place.exchange else {
            throw .invalid(["exchange \(place.exchange): must be \(key.exchange), as of key \(key.id)"])
        }
        guard let settings else { throw .refused("the stored secret of key \(key.id) cannot be opened") }
        return (key, settings)
    }

    private func route(
        _ place: TransferPlace, _ direction: TransferRoute.Direction, _ settings: ExchangeAccountSettings
    ) async throws(TransferError) -> (TransferRoute, TransferCalls) {
        var calls = try TransferCalls(
            settings, manners: manners, time: time, purpose: direction == .withdrawal ? .withdrawal : .ordinary,
            send: send)
        let currencies = try await calls.currencies()
        do throws(TransferRefusal) {
            let route = try TransferRoute(
                place.exchange, place.asset, network: place.network, direction, allowed, currencies)
            return (route, calls)
        } catch { throw .invalid(["\(error)"]) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws(TransferError) -> Value {
        do { return try await database.write(body) } catch let error as TransferError { throw error } catch {
            throw .storageUnavailable("\(error)")
        }
    }

    func load<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws(TransferError) -> Value {
        do { return try await database.read(body) } catch { throw .storageUnavailable("\(error)") }
    }
}
