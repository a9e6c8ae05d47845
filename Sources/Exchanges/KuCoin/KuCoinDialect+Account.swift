public import TradingCore

extension KuCoinDialect {
    /// The account that trades; money on the funding account (`main`) cannot.
    private var accountType: String { isHighFrequency ? "trade_hf" : "trade" }

    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        var fields = ParameterList()
        fields.add("type", accountType)
        let sent = fields.with(extra)
        let type = sent.first { $0.key == "type" }?.value.text
        return call(privateRequest(.get, "accounts", sent, .management, weight: 5)) { data in
            let rows = try data.list(named: "accounts").filter { type == nil || $0.text("type") == type }
            return ExchangeBalances(
                try rows.map { row in
                    try ExchangeBalance(
                        asset: asset(try row.requiredText("currency")), free: try row.requiredDecimal("available"),
                        used: try row.decimal("holds"), total: try row.decimal("balance"))
                })
        }
    }

    public func wallets(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[ExchangeWallet]> {
        call(privateRequest(.get, "accounts", extra, .management, weight: 5)) { data in
            try data.list(named: "accounts").map { row in
                ExchangeWallet(
                    id: try row.requiredText("id"), type: try row.requiredText("type"),
                    asset: row.text("currency").map { asset($0) })
            }
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        let market = try catalog.required(symbol)
        var fields = ParameterList()
        fields.add("symbols", market.id)
        return call(privateRequest(.get, "trade-fees", fields.with(extra), weight: 3)) { data in
            let rows = try data.list(named: "trade-fees")
            guard let row = rows.first(where: { $0.text("symbol") == market.id }) ?? rows.first else {
                throw UnreadableAnswer("trade-fees", expected: "the fees of \(market.id)", found: "none")
            }
            return try KuCoinDialect.fees(row, symbol)
        }
    }

    /// The account's own level; markets of other classes differ.
    public func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]> {
        call(privateRequest(.get, "base-fee", extra, weight: 3)) { data in [try KuCoinDialect.fees(data, nil)] }
    }

    private static func fees(_ row: JSONValue, _ symbol: Symbol?) throws -> TradingFees {
        TradingFees(
            symbol: symbol, maker: try row.requiredDecimal("makerFeeRate"),
            taker: try row.requiredDecimal("takerFeeRate"), isPercentage: true, isTierBased: true)
    }

    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        call(privateRequest(.get, "user/api-key", [], .management, weight: 20)) { data in
            let rights = try data.requiredText("permission").lowercased().split(separator: ",").map {
                $0.drop { $0 == " " }
            }
            var permissions = KeyPermissions(
                canRead: rights.contains("general"), canTrade: rights.contains("spot") || rights.contains("trade"),
                // The older right "Transfer" includes withdrawals.
                canWithdraw: rights.contains { $0.hasPrefix("withdraw") || $0 == "transfer" },
                isBoundToAddresses: data.text("ipWhitelist") != nil)
            permissions.accountID = data.text("uid")
            return permissions
        }
    }
}
