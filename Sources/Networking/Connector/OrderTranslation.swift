import Exchanges
import Execution
import TradingCore

/// Between an exchange's words and the runtime's whole units.
enum OrderTranslation {
    static func placement(
        _ request: OrderRequest, _ instrument: Instrument, clientOrderID: String
    ) -> OrderPlacement {
        let unit = instrument.unit
        let isMarket = request.type == .market
        return OrderPlacement(
            symbol: instrument.id.symbol, kind: isMarket ? .market : .limit, side: request.side,
            amount: unit.decimal(request.quantity), price: isMarket ? nil : unit.decimal(request.price),
            // Post-only says how long by itself.
            timeInForce: isMarket || request.isPostOnly ? nil : request.timeInForce, isPostOnly: request.isPostOnly,
            clientOrderID: clientOrderID,
            selfTradePrevention: request.selfTradePrevention == .none ? nil : request.selfTradePrevention)
    }

    /// What an exchange's language would alter in an order by rounding it to its market's steps; nil where it is sent as it is.
    ///
    /// The language knows new steps before the runtime does, which takes its orders off first.
    static func change(of placement: OrderPlacement, by market: ExchangeMarket?) -> RuleViolation? {
        guard let market else { return nil }
        if let amount = placement.amount, (try? market.rounded(amount: amount)) != amount { return .quantityStep }
        if let price = placement.price, (try? market.rounded(price: price)) != price { return .priceStep }
        return nil
    }

    /// - Throws: ``ConnectorError/unreadable(_:)`` for a fill that cannot be counted exactly: nothing may be booked wrong.
    static func fill(
        _ trade: ExchangeTrade, _ id: ClientOrderID, _ instrument: Instrument
    ) throws(ConnectorError) -> Fill {
        guard let text = trade.id, let side = trade.side, let price = trade.price, let amount = trade.amount else {
            throw .unreadable("\(instrument.id): a fill without id, side, price or amount")
        }
        guard let ticks = instrument.unit.ticks(price), let lots = instrument.unit.lots(amount), ticks > 0, lots > 0
        else {
            throw .unreadable(
                "\(instrument.id): fill \(text) of \(amount) at \(price) is between two units of "
                    + "\(instrument.unit.quantity) and \(instrument.unit.price)")
        }
        let fee = try fee(trade, instrument)
        return Fill(
            tradeID: tradeID(text), orderID: id, side: side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
            liquidity: trade.liquidity ?? .taker, fee: fee.cost, feeAsset: fee.asset,
            time: Timestamp(nanoseconds: (trade.time ?? 0) &* Nanoseconds.perMillisecond))
    }

    /// Vouchers that pay fees and are worth nothing else: what they pay, nobody else does.
    private static let vouchers: Set<AssetID> = [AssetID("POINT")]

    /// What a fill cost, in the one asset that it was paid in.
    /// - Throws: for a fee that could only be booked wrong: in several assets, or in one that the instrument does not name.
    static func fee(
        _ trade: ExchangeTrade, _ instrument: Instrument
    ) throws(ConnectorError) -> (cost: FixedDecimal, asset: FeeAsset) {
        let paid = trade.fees.filter { fee in !fee.cost.isZero && !(fee.asset.map(vouchers.contains) ?? false) }
        func unreadable(_ what: String) -> ConnectorError {
            .unreadable("\(instrument.id): fill \(trade.id ?? "") paid its fee in \(what)")
        }
        guard let fee = paid.first else {
            return (.zero, trade.fees.first?.asset == instrument.base ? .base : .quote)
        }
        if paid.count > 1 {
            let parts = paid.map { part in "\(part.cost) \(part.asset.map { "\($0)" } ?? "of an unknown asset")" }
            throw unreadable(parts.joined(separator: ", "))
        }
        if fee.asset == instrument.base { return (fee.cost, .base) }
        guard let asset = fee.asset, asset != instrument.quote else { return (fee.cost, .quote) }
        guard case .third(asset, _, _) = instrument.fees.payment else { throw unreadable("\(asset)") }
        // The only one that an exchange takes fees in beside what is traded: `FeeSchedule.payment` names it.
        return (fee.cost, .other(0))
    }

    /// Exchanges name trades by numbers, or by texts, which become numbers of 62 bits: two of one market that collide are
    /// not to be expected in the life of a universe.
    static func tradeID(_ text: String) -> UInt64 {
        if let number = UInt64(text), number > 0, number <= UInt64(Int64.max) >> 1 { return number }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        // Above every number that is taken as it is.
        return (hash >> 2) | 1 << 62
    }

    static func listed(_ order: ExchangeOrder, _ id: ClientOrderID, _ instrument: Instrument) -> ListedOrder? {
        guard let side = order.side, let price = order.price, let amount = order.amount,
            let ticks = instrument.unit.ticks(price),
            let lots = try? (order.remaining ?? amount).count(of: instrument.unit.quantity, rounding: .up)
        else { return nil }
        return ListedOrder(id: id, side: side, price: Price(ticks: ticks), remaining: Quantity(lots: lots))
    }

    static func report(
        _ order: ExchangeOrder, _ id: ClientOrderID, _ instrument: Instrument
    ) throws(ConnectorError) -> OrderReport {
        let unit = instrument.unit
        guard let side = order.side, let amount = order.amount, let lots = unit.lots(amount),
            let ticks = unit.ticks(order.price ?? .zero), let filled = unit.lots(order.filled ?? .zero)
        else {
            throw .unreadable("\(instrument.id): order \(order.id ?? "") without side, amount or price in its units")
        }
        let status: OrderStatus =
            switch order.status {
            case .closed: .filled
            case .cancelled: .cancelled
            case .expired: .expired
            case .rejected: .rejected
            case .open, .cancelling, .expiring, .other, nil: .open
            }
        return OrderReport(
            id: id, side: side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
            filled: Quantity(lots: filled), status: status)
    }

    static func rejection(_ failure: ExchangeFailure) -> RejectReason {
        if !failure.keyCauses.isEmpty { return .key(KeyDoubts(failure.keyCauses)) }
        return switch failure.kind {
        case .insufficientFunds: .insufficientBalance
        case .orderImmediatelyFillable: .wouldTake
        case .marketClosed: .marketClosed
        case .onMaintenance, .exchangeNotAvailable, .ddosProtection, .rateLimitExceeded: .unavailable
        case .orderNotFillable: .noLiquidity
        default: violation(failure).map(RejectReason.rule) ?? .other
        }
    }

    /// The filter that the exchange names. Two rules of ours may be behind one of its filters; the words are the same.
    private static func violation(_ failure: ExchangeFailure) -> RuleViolation? {
        let words = "Filter failure: "
        guard let range = failure.message.firstRange(of: words) else { return nil }
        let name = failure.message[range.upperBound...].prefix { $0.isLetter || $0 == "_" }
        return RuleViolation.allCases.first { $0.filterName == name || $0.otherFilterNames.contains(String(name)) }
    }
}
