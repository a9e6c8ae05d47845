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
        let (key, settings) = try await account(order.place)
        guard key.purpose == .withdraw else {
            throw .invalid(["apiKeyId \(key.id): must be a key with purpose withdraw, not one that trades"])
        }
        if let requestID = order.requestID,
            let earlier = try await load({ try WithdrawalStore(transaction: $0).withdrawal(requestID: requestID) })
        {
            return try await again(earlier, order, key.label, settings)
        }
        let (route, calls) = try await route(order.place, .withdrawal, settings)
        do throws(TransferRefusal) { try route.check(amount: order.amount) } catch { throw .invalid(["\(error)"]) }
        var wanted = order
        wanted.place.network = route.network.code
        let requestID = order.requestID ?? makeID()
        let lost = try await lost(wanted, requestID: requestID, calls)
        let (stored, isNew) = try await stored(wanted, requestID: requestID, key.label)
        guard isNew else { return try await again(stored, wanted, key.label, settings) }
        if let lost { return try await settled(stored, WithdrawalStep(lost)) }
        return try await sent(stored, route, calls)
    }

    /// The intent, before anything leaves (H36).
    private func stored(
        _ order: WithdrawalOrder, requestID id: String, _ label: String
    ) async throws(TransferError) -> (Withdrawal, isNew: Bool) {
        let now = time.now()
        let clientID = Self.clientID(of: id)
        let isNamed = order.requestID != nil
        return try await write { transaction in
            let store = WithdrawalStore(transaction: transaction)
            if let earlier = try store.withdrawal(requestID: id) { return (earlier, false) }
            // A key that was removed meanwhile leaves nobody who follows what it sends.
            guard try ExchangeKeyStore(transaction: transaction).key(order.place.keyID) != nil else {
                throw TransferError.unknownKey(order.place.keyID)
            }
            let since = now.advanced(byNanoseconds: -Self.repetition)
            if !isNamed, let same = try store.same(as: order, label, since: since) {
                throw TransferError.repeated(
                    "the same withdrawal was asked for as request \(same.requestID): name a requestId to make another")
            }
            return (try store.insert(order, requestID: id, clientID: clientID, label: label, now: now), true)
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
        let outcome: Result<ExchangeTransfer, CallFailure>
        do throws(CallFailure) {
            outcome = .success(
                try await calls.withdraw(
                    WithdrawalRequest(
                        asset: withdrawal.place.asset, amount: withdrawal.amount, address: withdrawal.address,
                        tag: withdrawal.tag, network: route.network.code, fee: route.network.withdrawalFee,
                        clientID: withdrawal.clientID)))
        } catch { outcome = .failure(error) }
        switch outcome {
        case .success(let transfer):
            return try await settled(withdrawal, WithdrawalStep(.sent, exchangeID: transfer.id))
        case .failure(.notCarriedOut(let failure)) where failure.isHeldBack:
            let isForgotten = try await write { try WithdrawalStore(transaction: $0).forget(withdrawal.id) }
            guard isForgotten else { return try await fresh(withdrawal) }
            throw TransferCalls.meaning(.notCarriedOut(failure))
        case .failure(.notCarriedOut(let failure)):
            logger.error("withdrawal \(withdrawal.id) was refused: \(failure)")
            return try await settled(withdrawal, WithdrawalStep(.refused, reason: "\(failure)"))
        case .failure(.unknown(let failure, _, _)):
            logger.error("what became of withdrawal \(withdrawal.id) is unknown: \(failure)")
            return try await settled(withdrawal, WithdrawalStep(.unknown, reason: "\(failure)"))
        }
    }

    func settled(
        _ withdrawal: Withdrawal, _ step: WithdrawalStep, isFound: Bool = false
    ) async throws(TransferError) -> Withdrawal {
        let now = time.now()
        let isMoved = try await write { transaction in
            try WithdrawalStore(transaction: transaction).move(
                withdrawal.id, from: withdrawal.status, step, isFound: isFound, now: now)
        }
        guard isMoved else { return try await fresh(withdrawal) }
        var settled = withdrawal
        (settled.status, settled.reason) = (step.status, step.reason)
        settled.exchangeID = step.exchangeID ?? settled.exchangeID
        settled.transactionID = step.transactionID ?? settled.transactionID
        return settled
    }

    private func fresh(_ withdrawal: Withdrawal) async throws(TransferError) -> Withdrawal {
        let found = try await load { try WithdrawalStore(transaction: $0).withdrawal(requestID: withdrawal.requestID) }
        return found ?? withdrawal
    }

    // MARK: - Asked for again

    /// Never sent again: where nobody knows what became of it, the exchange is asked.
    private func again(
        _ earlier: Withdrawal, _ order: WithdrawalOrder, _ label: String, _ settings: ExchangeAccountSettings
    ) async throws(TransferError) -> Withdrawal {
        guard try await isSame(earlier, order, label, settings) else {
            throw .invalid(["requestId \(earlier.requestID): must be a new one, another withdrawal was made with it"])
        }
        let isAbandoned =
            earlier.status == .pending && time.now().nanoseconds(since: earlier.createdAt) > Self.abandoned
        guard earlier.status == .unknown || isAbandoned else { return earlier }
        return try await resolved(earlier, order.place.keyID, settings)
    }

    /// A network by another of its names is the same, and so is another key of the same account.
    private func isSame(
        _ earlier: Withdrawal, _ order: WithdrawalOrder, _ label: String, _ settings: ExchangeAccountSettings
    ) async throws(TransferError) -> Bool {
        if earlier.isSame(as: order, label) { return true }
        var named = order
        named.place.network = earlier.place.network
        guard earlier.isSame(as: named, label) else { return false }
        var calls = try TransferCalls(settings, manners: manners, time: time, send: send)
        let listed = try await calls.currencies().first { $0.asset == order.place.asset }?.networks ?? []
        let wanted = order.place.network.uppercased()
        let meant = listed.filter { network in
            [network.code, network.id, network.name ?? ""].contains { $0.uppercased() == wanted }
        }
        return meant.count == 1 && meant[0].code.uppercased() == earlier.place.network.uppercased()
    }

    // MARK: - What became of it

    /// Asks the exchange. Never sends.
    private func resolved(
        _ earlier: Withdrawal, _ keyID: Int64, _ settings: ExchangeAccountSettings
    ) async throws(TransferError) -> Withdrawal {
        // Of one that is years old there may be many windows: whoever asks waits no longer for it than a round does.
        let deadline = time.now().advanced(byNanoseconds: Self.patience)
        var calls = try TransferCalls(settings, manners: manners, time: time, until: deadline, send: send)
        calls.keyID = keyID
        _ = try await calls.currencies()
        let listed = try await calls.withdrawals(earlier.place.asset, since: Self.since([earlier]))
        return try await resolved(earlier, listed)
    }

    /// By what the exchange lists.
    func resolved(
        _ earlier: Withdrawal, _ listed: WithdrawalList
    ) async throws(TransferError) -> Withdrawal {
        let taken = try await load { try WithdrawalStore(transaction: $0).exchangeIDs(of: earlier.place.exchange) }
        let finding = WithdrawalFinding(earlier, listed, taken: taken, now: time.now())
        switch finding {
        case .found(let step): return try await settled(earlier, step, isFound: true)
        case .neverLeft:
            logger.error("withdrawal \(earlier.id) never left: the exchange lists none, and no longer can one come")
            return try await settled(
                earlier,
                WithdrawalStep(
                    .refused, reason: "it never left: the exchange lists none, an hour after it was asked for"))
        case .open:
            return try await settled(
                earlier,
                WithdrawalStep(.unknown, reason: earlier.reason ?? "nobody answered, and the exchange lists none"))
        }
    }

    /// Before the first of them was stored, in milliseconds: clocks differ, and one that is not on the list for its clock would be taken
    /// for one that never left. A day, for what is older than ours is told apart by name, time and id anyway.
    static let clocksApart: Int64 = 86_400_000

    static func since(_ withdrawals: [Withdrawal]) -> Int64 {
        let first = withdrawals.map(\.createdAt).min() ?? .distantPast
        return first.nanoseconds / Nanoseconds.perMillisecond - clocksApart
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

extension Withdrawal {
    /// Keys come and go; the account stays.
    fileprivate func isSame(as order: WithdrawalOrder, _ label: String) -> Bool {
        place.exchange == order.place.exchange && self.label == label && place.asset == order.place.asset
            && amount == order.amount && place.network.uppercased() == order.place.network.uppercased()
            && address == order.address && tag == order.tag
    }
}
