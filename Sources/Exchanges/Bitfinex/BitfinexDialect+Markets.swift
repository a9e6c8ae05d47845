public import TradingCore

extension BitfinexDialect {
    /// Spot pairs with their limits; pairs of derivatives are in a list of their own, paper trading's are left out.
    public func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]> {
        let path =
            "conf/pub:info:pair,pub:info:pair:futures,pub:list:pair:securities,pub:list:pair:margin"
        return EndpointCall(get(path, [], "conf")) { answer in
            guard let pairs = answer[0] else {
                throw UnreadableAnswer("[0]", expected: "a list of pairs", found: answer.compactText)
            }
            return try pairs.list(named: "[0]").compactMap { row in
                guard let pair = row.text(0), let info = row[1] else {
                    throw UnreadableAnswer("pair", expected: "a name and its limits", found: row.compactText)
                }
                return pair.contains("F0") || pair.contains("TEST") ? nil : try Self.market(pair, info)
            }
        }
    }

    /// - Parameters:
    ///   - pair: `BTCUST`, or with a colon where a code is longer than three letters: `AVAX:UST`.
    ///   - info: the least amount in [3], the most in [4]. The exchange says no more.
    /// - Returns: nil for a name that is no pair.
    public static func market(_ pair: String, _ info: JSONValue) throws(UnreadableAnswer) -> ExchangeMarket? {
        guard let (base, quote) = currencies(of: pair) else { return nil }
        var limits = OrderLimits()
        limits.minimumAmount = try info.decimal(3)
        limits.maximumAmount = try info.decimal(4)
        limits.minimumPrice = "0.00000001"
        return ExchangeMarket(
            id: "t" + pair, symbol: Symbol(base: asset(base), quote: asset(quote)), baseID: base, quoteID: quote,
            isActive: true,
            rounding: OrderRounding(
                amount: .fractionDigits(8), price: .significantDigits(5, maximumFractionDigits: 8)),
            limits: limits,
            // The schedule's first tier; an account's own are in `tradingFees`.
            makerFee: "0.001", takerFee: "0.002", takesMarketOrders: true)
    }

    private static func currencies(of pair: String) -> (base: String, quote: String)? {
        let parts = pair.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty { return (String(parts[0]), String(parts[1])) }
        guard parts.count == 1, pair.utf8.count == 6, pair.utf8.allSatisfy({ $0 < 128 }) else { return nil }
        return (String(pair.prefix(3)), String(pair.suffix(3)))
    }

    // MARK: - Codes

    /// The common code of one of the exchange's.
    static func asset(_ code: String) -> AssetID { AssetID(assets[code] ?? code) }

    /// The exchange's code: of a currency in the catalog, else by the table.
    func code(_ asset: AssetID) -> String {
        catalog.currency(asset)?.id ?? Self.codesByAsset[asset.rawValue] ?? asset.rawValue
    }

    private static let assets = [
        "UST": "USDT", "UDC": "USDC", "IOT": "IOTA", "DSH": "DASH", "QTM": "QTUM", "ALG": "ALGO", "ATO": "ATOM",
        "BCHN": "BCH", "MNA": "MANA", "TSD": "TUSD", "EUT": "EURT", "LUNA2": "LUNA", "LUNA": "LUNC",
        "TERRAUST": "USTC", "WAX": "WAXP", "AMP": "AMPL", "XBT": "BTC", "BCHSV": "BSV",
    ]

    private static let codesByAsset = Dictionary(
        assets.filter { $0.key != "XBT" && $0.key != "BCHSV" }.map { ($0.value, $0.key) },
        uniquingKeysWith: { first, _ in first })
}
