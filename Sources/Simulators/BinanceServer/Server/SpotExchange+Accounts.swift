import Execution
import Scheduling
import TradingCore

/// What an account may look at.
extension SpotExchange {
    private func owner(
        _ request: AccountRequest, _ reader: inout ParameterReader
    ) throws(SpotError) -> (SpotMarket, OrderRecords.Owner) {
        let market = try core.market(try reader.required("symbol"))
        return (market, OrderRecords.Owner(account: request.account, symbol: market.name))
    }

    func query(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let (market, _) = try owner(request, &reader)
        let (number, name) = (try reader.integer("orderId"), try reader.text("origClientOrderId"))
        if number == nil, name == nil { throw .oneOf("origClientOrderId", "orderId") }
        try reader.finish()
        let target = SpotCommand.Target(
            account: request.account, symbol: market.name, orderID: number, clientID: name)
        guard let order = core.records.find(target) else { throw .noSuchOrder }
        let isEnded = order.status == .cancelled || order.status == .expired
        if isEnded, order.executed == 0,
            time.now().nanoseconds(since: order.updated) > 90 * Nanoseconds.perDay
        {
            throw .archivedOrder
        }
        return request.renderer.row(order, market)
    }

    func openOrders(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let only = try reader.text("symbol")
        try reader.finish()
        if let only { _ = try core.market(only) }
        return .list(
            core.markets.filter { only == nil || $0.name == only }.flatMap { market in
                core.records.open(OrderRecords.Owner(account: request.account, symbol: market.name))
                    .map { request.renderer.row($0, market) }
            })
    }

    /// A stretch of time in which to look, at most 24 hours long.
    private func stretch(_ reader: inout ParameterReader) throws(SpotError) -> (from: Timestamp?, to: Timestamp?) {
        let (from, to) = (try reader.moment("startTime"), try reader.moment("endTime"))
        if let from, let to {
            guard from <= to else { throw .badCombination }
            guard to.nanoseconds(since: from) <= Nanoseconds.perDay else { throw .longInterval }
        }
        return (from, to)
    }

    func allOrders(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let (market, owner) = try owner(request, &reader)
        let first = try reader.integer("orderId")
        let (from, to) = try stretch(&reader)
        let limit = try reader.limit(standard: 500, most: 1_000)
        try reader.finish()
        let orders = core.records.all(owner).filter { order in
            (first.map { order.id >= $0 } ?? true) && (from.map { order.placed >= $0 } ?? true)
                && (to.map { order.placed <= $0 } ?? true)
        }
        let takesOldest = first != nil || from != nil
        let rows = takesOldest ? orders.prefix(limit) : orders.suffix(limit)
        return .list(rows.map { request.renderer.row($0, market) })
    }

    func ownTrades(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let (market, owner) = try owner(request, &reader)
        let (order, first) = (try reader.integer("orderId"), try reader.integer("fromId"))
        let (from, to) = try stretch(&reader)
        if first != nil, from != nil || to != nil { throw .badCombination }
        let limit = try reader.limit(standard: 500, most: 1_000)
        try reader.finish()
        let fills = (core.records.fills[owner] ?? []).filter { fill in
            (order.map { fill.orderID == $0 } ?? true) && (first.map { fill.tradeID >= $0 } ?? true)
                && (from.map { fill.time >= $0 } ?? true) && (to.map { fill.time <= $0 } ?? true)
        }
        let takesOldest = first != nil || from != nil
        let rows = takesOldest ? fills.prefix(limit) : fills.suffix(limit)
        return .list(rows.map { request.renderer.fill($0, market) })
    }

    /// By number, or of one order; one of the two must be named.
    func preventedMatches(
        _ request: AccountRequest, _ reader: inout ParameterReader
    ) throws(SpotError) -> JSON {
        let (market, owner) = try owner(request, &reader)
        let (number, order) = (try reader.integer("preventedMatchId"), try reader.integer("orderId"))
        let first = try reader.integer("fromPreventedMatchId")
        let limit = try reader.limit(standard: 500, most: 1_000)
        try reader.finish()
        if number == nil, order == nil { throw .oneOf("preventedMatchId", "orderId") }
        if number != nil, order != nil || first != nil { throw .badCombination }
        let matches = market.prevented.filter { match in
            match.account == owner.account && (number.map { match.id == $0 } ?? true)
                && (order.map { match.taker == $0 || match.maker == $0 } ?? true)
                && (first.map { match.id >= $0 } ?? true)
        }
        return .list(matches.prefix(limit).map { request.renderer.match($0, market) })
    }

