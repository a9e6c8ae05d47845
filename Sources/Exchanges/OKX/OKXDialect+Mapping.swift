import TradingCore

extension OKXDialect {
    // MARK: - Names

    /// The instrument's symbol; of one that is not listed, by its own name `BASE-QUOTE`.
    func symbol(ofInstrument id: String?) -> Symbol? {
        guard let id else { return nil }
        if let market = catalog.market(id: id) { return market.symbol }
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts.contains(where: \.isEmpty) else { return nil }
        return Symbol(base: asset(String(parts[0])), quote: asset(String(parts[1])))
    }

    func asset(_ id: String) -> AssetID {
        if let currency = catalog.currency(id: id) { return currency.asset }
        return OKXDialect.renamed[id] ?? AssetID(id)
    }

    func currencyID(_ asset: AssetID) -> String { catalog.currency(asset)?.id ?? asset.rawValue }

    static let renamed: [String: AssetID] = ["XBT": "BTC", "BCHSV": "BSV"].mapValues { AssetID($0) }

    // MARK: - Words

    static func side(_ row: JSONValue) throws(UnreadableAnswer) -> Side? {
        switch row.text("side") {
        case "buy": .buy
        case "sell": .sell
        case nil: nil
        case let other: throw UnreadableAnswer("side", expected: "buy or sell", found: other ?? "")
        }
    }

    static func liquidity(_ row: JSONValue) -> Liquidity? {
        switch row.text("execType") {
        case "M": .maker
        case "T": .taker
        default: nil
        }
    }

    static func orderState(_ word: String?) -> OrderState? {
        switch word {
        case nil: nil
        case "live", "partially_filled": .open
        case "filled", "effective": .closed
        case "canceled", "mmp_canceled", "order_failed": .cancelled
        case let word?: .other(word)
        }
    }

    /// An order's kind and what its name says of time in force.
    static func orderType(_ word: String?) -> (type: OrderKind?, timeInForce: TimeInForceTold?, isPostOnly: Bool?) {
        switch word {
        case nil: (nil, nil, nil)
        case "limit": (.limit, nil, nil)
        case "market": (.market, nil, nil)
        case "post_only", "mmp_and_post_only": (.limit, .postOnly, true)
        case "fok": (.limit, .fillOrKill, nil)
        case "ioc": (.limit, .immediateOrCancel, nil)
        case let word?: (.other(word), nil, nil)
        }
    }

    /// OKX writes what was paid as a negative number.
    func fee(
        _ row: JSONValue, _ amount: String, _ currency: String
    ) throws(UnreadableAnswer) -> ExchangeFee? {
        guard let value = try row.decimal(amount) else { return nil }
        return ExchangeFee(
            cost: try Derived.difference(.zero, value, amount), asset: row.text(currency).map { asset($0) })
    }

    // MARK: - Networks

    /// A chain, `USDT-Arbitrum One`, by its common name: what stands behind the first dash.
    func network(ofChain chain: String?) -> String? {
        guard let chain else { return nil }
        let parts = chain.split(separator: "-", maxSplits: 1)
        guard parts.count == 2 else { return chain }
        return OKXNetworks.code(String(parts[1]), currency: String(parts[0]))
    }

    /// The chain that carries an asset on a network, by the currencies' list or, for one not listed, by its usual name.
    func chain(_ currencyID: String, _ network: String) -> String {
        let listed = catalog.currency(id: currencyID)?.networks.first {
            $0.code == network || $0.id == network || OKXNetworks.isSame($0.code, network, currencyID)
        }
        return listed?.id ?? currencyID + "-" + OKXNetworks.name(network)
    }
}
