import TradingCore

/// Source: www.okx.com/docs-v5, "Error Code".
extension OKXDialect {
    public func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure? {
        if answer.status < 300, OKXDialect.beginsGood(answer.body) { return nil }
        let body = answer.body.withUnsafeBytes { bytes in try? JSONValue(utf8: bytes) }
        guard let body, let code = body.text("code") else { return statusFailure(answer) }
        if code == "0" { return answer.status < 400 ? nil : statusFailure(answer) }
        let rows = body["data"]?.elements ?? []
        if OKXDialect.tellsOfEach(code, rows, request) { return nil }
        let refused = rows.first { row in row.text("sCode") != nil && row.text("sCode") != "0" }
        if let refused { return OKXDialect.refusal(refused) }
        return OKXDialect.failure(code: code, body.text("msg") ?? body.text("error_message"))
    }

    /// `{"code":"0"`, as most answers begin: nothing else has to be read to know that they are good.
    private static func beginsGood(_ body: [UInt8]) -> Bool { body.starts(with: #"{"code":"0","#.utf8) }

    /// Whether a call for several orders is answered by what became of each of them.
    private static func tellsOfEach(_ code: String, _ rows: [JSONValue], _ request: EndpointRequest) -> Bool {
        guard case .list(let list) = request.payload, rows.contains(where: { $0.text("sCode") != nil }) else {
            return false
        }
        if code == "2" { return true }
        return code == "1" && list.count > 1 && request.path == "trade/batch-orders"
    }

    private func statusFailure(_ answer: EndpointAnswer) -> ExchangeFailure? {
        guard let kind = ExchangeFailure.Kind(httpStatus: answer.status) else { return nil }
        let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
        return ExchangeFailure(kind, message: "HTTP \(answer.status): \(text)", status: answer.status)
    }

    /// What a row says went wrong with its order; nil when nothing did.
    static func refusal(_ row: JSONValue) -> ExchangeFailure? {
        guard let code = row.text("sCode"), code != "0" else { return nil }
        return failure(code: code, row.text("sMsg"))
    }

    static func failure(code: String, _ message: String?) -> ExchangeFailure {
        let text = message ?? ""
        let kind =
            OKXFailureCodes.kinds[code]
            ?? (text.lowercased().contains("server error") ? .exchangeNotAvailable : .exchangeError)
        return ExchangeFailure(kind, code: code, message: text)
    }
}
