public import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/asset.
extension BybitDialect {
    static let withdrawalPath = "v5/asset/withdraw/create"

    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        ask(.private, "v5/asset/coin/query-info") { answer in try answer.rows("rows").map { try currency($0) } }
    }

    public func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        let currency = currencyID(asset)
        // The answer has the address of each chain.
        var fields = RequestFields(["coin": currency])
        fields.put(extra)
        return ask(.private, "v5/asset/deposit/query-address", fields) { answer in
            let wanted = network.map { chain($0, currency) }
            let chains = try answer.rows("chains")
            guard let row = chains.first(where: { wanted == nil || $0.text("chain") == wanted }) else {
                throw ExchangeFailure(
                    .invalidAddress, message: "no address for \(asset) on \(network ?? "any network")")
            }
            return DepositAddress(
                asset: answer.result.text("coin").map { self.asset($0) },
                network: row.text("chain").map { BybitDialect.network($0, currency) },
                address: try row.requiredText("addressDeposit"), tag: row.text("tagDeposit"))
        }
    }

    /// Out of the unified account, from which it passes the funding account on its way.
    public func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer> {
        let currency = currencyID(withdrawal.asset)
        guard withdrawal.amount.isPositive else {
            throw ExchangeFailure(.badRequest, message: "amount \(withdrawal.amount) is not positive")
        }
        var fields = RequestFields([
            "coin": currency, "amount": withdrawal.amount.description, "address": withdrawal.address,
            "chain": withdrawal.network.map { chain($0, currency) }, "tag": withdrawal.tag, "accountType": "UTA",
            "requestId": withdrawal.clientID,
        ])
        fields.put(withdrawal.extra)
        return tell(BybitDialect.withdrawalPath, fields) { answer in
            var sent = ExchangeTransfer(id: try answer.result.requiredText("id"))
            sent.kind = .withdrawal
            sent.asset = withdrawal.asset
            return sent
        }
    }

    /// Of 30 days at most in one call.
    public func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("v5/asset/deposit/query-record", .deposit, query)
    }

    public func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("v5/asset/withdraw/query-record", .withdrawal, query)
    }

    private func transfers(
        _ path: String, _ kind: ExchangeTransfer.Kind, _ query: HistoryQuery
    ) -> EndpointCall<[ExchangeTransfer]> {
        var fields = RequestFields(["coin": query.asset.map { currencyID($0) }])
        fields.put("startTime", number: query.since)
        fields.put("endTime", number: query.until)
        fields.put("limit", number: query.limit.map { min(max($0, 1), 50) })
        fields.put("cursor", query.fromID)
        fields.put(query.extra)
        return ask(.private, path, fields) { answer in
            query.selection(from: try answer.rows("rows").map { try transfer($0, kind) }) { $0.createdAt }
        }
    }

    /// A network's chain, by the currencies' list or, for a currency not listed, by its usual name.
    private func chain(_ network: String, _ currency: String) -> String {
        let listed = catalog.currency(id: currency)?.networks.first { $0.code == network || $0.id == network }
        return listed?.id ?? BybitDialect.chain(network, currency)
    }

    // MARK: - Answers

    private func currency(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeCurrency {
        let id = try row.requiredText("coin")
        var currency = ExchangeCurrency(
            id: id, asset: BybitDialect.renamed[id] ?? AssetID(id), name: row.text("name"), isFiat: false)
        for chain in try row.list("chains") { currency.networks.append(try network(chain, id)) }
        return currency.completed()
    }

    private func network(_ row: JSONValue, _ currency: String) throws(UnreadableAnswer) -> ExchangeNetwork {
        let id = try row.requiredText("chain")
        let fee = try row.decimal("withdrawFee")
        var limits = TransferLimits()
        limits.minimumDeposit = try row.decimal("depositMin")
        limits.minimumWithdrawal = try row.decimal("withdrawMin")
        var precision: FixedDecimal?
        if let digits = try row.integer("minAccuracy"), (0...18).contains(digits) {
            precision = FixedDecimal(raw: Int128(Int64.powerOfTen(18 - Int(digits))))
        }
        let canDeposit = row.text("chainDeposit") == "1"
        // Without a fee there is no withdrawal.
        let canWithdraw = row.text("chainWithdraw") == "1" && fee != nil
        return ExchangeNetwork(
            id: id, code: BybitDialect.network(id, currency), isActive: canDeposit && canWithdraw,
            canDeposit: canDeposit, canWithdraw: canWithdraw, withdrawalFee: fee, precision: precision, limits: limits)
    }

    private func transfer(_ row: JSONValue, _ kind: ExchangeTransfer.Kind) throws(UnreadableAnswer) -> ExchangeTransfer
    {
        let currency = row.text("coin")
        var transfer = ExchangeTransfer(id: row.text(kind == .deposit ? "id" : "withdrawId"))
        transfer.kind = kind
        transfer.transactionID = row.text("txID")
        transfer.asset = currency.map { asset($0) }
        transfer.network = row.text("chain").map { BybitDialect.network($0, currency ?? "") }
        transfer.amount = try row.decimal("amount")
        transfer.addressFrom = row.text("fromAddress")
        transfer.addressTo = row.text("toAddress")
        transfer.address = transfer.addressTo
        transfer.tag = row.text("tag")
        transfer.tagTo = transfer.tag
        transfer.createdAt = try row.integer("createTime", or: "successAt")
        transfer.updatedAt = try row.integer("updateTime")
        transfer.status = BybitDialect.transferStatus(row.text("status"))
        if let cost = try row.decimal(kind == .deposit ? "depositFee" : "withdrawFee") {
            transfer.fee = ExchangeFee(cost: cost, asset: transfer.asset)
        }
        return transfer
    }

    private static func transferStatus(_ word: String?) -> ExchangeTransfer.Status? {
        switch word {
        case nil: nil
        case "1", "2", "10011", "SecurityCheck", "Pending", "MoreInformationRequired": .pending
        case "3", "10012", "success", "BlockchainConfirmed": .ok
        case "4", "Fail", "Reject": .failed
        case "CancelByUser": .cancelled
        case let word?: .other(word)
        }
    }
}
