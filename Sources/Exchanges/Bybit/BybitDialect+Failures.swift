import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/error.
extension BybitDialect {
    /// Milliseconds that an address has to stay away after it was refused for its many requests.
    private static let addressBan: Int64 = 600_000

    public func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure? {
        if answer.status < 300, answer.body.starts(with: #"{"retCode":0,"#.utf8) { return nil }
        let body = answer.body.withUnsafeBytes { bytes in try? JSONValue(utf8: bytes) }
        guard let body, let code = body.text("retCode") ?? body.text("ret_code") else { return statusFailure(answer) }
        if code == "0" { return answer.status < 400 ? nil : statusFailure(answer) }
        return BybitDialect.failure(code: code, body.text("retMsg") ?? body.text("ret_msg"))
    }

    private func statusFailure(_ answer: EndpointAnswer) -> ExchangeFailure? {
        guard let kind = ExchangeFailure.Kind(httpStatus: answer.status) else { return nil }
        let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
        let message = "HTTP \(answer.status): \(text)"
        if answer.status == 403 {
            return ExchangeFailure(
                .rateLimitExceeded, message: message, status: 403, retryAfter: BybitDialect.addressBan)
        }
        return ExchangeFailure(kind, message: message, status: answer.status)
    }

    static func failure(code: String, _ message: String?) -> ExchangeFailure {
        let said = BybitFailureCodes.phrases.first { message?.contains($0.text) == true }
        let kind = said?.kind ?? BybitFailureCodes.kinds[code] ?? .exchangeError
        return ExchangeFailure(kind, code: code, message: message ?? "")
    }

    /// What became of the orders of a batch: one code for each, beside the result.
    static func refusals(_ answer: Answer, _ count: Int) throws(UnreadableAnswer) -> [ExchangeFailure?] {
        guard let codes = answer.whole["retExtInfo"]?["list"]?.elements, codes.count == count else {
            throw UnreadableAnswer("retExtInfo.list", expected: "\(count) codes", found: answer.whole.compactText)
        }
        return codes.map { row in
            guard let code = row.text("code"), code != "0" else { return nil }
            return failure(code: code, row.text("msg"))
        }
    }
}
