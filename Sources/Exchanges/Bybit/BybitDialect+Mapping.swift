import TradingCore

extension BybitDialect {
    /// Ids cannot be split: what is not listed has no symbol.
    func symbol(ofMarket id: String?) -> Symbol? { id.flatMap { catalog.market(id: $0)?.symbol } }

    func asset(_ id: String) -> AssetID { catalog.currency(id: id)?.asset ?? BybitDialect.renamed[id] ?? AssetID(id) }

    func currencyID(_ asset: AssetID) -> String { catalog.currency(asset)?.id ?? asset.rawValue }

    static let renamed: [String: AssetID] = ["XBT": "BTC", "BCHSV": "BSV"].mapValues { AssetID($0) }

    static func side(_ word: String?) throws(UnreadableAnswer) -> Side? {
        switch word {
        case "Buy": .buy
        case "Sell": .sell
        case nil: nil
        case let word?: throw UnreadableAnswer("side", expected: "Buy or Sell", found: word)
        }
    }

    static func word(_ side: Side) -> String { side == .buy ? "Buy" : "Sell" }

    static func orderState(_ word: String?) -> OrderState? {
        switch word {
        case nil: nil
        case "New", "PartiallyFilled", "Untriggered", "Triggered", "Created", "Active": .open
        case "Filled": .closed
        case "Cancelled", "PartiallyFilledCanceled", "Deactivated": .cancelled
        case "PendingCancel": .cancelling
        case "Rejected": .rejected
        case let word?: .other(word)
        }
    }

    static func orderType(_ word: String?) -> OrderKind? {
        switch word {
        case nil: nil
        case "Limit": .limit
        case "Market": .market
        case let word?: .other(word.lowercased())
        }
    }

    static func timeInForce(_ word: String?) -> TimeInForceTold? {
        switch word {
        case "GTC": .goodTillCancelled
        case "IOC": .immediateOrCancel
        case "FOK": .fillOrKill
        case "PostOnly", "RPI": .postOnly
        default: nil
        }
    }

    /// A fee whose currency is not named is taken from what the order brings, a rebate from what it costs.
    func feeAsset(_ market: ExchangeMarket?, _ side: Side?, _ cost: FixedDecimal) -> AssetID? {
        guard let market, let side else { return nil }
        return (side == .buy) == cost.isPositive ? market.symbol.base : market.symbol.quote
    }

    // MARK: - Networks

    /// The common name of a chain. A network's own coin goes by the network: ether on ERC20 is on ETH.
    static func network(_ chain: String, _ currency: String) -> String {
        if chain == currency { return chain }
        return networks.first { $0.chain == chain }?.code ?? chain
    }

    static func chain(_ network: String, _ currency: String) -> String {
        if network == currency { return network }
        return networks.first { $0.code == network.uppercased() }?.chain ?? network
    }

    private static let networks: [(code: String, chain: String)] = [
        ("ERC20", "ETH"), ("TRC20", "TRX"), ("BEP20", "BSC"), ("ARBONE", "ARBI"), ("AVAXC", "CAVAX"),
        ("AVAXX", "XAVAX"), ("OP", "OP"), ("APT", "APTOS"), ("OASYS", "OAS"), ("WAX", "WAXP"), ("BEP2", "BNB"),
        ("ZKSYNCERA", "ZKV2"), ("OASIS", "ROSE"), ("MATIC", "MATIC"),
    ]
}
