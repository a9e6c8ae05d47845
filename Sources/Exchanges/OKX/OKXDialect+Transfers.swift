public import TradingCore

/// Source: www.okx.com/docs-v5, "Funding Account".
extension OKXDialect {
    public func currencies() throws(ExchangeFailure) -> EndpointCall<[ExchangeCurrency]> {
        ask(.private, "asset/currencies") { rows in try currencies(rows) }
    }

    /// Without a network that of most deposits: TRC20 for USDT, the asset's own, or else ERC20.
    public func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        let currency = currencyID(asset)
        var fields = RequestFields(["ccy": currency])
        fields.put(extra)
        return ask(.private, "asset/deposit-address", fields) { rows in
            let addresses = try rows.filter { $0.bool("selected") != false }.map { try address($0) }
            let wanted = network.map { [$0] } ?? (currency == "USDT" ? ["TRC20"] : [currency]) + ["ERC20"]
            for code in wanted {
                if let found = addresses.first(where: { OKXNetworks.isSame($0.network ?? "", code, currency) }) {
                    return found
                }
            }
            guard network == nil, let first = addresses.first else {
                throw ExchangeFailure(
                    .invalidAddress, message: "no address for \(asset) on \(network ?? "any network")")
            }
            return first
        }
    }

    /// The network's fee has to be named; it is taken from the list of currencies when the request leaves it out.
    public func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer> {
        let currency = currencyID(withdrawal.asset)
        let named = withdrawal.extra.first { $0.key == "chain" }?.value.text
        guard let chain = withdrawal.network.map({ chain(currency, $0) }) ?? named else {
            throw ExchangeFailure(.argumentsRequired, message: "a network is required")
        }
        let listed = catalog.currency(withdrawal.asset)?.networks.first { $0.id == chain }
        guard let fee = withdrawal.fee ?? listed?.withdrawalFee else {
            throw ExchangeFailure(.argumentsRequired, message: "the fee of a withdrawal is required")
        }
        guard withdrawal.amount.isPositive else {
            throw ExchangeFailure(.badRequest, message: "amount \(withdrawal.amount) is not positive")
        }
        var fields = RequestFields([
            "ccy": currency, "toAddr": withdrawal.address + (withdrawal.tag.map { ":" + $0 } ?? ""),
            // To an address on a chain, not to another account of OKX.
            "dest": "4", "amt": withdrawal.amount.description, "chain": chain, "fee": fee.description,
            "clientId": withdrawal.clientID,
        ])
        fields.put(withdrawal.extra)
        return tell("asset/withdrawal", fields) { rows in try transfer(try rows.only("data"), .withdrawal) }
    }

    public func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("asset/deposit-history", .deposit, query)
    }

    public func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("asset/withdrawal-history", .withdrawal, query)
    }

    private func transfers(
        _ path: String, _ kind: ExchangeTransfer.Kind, _ query: HistoryQuery
    ) -> EndpointCall<[ExchangeTransfer]> {
        var fields = RequestFields(["ccy": query.asset.map { currencyID($0) }])
        // The ends are exclusive.
        fields.put("before", number: query.since.map { max($0 &- 1, 0) })
        fields.put("after", number: query.until)
        fields.put("limit", number: query.limit.map { min(max($0, 1), 100) })
        fields.put(query.extra)
        return ask(.private, path, fields) { rows in
            query.selection(from: try rows.map { try transfer($0, kind) }) { $0.createdAt }
        }
    }

    // MARK: - Answers

    /// One row for each network; an asset's come together under its name.
    func currencies(_ rows: [JSONValue]) throws(UnreadableAnswer) -> [ExchangeCurrency] {
        var currencies: [ExchangeCurrency] = []
        var places: [String: Int] = [:]
        for row in rows {
            let id = try row.requiredText("ccy")
            let place = places[id] ?? currencies.count
            if place == currencies.count {
                places[id] = place
                let currency = ExchangeCurrency(
                    id: id, asset: OKXDialect.renamed[id] ?? AssetID(id), name: row.text("name"), isFiat: false)
                currencies.append(currency)
            }
            // A currency of no chain, such as a fiat one, has a row without a dash.
            guard let chain = row.text("chain"), chain.contains("-") else { continue }
            currencies[place].networks.append(try network(row, chain))
        }
        return currencies.map { $0.completed() }
    }

    private func network(_ row: JSONValue, _ chain: String) throws(UnreadableAnswer) -> ExchangeNetwork {
        var limits = TransferLimits()
        limits.minimumWithdrawal = try row.decimal("minWd")
        limits.maximumWithdrawal = try row.decimal("maxWd")
        var precision: FixedDecimal?
        if let digits = try row.integer("wdTickSz"), (0...18).contains(digits) {
            precision = FixedDecimal(raw: Int128(Int64.powerOfTen(18 - Int(digits))))
        }
        return ExchangeNetwork(
            id: chain, code: network(ofChain: chain) ?? chain, canDeposit: row.bool("canDep"),
            canWithdraw: row.bool("canWd"),
            withdrawalFee: try row.decimal("fee", or: "minFee"), precision: precision, limits: limits)
    }

    private func address(_ row: JSONValue) throws(UnreadableAnswer) -> DepositAddress {
        let extra = row["addrEx"]
        let tag = row.text("tag") ?? row.text("memo") ?? row.text("pmtId") ?? extra?.text("comment")
        return DepositAddress(
            asset: row.text("ccy").map { asset($0) }, network: network(ofChain: row.text("chain")),
            address: try row.requiredText("addr"), tag: tag)
    }

    func transfer(_ row: JSONValue, _ kind: ExchangeTransfer.Kind) throws(UnreadableAnswer) -> ExchangeTransfer {
        var transfer = ExchangeTransfer(id: row.text(kind == .withdrawal ? "wdId" : "depId"))
        transfer.clientID = kind == .withdrawal ? row.text("clientId") : nil
        transfer.kind = kind
        transfer.transactionID = row.text("txId")
        transfer.asset = row.text("ccy").map { asset($0) }
        transfer.network = network(ofChain: row.text("chain"))
        transfer.amount = try row.decimal("amt")
        transfer.addressFrom = row.text("from")
        transfer.addressTo = row.text("to")
        transfer.address = transfer.addressTo
        transfer.tagTo = row.text("tag") ?? row.text("memo") ?? row.text("pmtId")
        transfer.tag = transfer.tagTo
        transfer.createdAt = try row.integer("ts")
        transfer.status = OKXDialect.transferStatus(row.text("state"), kind)
        if kind == .deposit {
            // Deposits are free.
            transfer.fee = ExchangeFee(cost: .zero, asset: transfer.asset)
        } else if let cost = try row.decimal("fee") {
            transfer.fee = ExchangeFee(cost: cost, asset: row.text("feeCcy").map { asset($0) } ?? transfer.asset)
        }
        return transfer
    }

    /// Deposits: 0 to 1 confirming and credited, 2 done, 8 and 11 to 17 held. Withdrawals: -3 cancelling, -2 cancelled,
    /// -1 failed, 2 sent, the rest on their way.
    private static func transferStatus(_ word: String?, _ kind: ExchangeTransfer.Kind) -> ExchangeTransfer.Status? {
        switch (word, kind) {
        case (nil, _): nil
        case ("2", _): .ok
        case ("-2", .withdrawal): .cancelled
        case ("-1", .withdrawal): .failed
        case (let word?, _): Int(word) == nil ? .other(word) : .pending
        }
    }
}
