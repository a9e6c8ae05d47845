import TradingCore

extension GateDialect {
    public func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64> {
        EndpointCall(marketRequest("time")) { answer in
            guard let time = try answer.integer("server_time") else {
                throw UnreadableAnswer("server_time", expected: "milliseconds", found: answer.compactText)
            }
            return time
        }
    }

    public func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]> {
        EndpointCall(marketRequest("currency_pairs")) { answer in
            try answer.list(named: "currency_pairs").map { try market($0) }
        }
    }

    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        EndpointCall(marketRequest("currencies")) { answer in
            try answer.list(named: "currencies").map { try currency($0) }
        }
    }

    /// Steps are told as numbers of digits, fees in hundredths.
    func market(_ row: JSONValue) throws -> ExchangeMarket {
        let id = try row.requiredText("id")
        let (baseID, quoteID) = (try row.requiredText("base"), try row.requiredText("quote"))
        let step = try GateDialect.step(row, "amount_precision")
        let fee = try row.decimal("fee").map { try Derived.quotient($0, "100", "fee") }
        var limits = OrderLimits()
        limits.minimumAmount = try row.decimal("min_base_amount") ?? step
        limits.maximumAmount = try row.decimal("max_base_amount")
        limits.minimumCost = try row.decimal("min_quote_amount")
        limits.maximumCost = try row.decimal("max_quote_amount")
        limits.maximumMarketAmount = try row.decimal("market_order_max_stock")
        return ExchangeMarket(
            id: id, symbol: Symbol(base: asset(baseID), quote: asset(quoteID)), baseID: baseID, quoteID: quoteID,
            // `buyable` and `sellable` take orders of one side alone.
            isActive: row.text("trade_status").map { $0 == "tradable" },
            rounding: OrderRounding(
                amount: step.map { .step($0) }, price: try GateDialect.step(row, "precision").map { .tick($0) }),
            limits: limits, makerFee: fee, takerFee: fee)
    }

    /// 10⁻ⁿ of a number of digits.
    private static func step(_ row: JSONValue, _ key: String) throws -> FixedDecimal? {
        guard let digits = try row.integer(key) else { return nil }
        guard (0...18).contains(digits) else {
            throw UnreadableAnswer(key, expected: "0 to 18 digits", found: "\(digits)")
        }
        return FixedDecimal(raw: Int128(Int64.powerOfTen(FixedDecimal.fractionDigits - Int(digits))))
    }

    /// Gate tells no step of amounts that travel; it takes four digits of every asset.
    private static let transferStep: FixedDecimal = "0.0001"

    func currency(_ row: JSONValue) throws -> ExchangeCurrency {
        let id = try row.requiredText("currency")
        let asset = asset(id)
        let networks = try (row["chains"]?.list(named: "chains") ?? []).map { chain in
            let name = try chain.requiredText("name")
            return ExchangeNetwork(
                id: name, code: network(name, of: asset), canDeposit: chain.bool("deposit_disabled").map { !$0 },
                canWithdraw: chain.bool("withdraw_disabled").map { !$0 }, precision: GateDialect.transferStep)
        }
        return ExchangeCurrency(
            id: id, asset: asset, name: row.text("name"), isActive: row.bool("delisted").map { !$0 },
            canDeposit: row.bool("deposit_disabled").map { !$0 },
            canWithdraw: row.bool("withdraw_disabled").map { !$0 }, precision: GateDialect.transferStep,
            // What travels on a chain is no state's money.
            isFiat: networks.isEmpty ? nil : false, networks: networks)
    }
}
