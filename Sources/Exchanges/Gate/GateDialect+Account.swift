public import TradingCore

extension GateDialect {
    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        switch account {
        case .spot:
            return EndpointCall(accountRequest("spot", "accounts", extra)) { answer in
                ExchangeBalances(
                    try answer.list(named: "accounts").map { row in
                        try ExchangeBalance(
                            asset: asset(try row.requiredText("currency")), free: try row.requiredDecimal("available"),
                            used: try row.requiredDecimal("locked"))
                    })
            }
        case .unified:
            return EndpointCall(accountRequest("unified", "accounts", extra)) { answer in
                guard let rows = answer["balances"]?.members else {
                    throw UnreadableAnswer("balances", expected: "an object", found: answer.compactText)
                }
                return ExchangeBalances(
                    try rows.map { row in
                        try ExchangeBalance(
                            asset: asset(row.key), free: try row.value.requiredDecimal("available"),
                            used: try row.value.decimal("freeze"))
                    })
            }
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        var fields = ParameterList()
        fields.add("currency_pair", try catalog.required(symbol).id)
        return EndpointCall(accountRequest("wallet", "fee", fields.with(extra))) { answer in
            try GateDialect.fees(answer, symbol)
        }
    }

    /// One pair of fees, which holds for every market.
    public func allTradingFees(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<[TradingFees]> {
        EndpointCall(accountRequest("wallet", "fee", extra)) { answer in
            let fees = try GateDialect.fees(answer, nil)
            return catalog.markets.isEmpty
                ? [fees]
                : catalog.markets.map { TradingFees(symbol: $0.symbol, maker: fees.maker, taker: fees.taker) }
        }
    }

    /// Where fees are paid in GT, `gt_discount` says so and the fees are lower.
    private static func fees(_ row: JSONValue, _ symbol: Symbol?) throws -> TradingFees {
        let maker = try row.requiredDecimal("maker_fee")
        let taker = try row.requiredDecimal("taker_fee")
        guard row.bool("gt_discount") == true else { return TradingFees(symbol: symbol, maker: maker, taker: taker) }
        return TradingFees(
            symbol: symbol, maker: try row.decimal("gt_maker_fee") ?? maker,
            taker: try row.decimal("gt_taker_fee") ?? taker)
    }

    /// - Returns: everything unknown when the account has several keys: Gate does not say which of them asks.
    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        EndpointCall(accountRequest("account", "main_keys")) { answer in
            let keys = answer.elements ?? [answer]
            guard keys.count == 1, let key = keys.first else { return KeyPermissions() }
            let rights = try key.list("perms")
            func canWrite(_ name: String) -> Bool {
                rights.contains { $0.text("name") == name && $0.bool("read_only") != true }
            }
            var permissions = KeyPermissions(
                canRead: rights.contains { ["spot", "unified"].contains($0.text("name")) },
                canTrade: canWrite("spot"), canWithdraw: canWrite("withdraw"),
                isBoundToAddresses: key["ip_whitelist"]?.elements.map { !$0.isEmpty })
            permissions.accountID = key.text("user_id")
            return permissions
        }
    }
}
