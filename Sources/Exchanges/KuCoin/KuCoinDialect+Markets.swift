import TradingCore

extension KuCoinDialect {
    public func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64> {
        EndpointCall(publicRequest("timestamp", weight: 3)) { answer in
            guard let time = try answer.integer("data") else {
                throw UnreadableAnswer("data", expected: "milliseconds", found: answer.compactText)
            }
            return time
        }
    }

    /// `open`, `close`, or `cancelonly`.
    public func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus> {
        call(publicRequest("status", weight: 3)) { data in
            ExchangeStatus(isOK: try data.requiredText("status") == "open", message: data.text("msg"))
        }
    }

    public func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]> {
        call(publicRequest("symbols", weight: 4)) { data in
            try data.list(named: "symbols").map { try market($0) }
        }
    }

    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        call(publicRequest("currencies", weight: 3)) { data in
            try data.list(named: "currencies").map { try currency($0) }
        }
    }

    func market(_ row: JSONValue) throws -> ExchangeMarket {
        let (baseID, quoteID) = (try row.requiredText("baseCurrency"), try row.requiredText("quoteCurrency"))
        var limits = OrderLimits()
        limits.minimumAmount = try row.decimal("baseMinSize")
        limits.maximumAmount = try row.decimal("baseMaxSize")
        limits.minimumCost = try row.decimal("quoteMinSize")
        limits.maximumCost = try row.decimal("quoteMaxSize")
        limits.minimumFunds = try row.decimal("minFunds")
        return ExchangeMarket(
            id: try row.requiredText("symbol"), symbol: Symbol(base: asset(baseID), quote: asset(quoteID)),
            baseID: baseID, quoteID: quoteID, isActive: row.bool("enableTrading"),
            rounding: OrderRounding(
                amount: try KuCoinDialect.step(row, "baseIncrement").map { .step($0) },
                price: try KuCoinDialect.step(row, "priceIncrement").map { .tick($0) },
                cost: try KuCoinDialect.step(row, "quoteIncrement")),
            limits: limits, makerFee: try KuCoinDialect.fee(row, "makerFeeCoefficient"),
            takerFee: try KuCoinDialect.fee(row, "takerFeeCoefficient"))
    }

    private static func step(_ row: JSONValue, _ key: String) throws -> FixedDecimal? {
        guard let step = try row.decimal(key) else { return nil }
        guard step.isPositive else { throw UnreadableAnswer(key, expected: "a step", found: "\(step)") }
        return step
    }

    /// Markets come in classes of 0.1, 0.2 and 0.3 percent for accounts of the lowest level, times a coefficient.
    private static func fee(_ row: JSONValue, _ key: String) throws -> FixedDecimal? {
        guard let coefficient = try row.decimal(key), let category = try row.integer("feeCategory"),
            (1...3).contains(category)
        else { return nil }
        return try Derived.product(coefficient, FixedDecimal(raw: Int128(category) * 1_000_000_000_000_000), key)
    }

    func currency(_ row: JSONValue) throws -> ExchangeCurrency {
        let id = try row.requiredText("currency")
        let asset = asset(id)
        let rows = try row["chains"].flatMap { $0.isNull ? nil : $0 }?.list(named: "chains") ?? []
        let networks = try rows.map { try network($0, of: asset) }
        return ExchangeCurrency(
            id: id, asset: asset, name: row.text("fullName"),
            // What travels on a chain is no state's money.
            isFiat: networks.isEmpty ? nil : false, networks: networks
        ).completed()
    }

    private func network(_ row: JSONValue, of asset: AssetID) throws -> ExchangeNetwork {
        let id = try row.requiredText("chainId")
        var limits = TransferLimits()
        limits.minimumDeposit = try row.decimal("depositMinSize")
        limits.maximumDeposit = try row.decimal("maxDeposit")
        limits.minimumWithdrawal = try row.decimal("withdrawalMinSize") ?? row.decimal("withdrawMinSize")
        limits.maximumWithdrawal = try row.decimal("maxWithdraw")
        return ExchangeNetwork(
            id: id, code: network(id, of: asset), name: row.text("chainName"),
            canDeposit: row.bool("isDepositEnabled"), canWithdraw: row.bool("isWithdrawEnabled"),
            withdrawalFee: try row.decimal("withdrawalMinFee") ?? row.decimal("withdrawMinFee"),
            precision: try KuCoinDialect.transferStep(row), limits: limits)
    }

    private static func transferStep(_ row: JSONValue) throws -> FixedDecimal? {
        guard let digits = try row.integer("withdrawPrecision"), (0...18).contains(digits) else { return nil }
        return FixedDecimal(raw: Int128(Int64.powerOfTen(FixedDecimal.fractionDigits - Int(digits))))
    }
}
