import TradingCore

extension BitfinexDialect {
    private static let currencyLists = [
        "pub:list:currency", "pub:map:currency:sym", "pub:map:currency:label", "pub:map:currency:unit",
        "pub:map:currency:undl", "pub:map:currency:pool", "pub:map:currency:explorer", "pub:map:currency:tx:fee",
        "pub:map:tx:method", "pub:info:tx:status",
    ]

    /// Currencies with their withdrawal fees and ways of transfer. Derivatives' are left out.
    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        EndpointCall(get("conf/" + Self.currencyLists.joined(separator: ","), [], "conf")) { answer in
            let lists = try answer.list()
            guard lists.count >= Self.currencyLists.count else {
                throw UnreadableAnswer("answer", expected: "\(Self.currencyLists.count) lists", found: "\(lists.count)")
            }
            let labels = try Self.map(lists[2])
            let fees = try Self.map(lists[7])
            let methods = try Self.methods(lists[8], statuses: lists[9])
            return try lists[0].list(named: "currencies").compactMap { code in
                guard let code = code.text else { return nil }
                return code.hasSuffix("F0")
                    ? nil : try Self.currency(code, labels[code]?.text, fees[code], methods[code] ?? [])
            }
        }
    }

    private static func map(_ list: JSONValue) throws(UnreadableAnswer) -> [String: JSONValue] {
        var map: [String: JSONValue] = [:]
        for row in try list.list(named: "map") {
            guard let key = row.text(0), let value = row[1] else { continue }
            map[key] = value
        }
        return map
    }

    private static func currency(
        _ code: String, _ label: String?, _ fee: JSONValue?, _ networks: [ExchangeNetwork]
    ) throws(UnreadableAnswer) -> ExchangeCurrency {
        let withdrawalFee = try fee?.decimal(1)
        var limits = TransferLimits()
        limits.minimumWithdrawal = withdrawalFee
        return ExchangeCurrency(
            id: code, asset: asset(code), name: label, isActive: true, canDeposit: true, canWithdraw: true,
            withdrawalFee: withdrawalFee, precision: "0.00000001", limits: limits,
            isFiat: fiat.contains(code) ? true : nil, networks: networks)
    }

    /// The ways of transfer of each currency: `["TETHERUSE",["UST"]]`, and `[method, deposits, withdrawals, …]`.
    private static func methods(
        _ list: JSONValue, statuses: JSONValue
    ) throws(UnreadableAnswer) -> [String: [ExchangeNetwork]] {
        var states: [String: (deposit: Bool, withdrawal: Bool)] = [:]
        for row in try statuses.list(named: "statuses") {
            guard let method = row.text(0) else { continue }
            states[method] = (row.text(1) == "1", row.text(2) == "1")
        }
        var networks: [String: [ExchangeNetwork]] = [:]
        for row in try list.list(named: "methods") {
            guard let method = row.text(0), let codes = row[1]?.elements else { continue }
            let state = states[method]
            for code in codes.compactMap(\.text) {
                networks[code, default: []].append(
                    ExchangeNetwork(
                        id: method.lowercased(), code: networkCodes[method] ?? method, name: method,
                        isActive: state.map { $0.deposit && $0.withdrawal }, canDeposit: state?.deposit,
                        canWithdraw: state?.withdrawal))
            }
        }
        return networks
    }

    /// Common names of the exchange's ways of transfer; those not listed keep their own.
    static let networkCodes = [
        "BITCOIN": "BTC", "LITECOIN": "LTC", "ETHEREUM": "ERC20", "TETHERUSE": "ERC20", "TETHERUSX": "TRC20",
        "TETHERUSL": "LIQUID", "TETHERUSO": "OMNI", "TETHERUSDTSOL": "SOL", "TETHERUSDTAVAX": "AVAX",
        "TETHERUSDTPLY": "MATIC", "USDC": "ERC20", "SOLANA": "SOL", "TRON": "TRX", "RIPPLE": "XRP", "MONERO": "XMR",
        "DOGECOIN": "DOGE", "CARDANO": "ADA", "POLKADOT": "DOT", "LIGHTNING": "LIGHTNING", "LNX": "LIGHTNING",
    ]

    static let fiat: Set<String> = ["USD", "EUR", "JPY", "GBP", "CHN", "TRY", "MXN"]
}
