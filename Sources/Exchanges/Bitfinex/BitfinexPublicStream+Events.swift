import TradingCore

extension BitfinexPublicStream {
    /// Messages about the connection and its channels: objects with an `event`.
    mutating func handle(_ message: JSONValue, _ now: Int64, into effects: inout [StreamEffect]) {
        switch message.text("event") {
        case "info": effects.append(BitfinexNotice(message).effect)
        case "subscribed": subscribed(message, into: &effects)
        case "unsubscribed": unsubscribed(message, now, into: &effects)
        case "conf":
            let isOK = message.text("status") == "OK"
            effects.append(.event(isOK ? .confirmed("conf") : .refused("conf", Self.failure(message))))
        case "error":
            if message["channel"] != nil { settleSubscription() }
            let name = [message.text("channel"), message.text("symbol") ?? message.text("key")].compactMap { $0 }
            effects.append(.event(.refused(name.joined(separator: " "), Self.failure(message))))
        case "pong": effects.append(.event(.alive))
        case nil: effects.append(.reconnect(Self.unreadable("an object without event: \(message.compactText)")))
        default: effects.append(.event(.unexplained(String(message.compactText.prefix(200)))))
        }
    }

    private mutating func subscribed(_ message: JSONValue, into effects: inout [StreamEffect]) {
        guard let id = try? message.integer("chanId"), let kind = message.text("channel") else {
            effects.append(.reconnect(Self.unreadable("a subscription without channel: \(message.compactText)")))
            return
        }
        var content: Content?
        var book = BitfinexBook(isOrders: false)
        var marketID = message.text("symbol")
        switch kind {
        case "book":
            content = .book(.waiting)
            book = BitfinexBook(isOrders: message.text("prec")?.hasPrefix("R") ?? false)
        case "trades": content = .trades
        case "ticker": content = .ticker
        case "candles":
            // `trade:1m:tBTCUST`; a long pair has a colon of its own.
            let parts = (message.text("key") ?? "").split(separator: ":", maxSplits: 2)
            marketID = parts.count == 3 ? String(parts[2]) : nil
            content = parts.count == 3 ? BitfinexMapping.interval(parts[1]).map { .candles($0) } : nil
        default: break
        }
        let name = kind + " " + (message.text("symbol") ?? message.text("key") ?? "")
        channels.removeAll { $0.id == id }
        settleSubscription()
        if let content, let market = marketID.flatMap({ catalog.market(id: $0) }), channels.count < 1_000 {
            ignored.remove(id)
            channels.append(
                Channel(
                    id: id, name: name, symbol: market.symbol, market: market, content: content,
                    book: book, request: Self.request(like: message)))
        } else {
            ignored.insert(id)
        }
        effects.append(.event(.confirmed(name)))
    }

    /// The subscription again, as the exchange understood it.
    private static func request(like message: JSONValue) -> String {
        let kept = ["channel", "symbol", "key", "prec", "freq", "len"]
        let members = (message.members ?? []).filter { kept.contains($0.key) }
        return JSONValue.object([.init(key: "event", value: .string("subscribe"))] + members).compactText
    }

    private mutating func unsubscribed(_ message: JSONValue, _ now: Int64, into effects: inout [StreamEffect]) {
        guard let id = try? message.integer("chanId"), let index = channels.firstIndex(where: { $0.id == id }) else {
            effects.append(.event(.alive))
            return
        }
        let channel = channels.remove(at: index)
        ignored.insert(id)
        if channel.leftBy == nil {
            effects.append(.event(.alive))
        } else {
            subscribe(channel.request, now, into: &effects)
        }
    }

    private static func failure(_ message: JSONValue) -> ExchangeFailure {
        var failure = BitfinexDialect.failure(code: message.text("code"), message: message.text("msg") ?? "")
        failure.exchange = "bitfinex"
        failure.endpoint = "public stream"
        return failure
    }
}

/// What the exchange says of itself on a stream: `info`.
struct BitfinexNotice {
    let effect: StreamEffect

    init(_ message: JSONValue) {
        func failure(_ kind: ExchangeFailure.Kind, _ text: String) -> ExchangeFailure {
            ExchangeFailure(
                kind, exchange: "bitfinex", endpoint: "stream", code: message.text("code"),
                message: message.text("msg") ?? text)
        }
        switch message.text("code") {
        case "20051": effect = .reconnect(failure(.networkError, "the server restarts"))
        case "20060": effect = .event(.refused("platform", failure(.onMaintenance, "the platform is paused")))
        // What happened meanwhile was not sent: everything is subscribed to anew.
        case "20061": effect = .reconnect(failure(.networkError, "the platform is back"))
        case nil:
            if message["platform"]?.text("status") == "0" {
                effect = .event(.refused("platform", failure(.onMaintenance, "the platform is in maintenance")))
            } else if let version = message.text("version"), version.split(separator: ".").first != "2" {
                effect = .reconnect(failure(.badResponse, "version \(version) of the interface is not ours"))
            } else {
                effect = .event(.alive)
            }
        default: effect = .event(.alive)
        }
    }
}
