public import TradingCore

/// Account and wallet calls. Source: "Account endpoints" of the REST API; "Wallet", sections account, asset, capital, fiat.
extension BinanceDialect {
    func privateRequest(
        _ verb: EndpointRequest.Verb, _ path: String, _ fields: [JSONValue.Member], _ extra: ExtraParameters = [],
        costs: [RateCost]
    ) -> EndpointRequest {
        EndpointRequest(verb, ["private"], path, BinanceField.replace(fields, by: extra), costs: costs)
    }

    func walletRequest(
        _ verb: EndpointRequest.Verb, _ path: String, _ fields: [JSONValue.Member], _ extra: ExtraParameters = [],
        weight count: Int = 1, ofAccount accountCount: Int? = nil
    ) -> EndpointRequest {
        EndpointRequest(
            verb, ["sapi"], path, BinanceField.replace(fields, by: extra),
            costs: accountCount.map { [RateCost(Limit.walletOfAccount, $0)] } ?? [RateCost(Limit.wallet, count)])
    }

    /// - Parameter extra: a `type` of `FUND` asks for the funding wallet.
    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        if extra.contains(where: { $0.key == "type" && $0.value == .string("FUND") }) {
            return fundingBalances(extra.filter { $0.key != "type" })
        }
        return EndpointCall(privateRequest(.get, "account", [], extra, costs: weight(20))) { answer in
            try BinanceMapping.balances(answer)
        }
    }

    /// Source: "Funding Wallet".
    private func fundingBalances(_ extra: ExtraParameters) -> EndpointCall<ExchangeBalances> {
        EndpointCall(walletRequest(.post, "asset/get-funding-asset", [], extra)) { answer in
            var balances: [ExchangeBalance] = []
            for row in try answer.list() {
                var used = FixedDecimal.zero
                for key in ["locked", "freeze", "withdrawing"] {
                    used = try Derived.sum(used, try row.decimal(key) ?? .zero, key)
                }
                balances.append(
                    try ExchangeBalance(
                        asset: BinanceMapping.asset(try row.requiredText("asset")), free: try row.decimal("free"),
                        used: used))
            }
            return ExchangeBalances(balances)
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        let market = try catalog.required(symbol)
        let request = walletRequest(.get, "asset/tradeFee", [BinanceField.text("symbol", market.id)], extra)
        return EndpointCall(request) { [catalog] answer in
            guard let row = try answer.list().first(where: { $0.text("symbol") == market.id }) else {
                throw UnreadableAnswer("answer", expected: "fees of \(market.id)", found: answer.compactText)
            }
            return try BinanceMapping.fees(row, catalog)
        }
    }

    public func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]> {
        EndpointCall(walletRequest(.get, "asset/tradeFee", [], extra)) { [catalog] answer in
            try answer.list().map { try BinanceMapping.fees($0, catalog) }
        }
    }

    /// Source: "Get API Key Permission".
    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        EndpointCall(walletRequest(.get, "account/apiRestrictions", [])) { answer in
            guard answer["enableReading"] != nil else {
                throw UnreadableAnswer("enableReading", expected: "true or false", found: answer.compactText)
            }
            return KeyPermissions(
                canRead: answer.bool("enableReading"), canTrade: answer.bool("enableSpotAndMarginTrading"),
                canWithdraw: answer.bool("enableWithdrawals"), isBoundToAddresses: answer.bool("ipRestrict"))
        }
    }

    /// Source: "Account Information (USER_DATA)", `uid`.
    public func accountID() throws(ExchangeFailure) -> EndpointCall<String?> {
        EndpointCall(
            privateRequest(.get, "account", [.init(key: "omitZeroBalances", value: .bool(true))], [], costs: weight(20))
        ) { answer in
            answer.text("uid")
        }
    }

    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        EndpointCall(walletRequest(.get, "capital/config/getall", [], weight: 10)) { answer in
            try answer.list().map { try BinanceMapping.currency($0) }
        }
    }

    // MARK: - Deposits and withdrawals

    private func coin(_ asset: AssetID) -> String { catalog.currency(asset)?.id ?? asset.rawValue }

    public func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        let networkID = network.map { BinanceNetworks.id(of: $0, catalog.currency(asset)) }
        let request = walletRequest(
            .get, "capital/deposit/address",
            [BinanceField.text("coin", coin(asset))] + BinanceField.optional("network", networkID), extra, weight: 10)
        return EndpointCall(request) { answer in
            try BinanceMapping.depositAddress(
                answer, asked: asset, network: networkID.map { BinanceNetworks.code(of: $0, for: asset) })
        }
    }

    /// The amount includes the network's fee unless the account is set otherwise; digits that the network does not have
    /// are cut off.
    public func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer> {
        guard !withdrawal.address.isEmpty else { throw ExchangeFailure(.invalidAddress, message: "no address") }
        let currency = catalog.currency(withdrawal.asset)
        let networkID = withdrawal.network.map { BinanceNetworks.id(of: $0, currency) }
        let network = currency?.networks.first { $0.id == networkID }
        let amount = try rounded(withdrawal.amount, to: network?.precision ?? currency?.precision)
        let fields =
            [
                BinanceField.text("coin", coin(withdrawal.asset)),
                BinanceField.text("address", withdrawal.address),
            ] + BinanceField.optional("addressTag", withdrawal.tag) + BinanceField.optional("network", networkID)
            + [BinanceField.decimal("amount", amount)]
            + BinanceField.optional("withdrawOrderId", withdrawal.clientID)
        let request = walletRequest(.post, Self.withdrawalPath, fields, withdrawal.extra, ofAccount: 900)
        return EndpointCall(request) { answer in
            _ = try answer.requiredText("id")
            var transfer = try BinanceMapping.transfer(answer, nil)
            transfer.asset = withdrawal.asset
            return transfer
        }
    }

    private func rounded(_ amount: FixedDecimal, to step: FixedDecimal?) throws(ExchangeFailure) -> FixedDecimal {
        guard let step, step.isPositive else { return amount }
        let cut = (try? amount.rounded(toMultipleOf: step, .down)) ?? .zero
        guard cut.isPositive else {
            throw ExchangeFailure(.invalidOrder, message: "amount \(amount) is less than the step \(step)")
        }
        return cut
    }

    public func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        try transfers(.deposit, query, "capital/deposit/hisrec", weight: 1)
    }

    public func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        try transfers(.withdrawal, query, "capital/withdraw/history", ofAccount: 18_000)
    }

    /// The exchange answers for 90 days at once: from `since` on that much is asked for.
    private func transfers(
        _ kind: ExchangeTransfer.Kind, _ query: HistoryQuery, _ path: String, weight count: Int = 1,
        ofAccount accountCount: Int? = nil
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        if let asset = query.asset, catalog.currency(asset)?.isFiat == true { return try fiatOrders(kind, query) }
        let windowEnd = query.since.map { $0.addingReportingOverflow(7_776_000_000).partialValue }
        let end = [query.until, windowEnd].compactMap { $0 }.min()
        let fields =
            BinanceField.optional("coin", query.asset.map { coin($0) })
            + BinanceField.optional("startTime", query.since) + BinanceField.optional("endTime", end)
            + BinanceField.optional("limit", query.limit)
        let request = walletRequest(.get, path, fields, query.extra, weight: count, ofAccount: accountCount)
        return EndpointCall(request) { answer in try answer.list().map { try BinanceMapping.transfer($0, kind) } }
    }

    /// Source: "Fiat", "Get Fiat Deposit/Withdraw History".
    private func fiatOrders(
        _ kind: ExchangeTransfer.Kind, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        let fields =
            [BinanceField.text("transactionType", kind == .deposit ? "0" : "1")]
            + BinanceField.optional("beginTime", query.since) + BinanceField.optional("endTime", query.until)
        let request = walletRequest(.get, "fiat/orders", fields, query.extra, ofAccount: 90_000)
        return EndpointCall(request) { answer in
            try answer.list("data").map { try BinanceMapping.transfer($0, kind) }.filter { transfer in
                transfer.asset == query.asset
            }
        }
    }
}
