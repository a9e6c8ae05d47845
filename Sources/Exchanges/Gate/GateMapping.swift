import TradingCore

/// Gate's names in ours and back.
extension GateDialect {
    func asset(_ id: String) -> AssetID {
        let name = id.uppercased()
        return AssetID(GateDialect.assets[name] ?? name)
    }

    func currencyID(_ asset: AssetID) -> String {
        catalog.currency(asset)?.id ?? GateDialect.currencyIDs[asset.rawValue] ?? asset.rawValue
    }

    /// The market's symbol; of a market that is not loaded, what its name says.
    func symbol(_ pair: String?) -> Symbol? {
        guard let pair else { return nil }
        if let known = catalog.symbol(id: pair) { return known }
        let parts = pair.split(separator: "_")
        guard parts.count == 2 else { return nil }
        return Symbol(base: asset(String(parts[0])), quote: asset(String(parts[1])))
    }

    func network(_ chain: String, of asset: AssetID?) -> String {
        // On Bitcoin's own chain only bitcoin is no token.
        if chain == "BTC" { return asset == AssetID("BTC") ? "BTC" : "BRC20" }
        return GateDialect.networks[chain] ?? chain
    }

    /// Gate's name of a network, of those on which it lists the asset first.
    func chain(_ network: String, of asset: AssetID) -> String {
        if let known = catalog.currency(asset)?.networks.first(where: { $0.code == network || $0.id == network }) {
            return known.id
        }
        return GateDialect.networks.first { $0.value == network }?.key ?? (network == "BRC20" ? "BTC" : network)
    }

    /// Tickers that mean something else elsewhere.
    private static let assets = [
        "XBT": "BTC", "BCHSV": "BSV", "GTC": "GAMECOM", "MPH": "MORPHER", "88MPH": "MPH", "BOX": "DEFIBOX",
        "RAI": "RAIREFLEXINDEX",
    ]
    private static let currencyIDs = [
        "GAMECOM": "GTC", "MORPHER": "MPH", "MPH": "88MPH", "DEFIBOX": "BOX", "RAIREFLEXINDEX": "RAI",
    ]
    /// Gate's chain to the common name, where they differ.
    private static let networks = [
        "ETH": "ERC20", "TRX": "TRC20", "BSC": "BEP20", "ARBEVM": "ARBONE", "AVAX_C": "AVAXC", "OPETH": "OP",
        "BASEEVM": "BASE", "LINEAETH": "LINEA", "DOTSM": "POLKADOT", "KSMSM": "KUSAMA", "GTEVM": "GATECHAIN",
        "OKT": "OKC",
    ]

    // MARK: - Words

    static func side(_ word: String?) -> Side? {
        switch word {
        case "buy": .buy
        case "sell": .sell
        default: nil
        }
    }

    static func kind(_ word: String?) -> OrderKind? {
        switch word {
        case "limit": .limit
        case "market": .market
        case nil: nil
        case .some(let word): .other(word)
        }
    }

    static func timeInForce(_ word: String?) -> TimeInForceTold? {
        switch word {
        case "gtc": .goodTillCancelled
        case "ioc": .immediateOrCancel
        case "fok": .fillOrKill
        case "poc": .postOnly
        default: nil
        }
    }

    /// - Parameters:
    ///   - finish: `finish_as`: how the order ended, or `open`.
    ///   - status: `status`, told by REST alone.
    static func state(finish: String?, status: String?) -> OrderState? {
        switch finish ?? status {
        case nil: return nil
        case "open", "_new": return .open
        case "filled", "closed", "finish", "finished": return .closed
        case "cancelled", "canceled", "ioc", "poc", "fok", "failed", "stp", "expired", "small", "liquidated",
            "liquidate_cancelled", "depth_not_enough", "trader_not_enough", "price_protect_cancelled":
            return .cancelled
        case .some(let word):
            // A reason that we do not know, of an order that REST says has ended.
            guard finish != nil, let status, status != finish, status != "open" else { return .other(word) }
            return state(finish: nil, status: status)
        }
    }
}
