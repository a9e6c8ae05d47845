public import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/account, /v5/user/apikey-info.
extension BybitDialect {
    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        var fields = RequestFields(["accountType": "UNIFIED"])
        fields.put(extra)
        return ask(.private, "v5/account/wallet-balance", fields) { answer in
            try balances(try answer.first(), try answer.whole.integer("time"))
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        let market = try catalog.required(symbol)
        var fields = RequestFields(["category": BybitDialect.category, "symbol": market.id])
        fields.put(extra)
        return ask(.private, "v5/account/fee-rate", fields) { answer in try tradingFees(try answer.first(), symbol) }
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
        if let free = try row.decimal("availableToWithdraw", or: "free") {
            return try ExchangeBalance(asset: asset, free: free, total: total)
        }
        var used = FixedDecimal.zero
        for key in ["locked", "totalOrderIM", "totalPositionIM"] {
            used = try Derived.sum(used, try row.decimal(key) ?? FixedDecimal.zero, key)
        }
        return try ExchangeBalance(asset: asset, used: used, total: total)
    }

    private func tradingFees(_ row: JSONValue, _ symbol: Symbol) throws(UnreadableAnswer) -> TradingFees {
        TradingFees(
            symbol: symbol, maker: try row.decimal("makerFeeRate"), taker: try row.decimal("takerFeeRate"))
    }
}
