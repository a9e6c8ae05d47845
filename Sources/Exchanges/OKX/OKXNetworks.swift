/// OKX's names of networks and those that everybody uses.
enum OKXNetworks {
    /// The common name of what OKX calls `name`. A network's own coin goes by the network: ether on ERC20 is on ETH.
    static func code(_ name: String, currency: String) -> String {
        switch (currency, name) {
        case ("ETH", "ERC20"): "ETH"
        case ("TRX", "TRC20"): "TRX"
        case ("CRO", "CRC20"): "CRONOS"
        default: codes[name] ?? name
        }
    }

    /// OKX's name of a network, capitals not minded.
    static func name(_ code: String) -> String {
        switch code.uppercased() {
        case "ETH", "ERC20": "ERC20"
        case "TRX", "TRC20": "TRC20"
        default: names[code.uppercased()] ?? code
        }
    }

    /// ETH and ERC20, TRX and TRC20 are one network each for the network's own coin.
    static func isSame(_ left: String, _ right: String, _ currency: String) -> Bool {
        left.uppercased() == right.uppercased()
            || code(name(left), currency: currency) == code(name(right), currency: currency)
    }

    private static let codes: [String: String] = [
        "Algorand": "ALGO", "Aptos": "APT", "Arbitrum One": "ARBONE", "Astar": "ASTR",
        "Avalanche C-Chain": "AVAXC", "Avalanche X-Chain": "AVAXX", "Base": "BASE", "Bitcoin": "BTC",
        "Bitcoin SV": "BSV", "BitcoinCash": "BCH", "Bytom": "BTM", "CELESTIA": "TIA", "Cardano": "ADA",
        "Casper": "CSPR", "Celo": "CELO", "Conflux": "CFX", "Cosmos": "ATOM", "Decred": "DCR", "Dfinity": "ICP",
        "Digibyte": "DGB", "Digital Cash": "DASH", "Dogecoin": "DOGE", "Elrond": "EGLD", "Eminer": "EM",
        "Ethereum Classic": "ETC", "EthereumPoW": "ETHW", "Fantom": "FTM", "Filecoin": "FIL", "Flow": "FLOW",
        "Fusion": "FSN", "Harmony": "ONE", "Hedera": "HBAR", "Horizen": "ZEN", "ICON": "ICX", "Kadena": "KDA",
        "Khala": "PHA", "Klaytn": "KLAY", "Kusama": "KSM", "Lightning": "BTCLIGHTNING", "Linea": "LINEA", "Lisk": "LSK",
        "Litecoin": "LTC", "MIOTA": "IOTA", "Mantle": "MANTLE", "Metis": "METIS", "Monad": "MONAD", "Monero": "XMR",
        "Moonbeam": "GLMR", "Moonriver": "MOVR", "N3": "NEO", "Nano": "XNO", "Nervos": "CKB", "Ontology": "ONT",
        "Optimism": "OP", "Plasma": "PLASMA", "PlatON": "PLATON", "Polkadot": "DOT", "Polygon": "MATIC",
        "Quantum": "QTUM", "Ravencoin": "RVN", "Ripple": "XRP", "Scroll": "SCROLL", "Siacoin": "SC", "Solana": "SOL",
        "Stacks": "STX", "Stellar Lumens": "XLM", "TerraClassic": "LUNC", "Terra": "LUNA", "Tempo": "TEMPO",
        "Tezos": "XTZ", "Theta": "THETA", "Wax": "WAX", "Zcash": "ZEC", "Zilliqa": "ZIL", "l-Stacks": "STX",
        "zkSync Era": "ZKSYNCERA",
    ]

    private static let names = Dictionary(
        codes.sorted { $0.key < $1.key }.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
}
