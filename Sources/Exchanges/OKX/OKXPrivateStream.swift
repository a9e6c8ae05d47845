import TradingCore

/// A connection for one account's orders, fills and balances: it logs in, then subscribes. Orders are told only as they
/// change; the account's balances come whole at first.
/// Source: www.okx.com/docs-v5, "WS / Order channel", "WS / Account channel".
struct OKXPrivateStream: StreamSession {
    let url: String
    let silenceLimit: Int64 = 30_000
    private let dialect: OKXDialect
    private var heartbeat = Heartbeat(interval: 15_000)
    private var hasToldBalances = false

    init(_ dialect: OKXDialect, url: String) {
        self.dialect = dialect
        self.url = url
    }

    var nextWake: Int64? { heartbeat.next }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        heartbeat.heard(context.now)
        do throws(ExchangeFailure) {
            effects.append(.send(try dialect.login(context)))
        } catch {
            effects.append(.event(.refused("login", error)))
        }
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if heartbeat.isDue(now) { effects.append(.send("ping")) }
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        heartbeat.heard(now)
        if frame.elementsEqual("pong".utf8) {
            effects.append(.event(.alive))
            return
        }
        do {
            try read(try JSONValue(utf8: frame), &effects)
        } catch {
            // What it told is lost: after the reconnect orders and balances are asked for.
            let failure = ExchangeFailure(
                .badResponse, exchange: "okx", endpoint: "private stream", message: "unreadable frame: \(error)")
            effects.append(.reconnect(failure))
        }
    }

    private mutating func read(_ value: JSONValue, _ effects: inout [StreamEffect]) throws {
        if let event = value.text("event") { return told(event, value, &effects) }
        guard let argument = value["arg"] else {
            throw UnreadableAnswer("arg", expected: "a channel", found: value.compactText)
        }
        // All of a frame's rows are read before any is told.
        var events: [StreamEvent] = []
        for row in try value.list("data") {
            switch argument.text("channel") {
            case "orders": try tellOrder(row, &events)
            case "account": events.append(try balances(row, value))
            default: throw UnreadableAnswer("channel", expected: "orders or account", found: argument.compactText)
            }
        }
        if events.isEmpty { events.append(.alive) }
        effects += events.map { .event($0) }
    }

    private func told(_ event: String, _ value: JSONValue, _ effects: inout [StreamEffect]) {
        guard event == "login" else { return OKXStreamEvent.tell(event, value, &effects) }
        guard value.text("code") == "0" else {
            effects.append(.event(.refused("login", OKXStreamEvent.failure(value))))
            return
        }
        effects.append(.event(.confirmed("login")))
        let orders = RequestFields(["channel": "orders", "instType": "SPOT"]).object
        let account = RequestFields(["channel": "account"]).object
        effects.append(.send(OKXChannel.frame("subscribe", [orders, account])))
    }

    // MARK: - Rows

    /// The fill that changed the order comes before its new state.
    private func tellOrder(_ row: JSONValue, _ events: inout [StreamEvent]) throws(UnreadableAnswer) {
        guard row.text("instType") == nil || row.text("instType") == "SPOT" else { return }
        let order = try dialect.order(row)
        if let id = row.text("tradeId"), let amount = try row.decimal("fillSz"), amount.isPositive {
            var fill = ExchangeTrade(
                id: id, orderID: order.id, clientOrderID: order.clientOrderID, symbol: order.symbol, side: order.side,
                price: try row.requiredDecimal("fillPx"), amount: amount, liquidity: OKXDialect.liquidity(row),
                type: order.type, time: try row.integer("fillTime"))
            if let fee = try dialect.fee(row, "fillFee", "fillFeeCcy") { fill.fees.append(fee) }
            events.append(.fill(try fill.completed()))
        }
        events.append(.order(order))
    }

    /// The first is a snapshot of everything that is not zero, on several pages where it is long.
    private mutating func balances(_ row: JSONValue, _ frame: JSONValue) throws(UnreadableAnswer) -> StreamEvent {
        let isFirst = !hasToldBalances
        hasToldBalances = true
        let isSnapshot = frame.text("eventType").map { $0 == "snapshot" } ?? isFirst
        let isOnePage = frame.text("curPage") ?? "1" == "1" && frame.bool("lastPage") ?? true
        return .balances(try dialect.balances(row), isWhole: isSnapshot && isOnePage)
    }
}
