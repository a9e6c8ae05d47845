import TradingCore

/// What OKX says on a connection beside data.
/// Source: www.okx.com/docs-v5, "WebSocket", "Notification".
enum OKXStreamEvent {
    /// The server goes away for an upgrade: connect anew.
    private static let upgrade = "64008"

    static func tell(_ event: String, _ value: JSONValue, _ effects: inout [StreamEffect]) {
        let channel = name(value["arg"]) ?? value.text("channel") ?? event
        switch event {
        case "subscribe": effects.append(.event(.confirmed(channel)))
        case "unsubscribe", "channel-conn-count": effects.append(.event(.alive))
        case "error", "channel-conn-count-error": effects.append(.event(.refused(channel, failure(value))))
        case "notice":
            if value.text("code") == upgrade {
                effects.append(
                    .reconnect(
                        ExchangeFailure(
                            .onMaintenance, exchange: "okx", endpoint: "stream", code: upgrade,
                            message: value.text("msg") ?? "service upgrade")))
            } else {
                effects.append(.event(.alive))
            }
        default: effects.append(.event(.unexplained(String(value.compactText.prefix(200)))))
        }
    }

    static func failure(_ value: JSONValue) -> ExchangeFailure {
        var failure = OKXDialect.failure(code: value.text("code") ?? "", value.text("msg"))
        failure.exchange = "okx"
        failure.endpoint = "stream"
        return failure
    }

    /// `books BTC-USDT`.
    private static func name(_ argument: JSONValue?) -> String? {
        guard let argument, let channel = argument.text("channel") else { return nil }
        return [channel, argument.text("instId")].compactMap { $0 }.joined(separator: " ")
    }
}
