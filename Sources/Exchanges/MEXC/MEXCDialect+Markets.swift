public import TradingCore

extension MEXCDialect {
    public func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64> {
        EndpointCall(get("time")) { answer in
            guard let time = try answer.integer("serverTime") else {
                throw UnreadableAnswer("serverTime", expected: "a time", found: answer.compactText)
            }
            return time
        }
    }

    public func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus> {
        // An empty object, or an error.
        EndpointCall(get("ping")) { _ in ExchangeStatus(isOK: true) }
    }

    public func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]> {
        EndpointCall(get("exchangeInfo", weight: 25)) { answer in
            try answer.list("symbols").map { try Self.market($0) }
        }
    }

    /// One of `exchangeInfo`'s symbols. `quoteAmountPrecision` is a value, the least cost, in spite of its name.
    public static func market(_ info: JSONValue) throws(UnreadableAnswer) -> ExchangeMarket {
        let (base, quote) = (try info.requiredText("baseAsset"), try info.requiredText("quoteAsset"))
        var limits = OrderLimits()
        limits.minimumAmount = try info.decimal("baseSizePrecision")
        limits.minimumCost = try info.decimal("quoteAmountPrecision")
        limits.maximumCost = try info.decimal("maxQuoteAmount")
        return ExchangeMarket(
            id: try info.requiredText("symbol"), symbol: Symbol(base: asset(base), quote: asset(quote)),
            baseID: base, quoteID: quote,
            isActive: info.text("status") == "1" && info.bool("isSpotTradingAllowed") == true,
            rounding: OrderRounding(
                amount: try step(info, "baseAssetPrecision").map { .step($0) },
                price: try step(info, "quoteAssetPrecision").map { .tick($0) }),
            limits: limits, makerFee: try info.decimal("makerCommission"),
            takerFee: try info.decimal("takerCommission"),
            priceBand: try priceBand(info),
            takesMarketOrders: info["orderTypes"]?.elements.map { $0.contains(.string("MARKET")) })
    }

    private static func step(_ info: JSONValue, _ key: String) throws(UnreadableAnswer) -> FixedDecimal? {
        guard let digits = try info.integer(key) else { return nil }
        guard (0...18).contains(digits) else {
            throw UnreadableAnswer(key, expected: "0 to 18 digits", found: "\(digits)")
        }
        return FixedDecimal(raw: Int128(Int64.powerOfTen(FixedDecimal.fractionDigits - Int(digits))))
    }

    /// How far above the last price a bid, how far below it an ask may be; the other ways are free.
    private static func priceBand(_ info: JSONValue) throws(UnreadableAnswer) -> PriceBand? {
        for filter in info["filters"]?.elements ?? [] where filter.text("filterType") == "PERCENT_PRICE_BY_SIDE" {
            guard let up = try filter.decimal("bidMultiplierUp"), let down = try filter.decimal("askMultiplierDown")
            else { continue }
            return PriceBand(
                bidDown: .zero, bidUp: try Derived.sum(.one, up, "bidMultiplierUp"),
                askDown: max(try Derived.difference(.one, down, "askMultiplierDown"), .zero), askUp: "1000000")
        }
        return nil
    }

    // MARK: - Currencies

    /// Names of assets that others call otherwise.
    static func asset(_ code: String) -> AssetID { AssetID(assets[code] ?? code) }

    /// The exchange's code.
    func code(_ asset: AssetID) -> String {
        catalog.currency(asset)?.id ?? Self.codes[asset.rawValue] ?? asset.rawValue
    }

    private static let assets = [
        "GAS": "GASDAO", "GASNEO": "GAS", "GMT": "GMTTOKEN", "STEPN": "GMT", "FLUX1": "FLUX", "FLUX": "FLUX1",
        "BCHSV": "BSV",
    ]

    private static let codes = Dictionary(
        assets.filter { $0.key != "BCHSV" }.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })

    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        EndpointCall(signed(.get, "capital/config/getall", weight: 10)) { answer in
            try answer.list().map { try Self.currency($0) }
        }
    }

    /// One of `capital/config/getall`. What the currency itself does not say comes from its networks: the lowest fee, the
    /// widest limits.
    public static func currency(_ info: JSONValue) throws(UnreadableAnswer) -> ExchangeCurrency {
        let code = try info.requiredText("coin")
        let networks = try (info["networkList"]?.elements ?? []).map { value throws(UnreadableAnswer) in
            try network(value)
        }
        var limits = TransferLimits()
        limits.minimumWithdrawal = networks.compactMap(\.limits.minimumWithdrawal).min()
        limits.maximumWithdrawal = networks.compactMap(\.limits.maximumWithdrawal).max()
        return ExchangeCurrency(
            id: code, asset: asset(code), name: info.text("name"),
            canDeposit: networks.isEmpty ? nil : networks.contains { $0.canDeposit == true },
            canWithdraw: networks.isEmpty ? nil : networks.contains { $0.canWithdraw == true },
            withdrawalFee: networks.compactMap(\.withdrawalFee).min(), limits: limits, isFiat: false,
            networks: networks)
    }

    private static func network(_ info: JSONValue) throws(UnreadableAnswer) -> ExchangeNetwork {
        let long = try info.requiredText("network")
        let short = info.text("netWork") ?? long
        var limits = TransferLimits()
        limits.minimumWithdrawal = try info.decimal("withdrawMin")
        limits.maximumWithdrawal = try info.decimal("withdrawMax")
        return ExchangeNetwork(
            id: short, code: networkCode(short, long), name: long, canDeposit: info.bool("depositEnable"),
            canWithdraw: info.bool("withdrawEnable"), withdrawalFee: try info.decimal("withdrawFee"), limits: limits)
    }

    /// The common name of a network: by its short name, else by its long one (`Tron(TRC20)`).
    static func networkCode(_ short: String?, _ long: String?) -> String {
        if let short { return networkCodes[short] ?? short }
        guard let long else { return "" }
        guard let open = long.lastIndex(of: "("), long.hasSuffix(")") else { return networkCodes[long] ?? long }
        let inner = String(long[long.index(after: open)...].dropLast())
        return networkCodes[inner] ?? inner
    }

    private static let networkCodes = [
        "BSC": "BEP20", "ETH": "ERC20", "TRX": "TRC20", "APTOS": "APT", "AVAX_CCHAIN": "AVAXC", "AVAX CCHAIN": "AVAXC",
        "AVAX_XCHAIN": "AVAXX", "OP": "OPTIMISM", "ARB": "ARBITRUM", "DOTASSETHUB": "DOT", "TONCOIN": "TON",
        "ZKSYNCERA": "ZKSYNC", "HECO": "HRC20", "OKT": "OKC",
    ]
}
