import TradingCore

extension KuCoinDialect {
    func publicRequest(_ path: String, _ fields: [JSONValue.Member] = [], weight: Int) -> EndpointRequest {
        EndpointRequest(.get, ["public"], path, fields, costs: KuCoinPool.public.costs(weight))
    }

    func privateRequest(
        _ verb: EndpointRequest.Verb, _ path: String, _ fields: [JSONValue.Member] = [], _ pool: KuCoinPool = .spot,
        weight: Int
    ) -> EndpointRequest {
        EndpointRequest(verb, ["private"], path, fields, costs: pool.costs(weight))
    }

    /// A call that is read from what stands under `data`.
    func call<Answer: Sendable>(
        _ request: EndpointRequest, _ read: @escaping @Sendable (JSONValue) throws -> Answer
    ) -> EndpointCall<Answer> {
        EndpointCall(request) { answer in
            guard let data = answer["data"] else {
                throw UnreadableAnswer("data", expected: "a value", found: answer.compactText)
            }
            return try read(data)
        }
    }

    /// The rows of a page, or of an answer that is none.
    static func rows(_ data: JSONValue) throws(UnreadableAnswer) -> [JSONValue] {
        // Nothing at all is told as null.
        if data.isNull { return [] }
        if let rows = data.elements { return rows }
        return try data.list("items")
    }

    /// `startAt` and `endAt` in milliseconds.
    static func addWindow(_ query: HistoryQuery, to fields: inout ParameterList, limit: String, maximum: Int) {
        fields.add("startAt", number: query.since)
        fields.add("endAt", number: query.until)
        fields.add(limit, number: query.limit.map { min(max($0, 1), maximum) })
    }
}
