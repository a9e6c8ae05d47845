import TradingCore

/// Orders, fills and balances of one account. Source: docs-new, "WebSocket API", Spot private channels.
struct KuCoinPrivateStream: StreamSession {
    private let dialect: KuCoinDialect
    private var connection: KuCoinConnection

    init(_ dialect: KuCoinDialect, token: StreamToken?) throws(ExchangeFailure) {
        self.dialect = dialect
        let topics = [KuCoinFrame.Topic.orderStates.rawValue, KuCoinFrame.Topic.balances.rawValue]
        connection = try KuCoinConnection(dialect, topics: topics, token: token, isPrivate: true)
    }

    var url: String { connection.url }
    var silenceLimit: Int64 { connection.silenceLimit }
    var nextWake: Int64? { connection.nextWake }

    /// The token has said who we are: there is no login.
    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        connection.opened(context.now)
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) { connection.wake(now, into: &effects) }

    mutating func received(
        _ bytes: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        do {
            let frame = try KuCoinFrame(bytes)
            guard frame.kind == .message else {
                connection.received(frame, bytes, now, into: &effects)
                return
            }
            for event in try events(frame, try frame.dataValue(of: bytes)) { effects.append(.event(event)) }
        } catch {
            // An order's or a balance's news is lost: only a new connection, with a look by REST, makes it good.
            effects.append(.reconnect(dialect.unreadable("account stream", error)))
        }
    }

    private func events(_ frame: KuCoinFrame, _ data: JSONValue) throws -> [StreamEvent] {
        switch frame.topic {
        case .orders, .orderStates:
            let order = StreamEvent.order(try dialect.streamOrder(data))
            guard data.text("type") == "match" else { return [order] }
            return [.fill(try dialect.streamFill(data)), order]
        case .balances: return [try dialect.streamBalance(data)]
        default: return [.unexplained(data.compactText)]
        }
    }
}

extension KuCoinDialect {
    func streamOrder(_ row: JSONValue) throws -> ExchangeOrder {
        let order = ExchangeOrder(
            id: try row.requiredText("orderId"), clientOrderID: row.text("clientOid"),
            symbol: symbol(row.text("symbol")), side: KuCoinDialect.side(row.text("side")),
            type: KuCoinDialect.kind(row.text("orderType")), price: try row.decimal("price"),
            // Of a cancelled order `remainSize` is zero: what remains follows from what was filled.
            amount: try row.decimal("originSize") ?? row.decimal("size"), filled: try row.decimal("filledSize"),
            status: try KuCoinDialect.streamState(row), createdAt: try KuCoinDialect.milliseconds(row, "orderTime"),
            updatedAt: try KuCoinDialect.milliseconds(row, "ts"))
        return try order.completed()
    }

    private static func streamState(_ row: JSONValue) throws -> OrderState {
        let type = try row.requiredText("type")
        switch type {
        case "received", "open", "match", "update": return .open
        case "filled": return .closed
        case "canceled": return .cancelled
        default: return .other(type)
        }
    }

    /// KuCoin tells a fill's fee by REST alone.
    func streamFill(_ row: JSONValue) throws -> ExchangeTrade {
        try ExchangeTrade(
            id: try row.requiredText("tradeId"), orderID: row.text("orderId"), clientOrderID: row.text("clientOid"),
            symbol: symbol(row.text("symbol")), side: KuCoinDialect.side(row.text("side")),
            price: try row.requiredDecimal("matchPrice"), amount: try row.requiredDecimal("matchSize"),
            liquidity: KuCoinDialect.liquidity(row.text("liquidity")),
            type: KuCoinDialect.kind(row.text("orderType")), time: try KuCoinDialect.milliseconds(row, "ts")
        ).completed()
    }

    /// `relationEvent` begins with the account: `trade.hold`, `trade_hf.setted`, `main.deposit`.
    func streamBalance(_ row: JSONValue) throws -> StreamEvent {
        if let account = row.text("relationEvent")?.prefix(while: { $0 != "." }), !account.hasPrefix("trade") {
            return .alive
        }
        let balance = try ExchangeBalance(
            asset: asset(try row.requiredText("currency")), free: try row.requiredDecimal("available"),
            used: try row.requiredDecimal("hold"), total: try row.decimal("total"))
        return .balances(
            ExchangeBalances([balance], time: try KuCoinDialect.milliseconds(row, "time")), isWhole: false)
    }
}
