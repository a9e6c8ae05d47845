public import TradingCore

extension GateDialect {
    /// Gate answers with the addresses of all networks.
    /// - Parameter network: the common name; nil takes the first address there is.
    public func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        var fields = ParameterList()
        fields.add("currency", currencyID(asset))
        let wanted = network.map { chain($0, of: asset) }
        return EndpointCall(accountRequest("wallet", "deposit_address", fields.with(extra))) { answer in
            let rows = try answer["multichain_addresses"]?.list(named: "multichain_addresses") ?? []
            let chosen = rows.first { row in
                guard let wanted else { return row.text("obtain_failed") != "1" && row.text("address") != nil }
                return row.text("chain") == wanted
            }
            guard let chosen else {
                throw ExchangeFailure(
                    .invalidAddress, message: "Gate has no address of \(asset) on \(network ?? "any network")")
            }
            guard chosen.text("obtain_failed") != "1", let address = chosen.text("address") else {
                throw ExchangeFailure(.addressPending, message: "Gate is still making the address of \(asset)")
            }
            return DepositAddress(
                // The row says the network and not what travels on it.
                asset: nil, network: chosen.text("chain").map { self.network($0, of: asset) }, address: address,
                tag: chosen.text("payment_id"))
        }
    }

    public func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer> {
        var fields = ParameterList()
        fields.add("currency", currencyID(withdrawal.asset))
        fields.add("address", withdrawal.address)
        fields.add("amount", withdrawal.amount.description)
        fields.add("memo", withdrawal.tag)
        fields.add("chain", withdrawal.network.map { chain($0, of: withdrawal.asset) })
        fields.add("withdraw_order_id", withdrawal.clientID)
        let request = EndpointRequest(
            .post, ["private", "withdrawals"], "withdrawals", fields.with(withdrawal.extra),
            costs: GateLimit.withdrawal.costs)
        return EndpointCall(request) { answer in try transfer(answer, .withdrawal) }
    }

    public func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("deposits", .deposit, query)
    }

    public func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("withdrawals", .withdrawal, query)
    }

    private func transfers(
        _ path: String, _ kind: ExchangeTransfer.Kind, _ query: HistoryQuery
    ) -> EndpointCall<[ExchangeTransfer]> {
        var query = query
        if let since = query.since {
            // No window may be longer than 30 days.
            let end = since &+ 30 * 86_400_000
            query.until = min(query.until ?? end, end)
        }
        var fields = ParameterList()
        fields.add("currency", query.asset.map { currencyID($0) })
        GateDialect.addWindow(query, to: &fields, maximum: 500)
        let window = query
        return EndpointCall(accountRequest("wallet", path, fields.with(query.extra))) { answer in
            window.kept(try answer.list(named: path).map { try transfer($0, kind) })
        }
    }

    private func transfer(_ row: JSONValue, _ kind: ExchangeTransfer.Kind) throws -> ExchangeTransfer {
        var transfer = ExchangeTransfer(id: row.text("id"))
        transfer.transactionID = row.text("txid")
        transfer.clientID = row.text("withdraw_order_id")
        transfer.kind = kind
        transfer.asset = row.text("currency").map { asset($0) }
        transfer.network = row.text("chain").map { network($0, of: transfer.asset) }
        transfer.amount = try row.decimal("amount")
        if let fee = try row.decimal("fee") { transfer.fee = ExchangeFee(cost: fee, asset: transfer.asset) }
        transfer.status = GateDialect.transferStatus(row.text("status"))
        transfer.address = row.text("address")
        transfer.tag = row.text("memo")
        transfer.createdAt = try GateDialect.milliseconds(seconds: row["timestamp"], "timestamp")
        return transfer
    }

    private static func transferStatus(_ word: String?) -> ExchangeTransfer.Status? {
        switch word {
        case "DONE": .ok
        case "CANCEL", "CANCELPEND": .cancelled
        case "FAIL", "INVALID": .failed
        case "REQUEST", "MANUAL", "BCODE", "EXTPEND", "VERIFY", "PROCES", "PEND", "DMOVE", "REVIEW", "SPLITPEND",
            "TRACK", "BLOCKED", "DEP_CREDITED":
            .pending
        case nil: nil
        case .some(let word): .other(word)
        }
    }
}
