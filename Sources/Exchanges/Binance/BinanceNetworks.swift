import TradingCore

/// Networks by Binance's names and by the common ones.
enum BinanceNetworks {
    private static let common: [String: String] = [
        "ETH": "ERC20", "TRX": "TRC20", "BSC": "BEP20", "BNB": "BEP2", "ARBITRUM": "ARBONE", "OPTIMISM": "OP",
        "SEGWITBTC": "BTCSEGWIT", "LIGHTNING": "BTCLIGHTNING",
    ]
    private static let own: [String: String] = [
        "ERC20": "ETH", "TRC20": "TRX", "BEP20": "BSC", "BEP2": "BNB", "ARBONE": "ARBITRUM", "OP": "OPTIMISM",
        "SPL": "SOL", "POLYGON": "MATIC", "AVALANCHE": "AVAXC", "BTCSEGWIT": "SEGWITBTC", "BTCLIGHTNING": "LIGHTNING",
    ]

    /// A chain's own coin travels on the chain itself: ETH on ETH, a token on ERC20.
    static func code(of id: String, for asset: AssetID) -> String {
        if id == asset.rawValue, id == "ETH" || id == "TRX" { return id }
        return common[id] ?? id
    }

    /// - Parameter name: common or Binance's own.
    static func id(of name: String, _ currency: ExchangeCurrency?) -> String {
        let networks = currency?.networks ?? []
        if let network = networks.first(where: { $0.code == name }) ?? networks.first(where: { $0.id == name }) {
            return network.id
        }
        return own[name] ?? name
    }

    /// The network whose explorer shows an address, as deposit addresses tell it.
    static func code(ofExplorer url: String, for asset: AssetID) -> String? {
        let host = url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first.map(String.init) ?? ""
        let plain = host.hasPrefix("www.") ? String(host.dropFirst(4)) : host
        return explorers[plain].map { code(of: $0, for: asset) }
    }

    private static let explorers: [String: String] = [
        "etherscan.io": "ETH", "tronscan.org": "TRX", "bscscan.com": "BSC", "solscan.io": "SOL",
        "explorer.solana.com": "SOL", "polygonscan.com": "MATIC", "arbiscan.io": "ARBITRUM",
        "optimistic.etherscan.io": "OPTIMISM", "snowtrace.io": "AVAXC", "basescan.org": "BASE", "nearblocks.io": "NEAR",
        "tonscan.org": "TON", "celoscan.io": "CELO", "opbnbscan.com": "OPBNB", "kavascan.com": "KAVAEVM",
        "xrpscan.com": "XRP", "livenet.xrpl.org": "XRP", "live.blockcypher.com": "LTC", "btc.com": "BTC",
        "tzkt.io": "XTZ", "scrollscan.com": "SCROLL",
    ]
}
