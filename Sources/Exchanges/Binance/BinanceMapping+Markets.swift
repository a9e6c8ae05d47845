import TradingCore

extension BinanceMapping {
    /// An entry of `exchangeInfo`. What an order may be is in its filters ("Filters" in the documentation), not in the
    /// precisions beside them.
    static func market(_ value: JSONValue) throws -> ExchangeMarket {
        let baseID = try value.requiredText("baseAsset")
        let quoteID = try value.requiredText("quoteAsset")
        let filters = Filters(try value.list("filters"))
        let orderTypes = value["orderTypes"]?.elements?.compactMap(\.text)
        return ExchangeMarket(
            id: try value.requiredText("symbol"), symbol: Symbol(base: asset(baseID), quote: asset(quoteID)),
            baseID: baseID, quoteID: quoteID, isActive: value.text("status").map { $0 == "TRADING" },
            rounding: OrderRounding(
                amount: try filters.step("LOT_SIZE", "stepSize").map { .step($0) },
                price: try filters.step("PRICE_FILTER", "tickSize").map { .tick($0) },
                base: try step(digits: value.integer("baseAssetPrecision")),
                quote: try step(digits: value.integer("quoteAssetPrecision"))),
            limits: try filters.limits(), makerFee: ordinaryFee, takerFee: ordinaryFee,
            priceBand: try filters.priceBand(),
            maximumOpenOrders: try filters["MAX_NUM_ORDERS"]?.integer("maxNumOrders").map { Int(clamping: $0) },
            takesMarketOrders: orderTypes?.contains("MARKET"))
    }

    /// What an account without discounts pays; the account's own come from ``BinanceDialect/tradingFees(_:_:)``.
    private static let ordinaryFee: FixedDecimal = "0.001"

    private static func step(digits: Int64?) -> FixedDecimal? {
        guard let digits, (0...18).contains(digits) else { return nil }
        return FixedDecimal(raw: Int128(Int64.powerOfTen(18 - Int(digits))))
    }

    struct Filters {
        private let values: [JSONValue]

        init(_ values: [JSONValue]) { self.values = values }

        subscript(type: String) -> JSONValue? { values.first { $0.text("filterType") == type } }

        /// A step of zero is no step.
        func step(_ type: String, _ key: String) throws -> FixedDecimal? {
            Derived.nonZero(try self[type]?.decimal(key))
        }

        func limits() throws -> OrderLimits {
            var limits = OrderLimits()
            limits.minimumAmount = try self["LOT_SIZE"]?.decimal("minQty")
            limits.maximumAmount = try self["LOT_SIZE"]?.decimal("maxQty")
            limits.minimumPrice = try self["PRICE_FILTER"]?.decimal("minPrice")
            // Zero switches the rule off.
            limits.maximumPrice = Derived.nonZero(try self["PRICE_FILTER"]?.decimal("maxPrice"))
            limits.minimumMarketAmount = try self["MARKET_LOT_SIZE"]?.decimal("minQty")
            limits.maximumMarketAmount = try self["MARKET_LOT_SIZE"]?.decimal("maxQty")
            let notional = self["NOTIONAL"] ?? self["MIN_NOTIONAL"]
            limits.minimumCost = try notional?.decimal("minNotional")
            limits.maximumCost = try notional?.decimal("maxNotional")
            return limits
        }

        func priceBand() throws -> PriceBand? {
            if let band = self["PERCENT_PRICE_BY_SIDE"] {
                return PriceBand(
                    bidDown: try band.requiredDecimal("bidMultiplierDown"),
                    bidUp: try band.requiredDecimal("bidMultiplierUp"),
                    askDown: try band.requiredDecimal("askMultiplierDown"),
                    askUp: try band.requiredDecimal("askMultiplierUp"))
            }
            guard let band = self["PERCENT_PRICE"] else { return nil }
            let down = try band.requiredDecimal("multiplierDown")
            let up = try band.requiredDecimal("multiplierUp")
            return PriceBand(bidDown: down, bidUp: up, askDown: down, askUp: up)
        }
    }

    /// An entry of `capital/config/getall`.
    static func currency(_ value: JSONValue) throws -> ExchangeCurrency {
        let id = try value.requiredText("coin")
        let asset = asset(id)
        var networks: [ExchangeNetwork] = []
        for entry in value["networkList"]?.elements ?? [] { networks.append(try network(entry, asset)) }
        return ExchangeCurrency(
            id: id, asset: asset, name: value.text("name"), isActive: value.bool("trading"),
            isFiat: value.bool("isLegalMoney"), networks: networks
        ).completed()
    }

    private static func network(_ value: JSONValue, _ asset: AssetID) throws -> ExchangeNetwork {
        let id = try value.requiredText("network")
        var limits = TransferLimits()
        limits.minimumWithdrawal = try value.decimal("withdrawMin")
        limits.maximumWithdrawal = try value.decimal("withdrawMax")
        limits.minimumDeposit = try value.decimal("depositDust")
        let multiple = Derived.nonZero(try value.decimal("withdrawIntegerMultiple"))
        return ExchangeNetwork(
            id: id, code: BinanceNetworks.code(of: id, for: asset), name: value.text("name"),
            canDeposit: value.bool("depositEnable"), canWithdraw: value.bool("withdrawEnable"),
            withdrawalFee: try value.decimal("withdrawFee"),
            precision: try multiple ?? Derived.nonZero(value.decimal("withdrawInternalMin")), limits: limits)
    }
}
