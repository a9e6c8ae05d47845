public import TradingCore

extension MEXCDialect {
    public func balances(_ extra: ExtraParameters) throws(ExchangeFailure) -> EndpointCall<ExchangeBalances> {
        EndpointCall(signed(.get, "account", extra, weight: 10)) { answer in
            ExchangeBalances(
                try answer.list("balances").map { row in
                    try ExchangeBalance(
                        asset: Self.asset(try row.requiredText("asset")), free: try row.requiredDecimal("free"),
                        used: try row.requiredDecimal("locked"))
                }, time: try answer.integer("updateTime"))
        }
    }

    /// The exchange tells of the account, not of the key: that a key may read is seen from the answer, that it may not
    /// trade only where nobody may.
    public func permissions() throws(ExchangeFailure) -> EndpointCall<KeyPermissions> {
        EndpointCall(signed(.get, "account", weight: 10)) { answer in
            func forbidden(_ key: String) -> Bool? { answer.bool(key) == false ? false : nil }
            return KeyPermissions(canRead: true, canTrade: forbidden("canTrade"), canWithdraw: forbidden("canWithdraw"))
        }
    }

    public func tradingFees(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<TradingFees> {
        let market = try catalog.required(symbol)
        let fields = [JSONValue.Member(key: "symbol", value: .string(market.id))] + extra
        return EndpointCall(signed(.get, "tradeFee", fields, weight: 20)) { answer in
            guard let data = answer["data"] else {
                throw UnreadableAnswer("data", expected: "fees", found: answer.compactText)
            }
            return TradingFees(
                symbol: market.symbol, maker: try data.requiredDecimal("makerCommission"),
                taker: try data.requiredDecimal("takerCommission"))
        }
    }

    // MARK: - Deposits

    public func depositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        EndpointCall(signed(.get, "capital/deposit/address", addressFields(asset, network) + extra, weight: 10)) {
            try Self.address(in: $0, asset, network)
        }
    }

