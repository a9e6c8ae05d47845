public import TradingCore

/// Source: www.okx.com/docs-v5, "Trading Account".
extension OKXDialect {
    /// - Parameter extra: a `type` of `FUND` asks for the funding account.
    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        var fields = RequestFields()
        fields.put(extra.filter { $0.key != "type" })
        if extra.contains(where: { $0.key == "type" && $0.value == .string("FUND") }) { return fundingBalances(fields) }
        return ask(.private, "account/balance", fields) { rows in try balances(try rows.only("data")) }
    }

    /// What deposits come into and withdrawals leave from, apart from what is traded with.
    private func fundingBalances(_ fields: RequestFields) -> EndpointCall<ExchangeBalances> {
        ask(.private, "asset/balances", fields) { rows in
            var balances: [ExchangeBalance] = []
            for row in rows {
                balances.append(
                    try ExchangeBalance(
                        asset: asset(try row.requiredText("ccy")), free: try row.decimal("availBal"),
                        used: try row.decimal("frozenBal"), total: try row.decimal("bal")))
            }
            return ExchangeBalances(balances)
        }
    }

    /// One account: its id, and its mode as type (1 spot, 2 futures, 3 multi-currency, 4 portfolio).
    public func wallets(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[ExchangeWallet]> {
        var fields = RequestFields()
        fields.put(extra)
        return ask(.private, "account/config", fields) { rows in
            try rows.map { row in
                ExchangeWallet(id: try row.requiredText("uid"), type: try row.requiredText("acctLv"))
            }
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        let market = try catalog.required(symbol)
        var fields = RequestFields(["instType": "SPOT", "instId": market.id])
        fields.put(extra)
        return ask(.private, "account/trade-fee", fields) { rows in
            try OKXDialect.tradingFees(try rows.only("data"), symbol)
        }
    }

    /// Those of the account's level, without the exceptions of single pairs.
    public func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]> {
        var fields = RequestFields(["instType": "SPOT"])
        fields.put(extra)
        return ask(.private, "account/trade-fee", fields) { rows in
            try rows.map { try OKXDialect.tradingFees($0, nil) }
        }
    }

    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        ask(.private, "account/config") { rows in
            let row = try rows.only("data")
            let granted = (row.text("perm") ?? "").split(separator: ",")
            var permissions = KeyPermissions(
                canRead: granted.contains("read_only"), canTrade: granted.contains("trade"),
                canWithdraw: granted.contains("withdraw"), isBoundToAddresses: row.text("ip") != nil)
            permissions.accountID = row.text("uid")
            return permissions
        }
    }

    // MARK: - Answers

    func balances(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeBalances {
        var balances: [ExchangeBalance] = []
        for detail in try row.list("details") { balances.append(try balance(detail)) }
        return ExchangeBalances(balances, time: try row.integer("uTime"))
    }

    /// `availEq` is what can be spent where an account mode has it; an account for spot alone leaves it out.
    private func balance(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeBalance {
        let asset = asset(try row.requiredText("ccy"))
        let total = try row.decimal("eq")
        if let free = try row.decimal("availEq") {
            return try ExchangeBalance(asset: asset, free: free, total: total)
        }
        return try ExchangeBalance(
            asset: asset, free: try row.decimal("availBal"), used: try row.decimal("frozenBal"), total: total)
    }

    /// OKX writes what is paid as a negative rate.
    private static func tradingFees(_ row: JSONValue, _ symbol: Symbol?) throws(UnreadableAnswer) -> TradingFees {
        func rate(_ key: String) throws(UnreadableAnswer) -> FixedDecimal? {
            guard let rate = try row.decimal(key) else { return nil }
            return try Derived.difference(.zero, rate, key)
        }
        return TradingFees(symbol: symbol, maker: try rate("maker"), taker: try rate("taker"))
    }
}
