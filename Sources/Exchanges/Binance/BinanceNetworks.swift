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
        "arbiscan.io": "ARBITRUM", "assethub-polkadot.subscan.io": "STATEMINT", "basescan.org": "BASE",
        "bithomp.com": "XRP", "bscscan.com": "BSC", "btc.com": "BTC", "celoscan.io": "CELO", "chiliscan.com": "CHZ2",
        "etherscan.io": "ETH", "explorer.aptoslabs.com": "APT", "explorer.solana.com": "SOL", "solscan.io": "SOL",
        "explorer.zksync.io": "ZKSYNCERA", "kaiascan.io": "KAIA", "kavascan.com": "KAVAEVM", "nearblocks.io": "NEAR",
        "opbnbscan.com": "OPBNB", "optimistic.etherscan.io": "OPTIMISM", "pacific-explorer.manta.network": "MANTA",
        "plasmascan.to": "PLASMA", "polygonscan.com": "MATIC", "scrollscan.com": "SCROLL", "snowtrace.io": "AVAXC",
        "tonviewer.com": "TON", "tronscan.org": "TRX", "tzkt.io": "XTZ", "voyager.online": "STARKNET",
    ]
}
