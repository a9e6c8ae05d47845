public import TradingCore

extension KuCoinDialect {
    /// - Parameter network: the common name; nil takes KuCoin's default of the asset.
    public func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        let fields = addressFields(asset, network)
        let request = privateRequest(.get, "deposit-addresses", fields.with(extra), .management, weight: 5)
        return call(request) { data in
            guard let row = data.elements == nil ? data : data[0], let address = try self.address(row, asset) else {
                throw ExchangeFailure(
                    .invalidAddress, message: "KuCoin has no address of \(asset) yet: it has to be made first")
            }
            return address
        }
    }

    public func createDepositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        let fields = addressFields(asset, network)
        let request = privateRequest(.post, "deposit-address/create", fields.with(extra), .management, weight: 20)
        return call(request) { data in
            guard let address = try self.address(data, asset) else {
                throw ExchangeFailure(.addressPending, message: "KuCoin is still making the address of \(asset)")
            }
            return address
        }
    }

    private func addressFields(_ asset: AssetID, _ network: String?) -> ParameterList {
        var fields = ParameterList()
        fields.add("currency", currencyID(asset))
        fields.add("chain", network.map { chain($0, of: asset) })
        return fields
    }

    private func address(_ row: JSONValue, _ asset: AssetID) throws -> DepositAddress? {
        guard let address = row.text("address") else { return nil }
        let told = row.text("currency").map { self.asset($0) } ?? asset
        let chain = row.text("chainId") ?? row.text("chain") ?? row.text("chainName")
        return DepositAddress(
            asset: told, network: chain.map { network($0, of: told) }, address: address, tag: row.text("memo"))
    }

    /// Of what lies on the funding account (`main`).
    public func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer> {
        let chain = withdrawal.network.map { self.chain($0, of: withdrawal.asset) }
        var fields = ParameterList()
        fields.add("currency", currencyID(withdrawal.asset))
        fields.add("toAddress", withdrawal.address)
        fields.add("withdrawType", "ADDRESS")
        fields.add("memo", withdrawal.tag)
        fields.add("chain", chain)
        let amount = try rounded(withdrawal.amount, withdrawal.asset, chain)
        // A number here, and a text everywhere else.
        fields.add("amount", .number(amount.description))
        let request = privateRequest(.post, "withdrawals", fields.with(withdrawal.extra), .management, weight: 5)
        return call(request) { data in
            var transfer = ExchangeTransfer(id: try data.requiredText("withdrawalId"))
            transfer.kind = .withdrawal
            transfer.asset = withdrawal.asset
            return transfer
        }
    }

    /// Cut to the network's digits, or the asset's.
    private func rounded(
        _ amount: FixedDecimal, _ asset: AssetID, _ chain: String?
    ) throws(ExchangeFailure) -> FixedDecimal {
        let currency = catalog.currency(asset)
        let network = currency?.networks.first { $0.id == chain }
        guard let step = network?.precision ?? currency?.precision, step.isPositive else { return amount }
        guard let rounded = try? amount.rounded(toMultipleOf: step, .down), rounded.isPositive else {
            throw ExchangeFailure(.invalidOrder, message: "\(amount) \(asset) is less than one step of \(step)")
        }
        return rounded
    }

    public func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("deposits", .deposit, query, weight: 5)
    }

    public func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        transfers("withdrawals", .withdrawal, query, weight: 20)
    }

    private func transfers(
        _ path: String, _ kind: ExchangeTransfer.Kind, _ query: HistoryQuery, weight: Int
    ) -> EndpointCall<[ExchangeTransfer]> {
        var fields = ParameterList()
        fields.add("currency", query.asset.map { currencyID($0) })
        KuCoinDialect.addWindow(query, to: &fields, limit: "pageSize", maximum: 500)
        let request = privateRequest(.get, path, fields.with(query.extra), .management, weight: weight)
        return call(request) { data in
            query.kept(try KuCoinDialect.rows(data).map { try transfer($0, kind) })
        }
    }

    private func transfer(_ row: JSONValue, _ kind: ExchangeTransfer.Kind) throws -> ExchangeTransfer {
        var transfer = ExchangeTransfer(id: row.text("id") ?? row.text("withdrawalId"))
        // `transaction@address` for transfers of some chains.
        transfer.transactionID = row.text("walletTxId").map { String($0.prefix { $0 != "@" }) }
        transfer.kind = kind
        transfer.asset = row.text("currency").map { asset($0) }
        transfer.network = row.text("chain").map { network($0, of: transfer.asset) }
        transfer.amount = try row.decimal("amount")
        if let fee = try row.decimal("fee") { transfer.fee = ExchangeFee(cost: fee, asset: transfer.asset) }
        transfer.status = KuCoinDialect.transferStatus(row.text("status"))
        transfer.address = row.text("address")
        transfer.tag = row.text("memo")
        transfer.comment = row.text("remark")
        transfer.isInternal = row.bool("isInner")
        transfer.createdAt = try KuCoinDialect.milliseconds(row, "createdAt")
        transfer.updatedAt = try KuCoinDialect.milliseconds(row, "updatedAt")
        return transfer
    }

    private static func transferStatus(_ word: String?) -> ExchangeTransfer.Status? {
        switch word {
        case "SUCCESS": .ok
        case "PROCESSING", "WALLET_PROCESSING", "REVIEW", "WAIT_TRAVEL_VERIFY", "WAIT_TRM_MGT": .pending
        case "FAILURE": .failed
        case nil: nil
        case .some(let word): .other(word)
        }
    }
}
