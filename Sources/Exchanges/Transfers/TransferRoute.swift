public import TradingCore

/// The network that an asset travels on, to or from an exchange. Nothing is guessed (H25): somebody names it, the operator has
/// allowed it for this exchange and asset, and the exchange itself lists it and says that it takes the asset there now.
public struct TransferRoute: Hashable, Sendable {
    public enum Direction: String, Hashable, Sendable {
        case deposit, withdrawal
    }

    public let exchange: ExchangeID
    public let asset: AssetID
    /// As the exchange lists it.
    public let network: ExchangeNetwork
    /// The step of an amount, where the exchange tells one.
    public let step: FixedDecimal?
    public let minimumWithdrawal: FixedDecimal?
    public let maximumWithdrawal: FixedDecimal?

    /// - Parameters:
    ///   - network: by its common name (`TRC20`), or one of the exchange's own.
    ///   - currencies: the exchange's own list, just read.
    /// - Throws: what is missing; of an exchange that does not say whether it takes the asset, that.
    public init(
        _ exchange: ExchangeID, _ asset: AssetID, network name: String, _ direction: Direction,
        _ allowed: TransferAllowList, _ currencies: [ExchangeCurrency]
    ) throws(TransferRefusal) {
        let names = try Self.allowed(exchange, asset, allowed)
        guard let currency = currencies.first(where: { $0.asset == asset }) else {
            throw TransferRefusal("symbol", "\(asset)", "an asset that \(exchange) lists")
        }
        let wanted = name.uppercased()
        let matches = currency.networks.filter { network in
            [network.code, network.id, network.name ?? ""].contains { $0.uppercased() == wanted }
        }
        guard matches.count == 1, let network = matches.first else {
            let listed = currency.networks.map(\.code).joined(separator: ", ")
            throw TransferRefusal(
                "network", String(name.prefix(80)), "one that \(exchange) lists for \(asset): \(listed)")
        }
        // It is sent on by its common name: that must not be another's too.
        let code = network.code.uppercased()
        guard currency.networks.count(where: { [$0.code.uppercased(), $0.id.uppercased()].contains(code) }) == 1 else {
            throw TransferRefusal(
                "network", network.code, "the name of one network: \(exchange) lists several of \(asset) by it")
        }
        guard names.contains(code) else {
            throw TransferRefusal(
                "network", network.code,
                "allowed for \(exchange) and \(asset) by TRANSFER_NETWORKS: "
                    + names.joined(separator: ", "))
        }
        let takes: Bool? =
            switch direction {
            case .deposit: network.canDeposit ?? currency.canDeposit
            case .withdrawal: network.canWithdraw ?? currency.canWithdraw
            }
        guard takes == true, network.isActive != false, currency.isActive != false else {
            let word = takes == nil ? "does not say that it takes" : "takes no"
            throw TransferRefusal(
                "network", network.code, "open: \(exchange) \(word) \(direction.rawValue)s of \(asset) there now")
        }
        self.exchange = exchange
        self.asset = asset
        self.network = network
        step = network.precision ?? currency.precision
        minimumWithdrawal = network.limits.minimumWithdrawal ?? currency.limits.minimumWithdrawal
        maximumWithdrawal = network.limits.maximumWithdrawal ?? currency.limits.maximumWithdrawal
    }

    /// What can be said before anybody is asked.
    /// - Returns: the networks that are allowed.
    @discardableResult
    public static func allowed(
        _ exchange: ExchangeID, _ asset: AssetID, _ list: TransferAllowList
    ) throws(TransferRefusal) -> [String] {
        let names = list.networks(exchange, asset)
        if names.isEmpty {
            throw TransferRefusal(
                "symbol", "\(asset)", "allowed to travel: TRANSFER_NETWORKS names no network of it on \(exchange)")
        }
        return names
    }

    /// Whether so much may be withdrawn at once.
    public func check(amount: FixedDecimal) throws(TransferRefusal) {
        if let step, step.isPositive, !amount.isMultiple(of: step) {
            throw TransferRefusal("amount", "\(amount)", "a multiple of \(step)")
        }
        if let minimumWithdrawal, amount < minimumWithdrawal {
            throw TransferRefusal("amount", "\(amount)", "at least \(minimumWithdrawal)")
        }
        if let maximumWithdrawal, maximumWithdrawal.isPositive, amount > maximumWithdrawal {
            throw TransferRefusal("amount", "\(amount)", "at most \(maximumWithdrawal)")
        }
    }

    /// Whether an address that an exchange has told is of this network: one of another would lose what is sent there.
    public func isOf(_ address: DepositAddress) -> Bool {
        guard let told = address.network?.uppercased() else { return true }
        return [network.code, network.id, network.name ?? ""].contains { $0.uppercased() == told }
    }
}
