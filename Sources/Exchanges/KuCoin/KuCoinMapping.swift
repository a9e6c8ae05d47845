import TradingCore

/// KuCoin's names in ours and back.
extension KuCoinDialect {
    func asset(_ id: String) -> AssetID {
        let name = id.uppercased()
        return AssetID(KuCoinDialect.assets[name] ?? name)
    }

    func currencyID(_ asset: AssetID) -> String {
        catalog.currency(asset)?.id ?? KuCoinDialect.currencyIDs[asset.rawValue] ?? asset.rawValue
    }

    /// The market's symbol; of a market that is not loaded, what its name says.
    func symbol(_ pair: String?) -> Symbol? {
        guard let pair else { return nil }
        if let known = catalog.symbol(id: pair) { return known }
        let parts = pair.split(separator: "-")
        guard parts.count == 2 else { return nil }
        return Symbol(base: asset(String(parts[0])), quote: asset(String(parts[1])))
    }

    /// The common name of a chain. A network's own coin travels under its own name.
    func network(_ chain: String, of asset: AssetID?) -> String {
        let name = chain.lowercased()
        if name == "eth" || name == "trx", let asset, asset.rawValue == name.uppercased() { return asset.rawValue }
        return KuCoinDialect.networks[name] ?? chain
    }

    /// KuCoin's name of a network, of those on which it lists the asset first.
    func chain(_ network: String, of asset: AssetID) -> String {
        let listed = catalog.currency(asset)?.networks
        if let known = listed?.first(where: { $0.code == network || $0.id == network }) { return known.id }
        if let known = listed?.first(where: { KuCoinDialect.networks[$0.id] == network }) { return known.id }
        return KuCoinDialect.networks.first { $0.value == network }?.key ?? network.lowercased()
    }

    /// Tickers that mean something else elsewhere.
    private static let assets = ["XBT": "BTC", "BCHSV": "BSV", "WAX": "WAXP", "BIFI": "BIFIF", "VAI": "VAIOT"]
    private static let currencyIDs = ["BSV": "BCHSV", "WAXP": "WAX", "BIFIF": "BIFI", "VAIOT": "VAI"]

    /// KuCoin's chain to the common name. Chains that are not here keep KuCoin's.
    private static let networks: [String: String] = {
        var names = [
            "btc": "BTC", "bech32": "BTCNATIVESEGWIT", "eth": "ERC20", "trx": "TRC20", "bsc": "BEP20", "bnb": "BEP2",
            "arbitrum": "ARBONE", "optimism": "OP", "aptos": "APT", "avax": "AVAXX", "bchsv": "BSV",
        ]
        for same in [
            "kcc", "sol", "ton", "matic", "avaxc", "near", "xtz", "base", "ltc", "ada", "algo", "eos", "cfx", "ont",
            "glmr", "xrd", "rvn", "bch", "xlm", "vet", "iost", "zil", "xrp", "xmr", "theta", "ksm", "waves", "dot",
            "qtum", "doge", "fil", "atom", "xdc", "kda", "icp", "celo", "flow", "egld", "hbar", "ar", "ftm", "kava",
            "xec", "iota", "astr", "metis", "zec", "etc", "akt", "stx", "ckb", "zen",
        ] {
            names[same] = same.uppercased()
        }
        return names
    }()

    // MARK: - Words

    static func side(_ word: String?) -> Side? {
        switch word {
        case "buy", "BUY": .buy
        case "sell", "SELL": .sell
        default: nil
        }
    }

    static func kind(_ word: String?) -> OrderKind? {
        switch word {
        case "limit": .limit
        case "market": .market
        case nil: nil
        case .some(let word): .other(word.lowercased())
        }
    }

    static func timeInForce(_ word: String?) -> TimeInForceTold? { word.flatMap { TimeInForceTold(rawValue: $0) } }

    static func liquidity(_ word: String?) -> Liquidity? {
        switch word {
        case "maker": .maker
        case "taker": .taker
        default: nil
        }
    }

    /// KuCoin tells times in milliseconds and in nanoseconds, by field and by age of the interface.
    static func milliseconds(_ row: JSONValue, _ key: String) throws(UnreadableAnswer) -> Int64? {
        try row.integer(key).map { milliseconds($0) }
    }

    static func milliseconds(_ time: Int64) -> Int64 {
        switch time {
        case 100_000_000_000_000_000...: time / 1_000_000
        case 100_000_000_000_000...: time / 1_000
        default: time
        }
    }
}
