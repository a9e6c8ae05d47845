import TradingCore

extension GateDialect {
    func marketRequest(_ path: String, _ fields: [JSONValue.Member] = []) -> EndpointRequest {
        EndpointRequest(.get, ["public", "spot"], path, fields, costs: GateLimit.market.costs)
    }

    func accountRequest(
        _ section: String, _ path: String, _ fields: [JSONValue.Member] = []
    ) -> EndpointRequest {
        EndpointRequest(.get, ["private", section], path, fields, costs: GateLimit.account.costs)
    }

    static func seconds(_ milliseconds: Int64?) -> Int64? { milliseconds.map { $0 / 1_000 } }

    /// A time in seconds, with or without a fraction, made milliseconds.
    static func milliseconds(seconds value: JSONValue?, _ name: String) throws -> Int64? {
        guard let seconds = try JSONValue.decimal(value, name) else { return nil }
        guard let count = Int64(exactly: seconds.raw / 1_000_000_000_000_000) else {
            throw UnreadableAnswer(name, expected: "seconds since 1970", found: "\(seconds)")
        }
        return count
    }

    /// `from` and `to` in seconds, and `limit`. A second that has begun is asked for whole: none of its trades is left out.
    static func addWindow(_ query: HistoryQuery, to fields: inout ParameterList, maximum: Int) {
        fields.add("limit", number: query.limit.map { min(max($0, 1), maximum) })
        fields.add("from", number: seconds(query.since))
        fields.add("to", number: query.until.map { $0 / 1_000 + ($0 % 1_000 > 0 ? 1 : 0) })
    }
}
