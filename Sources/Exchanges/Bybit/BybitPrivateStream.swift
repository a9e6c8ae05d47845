import TradingCore

/// A connection for one account's orders, fills and balances: it logs in, then subscribes. All are told only as they
/// change.
/// Source: bybit-exchange.github.io/docs/v5/websocket/private.
struct BybitPrivateStream: StreamSession {
    let url: String
    let silenceLimit: Int64 = 30_000
    private let dialect: BybitDialect
    private var heartbeat = Heartbeat(interval: 20_000)

    init(_ dialect: BybitDialect, url: String) {
        self.dialect = dialect
        self.url = url
    }

    var nextWake: Int64? { heartbeat.next }

    mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        heartbeat.heard(context.now)
        do throws(ExchangeFailure) {
            effects.append(.send(try dialect.login(context)))
        } catch {
            effects.append(.event(.refused("auth", error)))
        }
    }

    /// Pings come at their time whatever was heard: the disconnection protection counts on them.
    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if heartbeat.isDue(now) { effects.append(.send(BybitTopic.ping)) }
    }

    mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        do {
            try read(try JSONValue(utf8: frame), &effects)
        } catch {
            // What it told is lost: after the reconnect orders and balances are asked for.
            let failure = ExchangeFailure(
                .badResponse, exchange: "bybit", endpoint: "private stream", message: "unreadable frame: \(error)")
            effects.append(.reconnect(failure))
        }
    }

    private func read(_ value: JSONValue, _ effects: inout [StreamEffect]) throws {
        guard let topic = value.text("topic") else { return answered(value, &effects) }
        // All of a frame's rows are read before any is told.
        var events: [StreamEvent] = []
        for row in try value.list("data") where row.text("category") ?? BybitDialect.category == BybitDialect.category {
            switch topic.prefix(while: { $0 != "." }) {
            case "order": events.append(.order(try dialect.order(row)))
            case "execution":
                if row.text("execType") ?? "Trade" == "Trade" { events.append(.fill(try dialect.ownTrade(row))) }
            case "wallet":
                let time = try value.integer("creationTime")
                events.append(.balances(try dialect.balances(row, time), isWhole: false))
            case "dcp": events.append(.alive)
            default: throw UnreadableAnswer("topic", expected: "order, execution or wallet", found: topic)
            }
        }
        if events.isEmpty { events.append(.alive) }
        effects += events.map { .event($0) }
    }

    private func answered(_ value: JSONValue, _ effects: inout [StreamEffect]) {
        if value.text("req_id") == "dcp" {
            // Where Bybit has not enabled it, orders and fills are told all the same.
            let isGood = value.bool("success") != false
            return effects.append(.event(isGood ? .alive : .unexplained(String(value.compactText.prefix(200)))))
        }
        BybitStreamAnswer.tell(value, &effects)
        guard value.text("op") == "auth", value.bool("success") == true else { return }
        effects.append(.send(BybitTopic.frame("subscribe", ["order", "execution", "wallet"], id: "account")))
        guard dialect.protectsDisconnection else { return }
        // By itself: where Bybit has not enabled it, its refusal takes nothing else along.
        effects.append(.send(BybitTopic.frame("subscribe", ["dcp.spot"], id: "dcp")))
    }
}
