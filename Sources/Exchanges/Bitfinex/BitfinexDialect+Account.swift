public import TradingCore

extension BitfinexDialect {
    /// The exchange wallet: what spot orders trade with.
    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        EndpointCall(post("auth/r/wallets", extra, "wallets")) { answer in
            ExchangeBalances(try answer.list().compactMap { try BitfinexMapping.balance($0) })
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        let market = try catalog.required(symbol)
        return EndpointCall(post("auth/r/summary", extra, "summary")) { answer in try Self.fees(answer, market) }
    }

    public func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]> {
        EndpointCall(post("auth/r/summary", extra, "summary")) { [catalog] answer in
            try catalog.markets.map { try Self.fees(answer, $0) }
        }
    }

    /// The account's summary: `[4]` holds the maker's fees and the taker's, each by what the quote is: 0 crypto, 2 fiat.
    private static func fees(_ summary: JSONValue, _ market: ExchangeMarket) throws(UnreadableAnswer) -> TradingFees {
        guard let maker = summary[4]?[0], let taker = summary[4]?[1] else {
            throw UnreadableAnswer("[4]", expected: "two lists of fees", found: summary.compactText)
        }
        let place = fiat.contains(market.quoteID) ? 2 : 0
        return TradingFees(
            symbol: market.symbol, maker: try maker.requiredDecimal(place), taker: try taker.requiredDecimal(place),
            isPercentage: true, isTierBased: true)
    }

    /// `[scope, read, write]` for each scope.
    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        EndpointCall(post("auth/r/permissions", [], "permissions")) { answer in
            var permissions = KeyPermissions()
            for row in try answer.list() {
                guard let scope = row.text(0), let read = row.text(1), let write = row.text(2) else {
                    throw UnreadableAnswer("permission", expected: "a scope and two flags", found: row.compactText)
                }
                switch scope {
                case "wallets": permissions.canRead = read == "1"
                case "orders": permissions.canTrade = write == "1"
                case "withdraw": permissions.canWithdraw = write == "1"
                default: break
                }
            }
            return permissions
        }
    }

    // MARK: - Transfers

    public func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        try address(asset, network, isNew: false, extra)
    }

    public func createDepositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        try address(asset, network, isNew: true, extra)
    }

    /// `[4]` is `[_, method, currency, _, address, pool address]`; with a pool address the first is the tag.
    private func address(
        _ asset: AssetID, _ network: String?, isNew: Bool, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        let method = try method(of: asset, network)
        let fields: ExtraParameters = [
            .init(key: "method", value: .string(method.id)), .init(key: "wallet", value: .string("exchange")),
            .init(key: "op_renew", value: .number(isNew ? "1" : "0")),
        ]
        return EndpointCall(post("auth/w/deposit/address", fields + extra, "deposit address")) { answer in
            let content = try Self.content(of: answer)
            guard let address = content.text(4) else {
                throw UnreadableAnswer("[4][4]", expected: "an address", found: answer.compactText)
            }
            guard let pool = content.text(5) else {
                return DepositAddress(asset: asset, network: method.code, address: address)
            }
            return DepositAddress(asset: asset, network: method.code, address: pool, tag: address)
        }
    }

    /// The exchange's way of transfer for a common network name; without one, the only one there is or the asset's own.
    private func method(of asset: AssetID, _ network: String?) throws(ExchangeFailure) -> ExchangeNetwork {
        let networks = catalog.currency(asset)?.networks ?? []
        if let network {
            let wanted = network.uppercased()
            if let known = networks.first(where: { $0.code.uppercased() == wanted || $0.id.uppercased() == wanted }) {
                return known
            }
            return ExchangeNetwork(id: network.lowercased(), code: network)
        }
        if networks.count == 1, let only = networks.first { return only }
        if let own = networks.first(where: { $0.code == asset.rawValue }) { return own }
        throw ExchangeFailure(
            .argumentsRequired, message: "a network of \(asset) is required: \(networks.map(\.code))")
    }

    public func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer> {
        let method = try method(of: withdrawal.asset, withdrawal.network)
        var fields: ExtraParameters = [
            .init(key: "method", value: .string(method.id)), .init(key: "wallet", value: .string("exchange")),
            .init(key: "amount", value: .string(withdrawal.amount.description)),
            .init(key: "address", value: .string(withdrawal.address)),
        ]
        if let tag = withdrawal.tag { fields.append(.init(key: "payment_id", value: .string(tag))) }
        return EndpointCall(post("auth/w/withdraw", fields + withdrawal.extra, "withdraw")) { answer in
            let content = try Self.content(of: answer)
            // An id of 0 with a friendly status is how some refusals come.
            guard let id = content.text(0), id != "0" else {
                var failure = Self.failure(code: answer.text(5), message: answer.text(7) ?? "withdrawal refused")
                if failure.kind == .permissionDenied { failure.kind = .exchangeError }
                throw failure
            }
            var transfer = ExchangeTransfer(id: id)
            transfer.kind = .withdrawal
            transfer.asset = withdrawal.asset
            transfer.network = method.code
            transfer.amount = try content.decimal(5)
            transfer.tag = content.text(3)
            transfer.address = withdrawal.address
            transfer.addressTo = withdrawal.address
            transfer.status = .pending
            transfer.createdAt = try answer.integer(0)
            if let fee = try content.decimal(8) { transfer.fee = ExchangeFee(cost: fee, asset: withdrawal.asset) }
            return transfer
        }
    }

    public func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        try depositsAndWithdrawals(query).map { $0.filter { $0.kind == .deposit } }
    }

    public func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        try depositsAndWithdrawals(query).map { $0.filter { $0.kind == .withdrawal } }
    }

    public func depositsAndWithdrawals(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        let path = query.asset.map { "auth/r/movements/\(code($0))/hist" } ?? "auth/r/movements/hist"
        return EndpointCall(post(path, Self.window(query), "movements")) { answer in
            query.selected(try answer.list().map { try Self.movement($0) }, by: \.createdAt)
        }
    }

    /// 0 id, 1 currency, 2 method, 5 started, 6 updated, 9 status, 12 ±amount, 13 fee, 16 address, 17 tag, 20 transaction.
    private static func movement(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTransfer {
        guard let id = row.text(0), let currency = row.text(1) else {
            throw UnreadableAnswer("movement", expected: "an id and a currency", found: row.compactText)
        }
        let amount = try row.requiredDecimal(12)
        var transfer = ExchangeTransfer(id: id)
        transfer.asset = asset(currency)
        transfer.kind = amount.isNegative ? .withdrawal : .deposit
        transfer.amount = try BitfinexMapping.magnitude(amount)
        transfer.network = row.text(2).map { networkCodes[$0] ?? $0 }
        transfer.createdAt = try row.integer(5)
        transfer.updatedAt = try row.integer(6)
        transfer.status = status(row.text(9))
        if let fee = try row.decimal(13) {
            transfer.fee = ExchangeFee(cost: try BitfinexMapping.magnitude(fee), asset: asset(currency))
        }
        transfer.address = row.text(16)
        transfer.addressTo = row.text(16)
        transfer.tag = row.text(17)
        transfer.tagTo = row.text(17)
        transfer.transactionID = row.text(20)
        return transfer
    }

    private static func status(_ text: String?) -> ExchangeTransfer.Status? {
        switch text?.uppercased() {
        case nil: nil
        case "COMPLETED", "SUCCESS": .ok
        case "CANCELED", "CANCELLED": .cancelled
        case "ERROR", "FAILED", "REJECTED", "UNCONFIRMED ERROR": .failed
        case "SENDING", "PROCESSING", "USER EMAILED", "APPROVED", "PENDING", "PENDING REVIEW", "UNCONFIRMED",
            "USER APPROVED", "POSTPENDING", "PROCESSED", "RECEIVED":
            .pending
        case let other?: .other(other.lowercased())
        }
    }
}