    func account(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let omitsZero = try reader.boolean("omitZeroBalances") ?? false
        try reader.finish()
        let fees = core.markets.first?.instrument.fees
        let (maker, taker) = (fees?.maker ?? .zero, fees?.taker ?? .zero)
        let balances = core.balances.assets.sorted().map { balance($0, of: request) }
            .filter { !omitsZero || !$0.free.isZero || !$0.locked.isZero }
        let head: JSON = [
            "makerCommission": .number(basisPoints(maker)), "takerCommission": .number(basisPoints(taker)),
            "buyerCommission": .number(0), "sellerCommission": .number(0),
            "commissionRates": [
                "maker": .decimal(maker), "taker": .decimal(taker), "buyer": .decimal(.zero),
                "seller": .decimal(.zero),
            ],
        ]
        return head.adding([
            "canTrade": .bool(true), "canWithdraw": .bool(false), "canDeposit": .bool(false),
            "brokered": .bool(false), "requireSelfTradePrevention": .bool(false), "preventSor": .bool(false),
            "updateTime": request.renderer.time(core.now), "accountType": .text("SPOT"),
            "balances": .list(
                balances.map {
                    [
                        "asset": .text($0.asset.rawValue), "free": .decimal($0.free), "locked": .decimal($0.locked),
                    ]
                }), "permissions": [.text("SPOT")], "uid": .number(uid(request.account)),
        ])
    }

    private func basisPoints(_ rate: FixedDecimal) -> Int64 { (try? rate.count(of: "0.0001", rounding: .halfUp)) ?? 0 }

    private func uid(_ account: String) -> Int64 {
        Int64(1_000_001 + (configuration.accounts.firstIndex { $0.name == account } ?? 0))
    }

    private func balance(_ asset: AssetID, of request: AccountRequest) -> SpotEvent.Balance {
        guard request.fate.balanceLag > 0 else { return core.balance(request.account, asset) }
        let then = time.now().advanced(byNanoseconds: -Nanoseconds.milliseconds(request.fate.balanceLag))
        return trail.balance(request.account, asset, at: then) ?? core.balance(request.account, asset)
    }

    func commission(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let (market, _) = try owner(request, &reader)
        try reader.finish()
        func rates(_ maker: FixedDecimal, _ taker: FixedDecimal) -> JSON {
            [
                "maker": .decimal(maker), "taker": .decimal(taker), "buyer": .decimal(.zero),
                "seller": .decimal(.zero),
            ]
        }
        return [
            "symbol": .text(market.name),
            "standardCommission": rates(market.instrument.fees.maker, market.instrument.fees.taker),
            "specialCommission": rates(.zero, .zero), "taxCommission": rates(.zero, .zero),
            "discount": [
                "enabledForAccount": .bool(false), "enabledForSymbol": .bool(false), "discountAsset": .text("BNB"),
                "discount": .decimal(.zero),
            ],
        ]
    }

    /// What the asking key may do.
    func restrictions(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        try reader.finish()
        let may = request.key.permissions
        let no: JSON = .bool(false)
        return [
            "ipRestrict": .bool(may.addresses != nil), "createTime": request.renderer.time(core.genesis),
            "enableReading": .bool(may.canRead), "enableSpotAndMarginTrading": .bool(may.canTrade),
            "enableWithdrawals": .bool(may.canWithdraw), "enableInternalTransfer": no, "enableMargin": no,
            "enableFutures": no, "permitsUniversalTransfer": no, "enableVanillaOptions": no,
            "enableFixApiTrade": no, "enableFixReadOnly": no, "enablePortfolioMarginTrading": no,
        ]
    }

    func tradeFees(_ reader: inout ParameterReader) throws(SpotError) -> JSON {
        let only = try reader.text("symbol")
        try reader.finish()
        if let only { _ = try core.market(only) }
        return .list(
            core.markets.filter { only == nil || $0.name == only }.map { market in
                [
                    "symbol": .text(market.name), "makerCommission": .text("\(market.instrument.fees.maker)"),
                    "takerCommission": .text("\(market.instrument.fees.taker)"),
                ]
            })
    }
}

extension ParameterReader {
    /// Milliseconds since 1970; sixteen digits are microseconds.
    mutating func moment(_ name: String) throws(SpotError) -> Timestamp? {
        guard let value = try integer(name) else { return nil }
        let factor: Int64 = value >= 1_000_000_000_000_000 ? 1_000 : Nanoseconds.perMillisecond
        let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: factor)
        if overflow { throw .badValue(name) }
        return Timestamp(nanoseconds: nanoseconds)
    }
}
