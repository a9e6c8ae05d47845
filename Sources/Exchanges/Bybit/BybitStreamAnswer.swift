import TradingCore

/// What Bybit answers on a connection to what we sent.
/// Source: bybit-exchange.github.io/docs/v5/ws/connect.
enum BybitStreamAnswer {
    static func tell(_ value: JSONValue, _ effects: inout [StreamEffect]) {
        let operation = value.text("op") ?? ""
        // The answer to a ping names what was sent, or is a pong.
        if operation == "pong" || operation == "ping" || value.text("ret_msg") == "pong" {
            effects.append(.event(.alive))
            return
        }
        guard !operation.isEmpty else {
            effects.append(.event(.unexplained(String(value.compactText.prefix(200)))))
            return
        }
        let name = value.text("req_id") ?? operation
        guard value.bool("success") != false, value.text("retCode") ?? "0" == "0" else {
            effects.append(.event(.refused(name, failure(value))))
            return
        }
        effects.append(.event(operation == "unsubscribe" ? .alive : .confirmed(name)))
    }

    static func failure(_ value: JSONValue) -> ExchangeFailure {
        let message = value.text("ret_msg") ?? value.text("retMsg") ?? value.compactText
        let code = value.text("ret_code") ?? value.text("retCode")
        var failure = ExchangeFailure(.badRequest, exchange: "bybit", endpoint: "stream", code: code, message: message)
        if let code, let kind = BybitFailureCodes.kinds[code] { failure.kind = kind }
        if value.text("op") == "auth", failure.kind == .badRequest { failure.kind = .authenticationError }
        return failure
    }
}
