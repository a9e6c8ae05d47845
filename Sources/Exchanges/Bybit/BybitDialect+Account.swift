public import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/account, /v5/user/apikey-info.
extension BybitDialect {
    /// - Parameter extra: an `accountType` of `FUND` asks for the funding account.
    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        var fields = RequestFields(["accountType": "UNIFIED"])
        fields.put(extra)
        if fields.object.text("accountType") == "FUND" { return fundingBalances(fields) }
        return ask(.private, "v5/account/wallet-balance", fields) { answer in
            try balances(try answer.first(), try answer.whole.integer("time"))
        }
    }

    /// What deposits come into and withdrawals leave from, apart from what is traded with.
    private func fundingBalances(_ fields: RequestFields) -> EndpointCall<ExchangeBalances> {
        ask(.private, "v5/asset/transfer/query-account-coins-balance", fields) { answer in
            var balances: [ExchangeBalance] = []
            for row in try answer.rows("balance") {
                balances.append(
                    try ExchangeBalance(
                        asset: asset(try row.requiredText("coin")), free: try row.decimal("transferBalance"),
                        total: try row.decimal("walletBalance")))
            }
            return ExchangeBalances(balances, time: try answer.whole.integer("time"))
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        let market = try catalog.required(symbol)
        var fields = RequestFields(["category": BybitDialect.category, "symbol": market.id])
        fields.put(extra)
        return ask(.private, "v5/account/fee-rate", fields) { answer in
            let row = try answer.first()
            return try tradingFees(row, self.symbol(ofMarket: row.text("symbol")) ?? symbol)
        }
    }

    public func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]> {
        var fields = RequestFields(["category": BybitDialect.category])
        fields.put(extra)
        return ask(.private, "v5/account/fee-rate", fields) { answer in
            try answer.rows().compactMap { row in
                guard let symbol = symbol(ofMarket: row.text("symbol")) else { return nil }
                return try tradingFees(row, symbol)
            }
        }
    }

    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        ask(.private, "v5/user/query-api") { answer in
            let granted = answer.result["permissions"]
            func words(_ key: String) -> [String] { granted?[key]?.elements?.compactMap(\.text) ?? [] }
            let addresses = answer.result["ips"]?.elements?.compactMap(\.text) ?? []
            let isReadOnly = answer.result.text("readOnly") == "1"
            var permissions = KeyPermissions(
                canRead: true, canTrade: !isReadOnly && words("Spot").contains("SpotTrade"),
                canWithdraw: !isReadOnly && words("Wallet").contains("Withdraw"),
                isBoundToAddresses: !addresses.isEmpty && !addresses.contains("*"))
            permissions.accountID = answer.result.text("userID")
            return permissions
        }
    }

    // MARK: - Answers

    func balances(_ row: JSONValue, _ time: Int64?) throws(UnreadableAnswer) -> ExchangeBalances {
        var balances: [ExchangeBalance] = []
        for coin in try row.list("coin") { balances.append(try balance(coin)) }
        return ExchangeBalances(balances, time: time)
    }

    /// What can be withdrawn is free where it is told; since 2025 it is not, and what orders and positions hold is used.
    private func balance(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeBalance {
        let asset = asset(try row.requiredText("coin"))
        let total = try row.decimal("walletBalance")
        let debt = try debt(row)
        if let free = try row.decimal("availableToWithdraw", or: "free") {
            return try ExchangeBalance(asset: asset, free: free, total: total, debt: debt)
        }
        var used = FixedDecimal.zero
        for key in ["locked", "totalOrderIM", "totalPositionIM"] {
            used = try Derived.sum(used, try row.decimal(key) ?? FixedDecimal.zero, key)
        }
        return try ExchangeBalance(asset: asset, used: used, total: total, debt: debt)
    }

    /// A unified account may borrow by itself; with the interest due.
    private func debt(_ row: JSONValue) throws(UnreadableAnswer) -> FixedDecimal? {
        guard let borrowed = try row.decimal("borrowAmount"), let interest = try row.decimal("accruedInterest") else {
            return nil
        }
        return try Derived.sum(borrowed, interest, "debt")
    }

    private func tradingFees(_ row: JSONValue, _ symbol: Symbol) throws(UnreadableAnswer) -> TradingFees {
        TradingFees(
            symbol: symbol, maker: try row.decimal("makerFeeRate"), taker: try row.decimal("takerFeeRate"))
    }
}