    public func createDepositAddress(
        _ asset: AssetID, network: String?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<DepositAddress> {
        guard network != nil else {
            throw ExchangeFailure(.argumentsRequired, message: "a new address needs a network")
        }
        return EndpointCall(signed(.post, "capital/deposit/address", addressFields(asset, network) + extra)) {
            try Self.address(in: $0, asset, network)
        }
    }

    /// The call wants a network's long name.
    private func addressFields(_ asset: AssetID, _ network: String?) -> ExtraParameters {
        var fields = [JSONValue.Member(key: "coin", value: .string(code(asset)))]
        if let network {
            let name = known(network, of: asset).map { $0.name ?? $0.id }
            fields.append(.init(key: "network", value: .string(name ?? network)))
        }
        return fields
    }

    /// By any of its names.
    private func known(_ network: String, of asset: AssetID) -> ExchangeNetwork? {
        let wanted = network.uppercased()
        return catalog.currency(asset)?.networks.first { candidate in
            [candidate.code, candidate.id, candidate.name ?? ""].contains { $0.uppercased() == wanted }
        }
    }

    /// The answer lists every network's. Unasked, Ethereum's is taken, else the asset's own, else the first.
    private static func address(
        in answer: JSONValue, _ asset: AssetID, _ network: String?
    ) throws -> DepositAddress {
        let addresses = try (answer.elements ?? [answer]).map { row throws(UnreadableAnswer) in
            DepositAddress(
                asset: row.text("coin").map(coinAsset) ?? asset,
                network: networkCode(row.text("netWork"), row.text("network")),
                address: try row.requiredText("address"), tag: row.text("memo"))
        }
        let wanted = network?.uppercased()
        if let wanted {
            if let exact = addresses.first(where: { $0.network?.uppercased() == wanted }) { return exact }
            if addresses.count == 1, let only = addresses.first { return only }
        } else if let chosen = addresses.first(where: { $0.network == "ERC20" })
            ?? addresses.first(where: { $0.network == asset.rawValue }) ?? addresses.first
        {
            return chosen
        }
        throw ExchangeFailure(.invalidAddress, message: "no deposit address of \(asset) on \(network ?? "any network")")
    }

    public func deposits(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        EndpointCall(signed(.get, "capital/deposit/hisrec", transferFields(query))) { answer in
            query.selected(try answer.list().map { try Self.deposit($0) }, by: \.createdAt)
        }
    }

    private static func deposit(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTransfer {
        var transfer = try transfer(row, .deposit)
        transfer.createdAt = try row.integer("insertTime")
        transfer.status =
            switch row.text("status") {
            case "5": .ok
            case "1", "2", "3", "4", "6": .pending
            case "7": .failed
            case let other: other.map { .other($0) }
            }
        return transfer
    }

    // MARK: - Withdrawals

    /// - Parameter withdrawal: `extra` may say `internal: true`, which sends to another account of the exchange, by
    ///   `toAccountType` (`EMAIL`, `UID`, `MOBILE`).
    public func withdraw(_ withdrawal: WithdrawalRequest) throws(ExchangeFailure) -> EndpointCall<ExchangeTransfer> {
        let isInternal = withdrawal.extra.contains { $0.key == "internal" && $0.value == .bool(true) }
        let extra = withdrawal.extra.filter { $0.key != "internal" }
        let amount = JSONValue.string(withdrawal.amount.description)
        guard !isInternal else {
            let fields: ExtraParameters = [
                .init(key: "asset", value: .string(code(withdrawal.asset))), .init(key: "amount", value: amount),
                .init(key: "toAccount", value: .string(withdrawal.address)),
            ]
            return sent(signed(.post, "capital/transfer/internal", fields + extra), "tranId", withdrawal.asset)
        }
        var fields: ExtraParameters = [
            .init(key: "coin", value: .string(code(withdrawal.asset))),
            .init(key: "address", value: .string(withdrawal.address)), .init(key: "amount", value: amount),
        ]
        if let tag = withdrawal.tag { fields.append(.init(key: "memo", value: .string(tag))) }
        if let network = withdrawal.network {
            let name = known(network, of: withdrawal.asset)?.id ?? network
            fields.append(.init(key: "netWork", value: .string(name)))
        }
        if let clientID = withdrawal.clientID {
            fields.append(.init(key: "withdrawOrderId", value: .string(clientID)))
        }
        return sent(signed(.post, "capital/withdraw", fields + extra), "id", withdrawal.asset)
    }

    private func sent(_ request: EndpointRequest, _ key: String, _ asset: AssetID) -> EndpointCall<ExchangeTransfer> {
        EndpointCall(request) { answer in
            var transfer = ExchangeTransfer(id: try answer.requiredText(key))
            transfer.kind = .withdrawal
            transfer.asset = asset
            return transfer
        }
    }

    public func withdrawals(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTransfer]> {
        EndpointCall(signed(.get, "capital/withdraw/history", transferFields(query))) { answer in
            query.selected(try answer.list().map { try Self.withdrawal($0) }, by: \.createdAt)
        }
    }

    private static func withdrawal(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTransfer {
        var transfer = try transfer(row, .withdrawal)
        transfer.clientID = row.text("withdrawOrderId")
        transfer.createdAt = try row.integer("applyTime")
        transfer.updatedAt = try row.integer("updateTime")
        if let fee = try row.decimal("transactionFee") {
            transfer.fee = ExchangeFee(cost: fee, asset: transfer.asset)
        }
        transfer.status =
            switch row.text("status") {
            case "7": .ok
            case "1", "2", "3", "4", "5", "6", "10": .pending
            case "8": .failed
            case "9": .cancelled
            case let other: other.map { .other($0) }
            }
        return transfer
    }

    private static func transfer(
        _ row: JSONValue, _ kind: ExchangeTransfer.Kind
    ) throws(UnreadableAnswer) -> ExchangeTransfer {
        let coin = try row.requiredText("coin")
        var transfer = ExchangeTransfer(id: row.text("id"))
        transfer.kind = kind
        transfer.asset = coinAsset(coin)
        transfer.network =
            row.text("netWork").map { networkCode($0, nil) }
            ?? row.text("network").map {
                networkCodes($0)
            }
        transfer.amount = try row.requiredDecimal("amount")
        transfer.transactionID = row.text("txId")
        transfer.address = row.text("address")
        transfer.addressTo = row.text("address")
        transfer.tag = row.text("memo")
        transfer.tagTo = row.text("memo")
        transfer.comment = row.text("remark")
        return transfer
    }

    /// `USDT-TRX`: the network may ride along.
    private static func coinAsset(_ coin: String) -> AssetID {
        asset(coin.split(separator: "-", maxSplits: 1).first.map(String.init) ?? coin)
    }

    /// `network` is the short name in some rows, the long one in others.
    private static func networkCodes(_ name: String) -> String {
        name.contains("(") ? networkCode(nil, name) : networkCode(name, nil)
    }

    private func transferFields(_ query: HistoryQuery) -> ExtraParameters {
        var fields: ExtraParameters = []
        if let asset = query.asset { fields.append(.init(key: "coin", value: .string(code(asset)))) }
        if let since = query.since { fields.append(.init(key: "startTime", value: .number(String(since)))) }
        if let until = query.until { fields.append(.init(key: "endTime", value: .number(String(until)))) }
        if let limit = query.limit {
            fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), 1_000)))))
        }
        return fields + query.extra
    }
}
