import Scheduling
import TradingCore

/// The WebSocket API: the same requests as REST, in messages.
extension SpotExchange {
    /// Who asks over the WebSocket API, and how.
    struct SocketAsker: Sendable {
        var connection: Int
        var address: String
        var unit: SpotRenderer.TimeUnit
        var returnsLimits: Bool
    }

    /// - Returns: the answer's text; nil to hang up without one.
    func answer(_ text: String, _ asker: SocketAsker) async -> String? {
        guard let value = try? JSONValue(text), case .object = value else {
            return socketAnswer(nil, Self.failed(SpotError(-1135, "Invalid JSON Request")), asker, true)
        }
        let id = value["id"]
        guard case .string(let method)? = value["method"] else {
            return socketAnswer(id, Self.failed(SpotError(-1000, "Missing method.")), asker, true)
        }
        guard let operation = SpotOperation(socketMethod: method) else {
            return socketAnswer(id, Self.failed(SpotError(-1000, "Unknown method.")), asker, true)
        }
        let parameters: [RequestText.Parameter]
        switch value["params"] {
        case .object(let members)?: parameters = members.map { .init(name: $0.key, value: Self.text($0.value)) }
        case nil, .null?: parameters = []
        case .array(let elements)? where operation == .unsubscribeAccount:
            parameters = elements.prefix(1).map { .init(name: "subscriptionId", value: Self.text($0)) }
        default:
            return socketAnswer(
                id, Self.failed(SpotError(-1130, "Data sent for parameter 'params' is not valid.")), asker, true)
        }
        let request = RequestText(members: parameters)
        let returnsLimits =
            asker.returnsLimits && request.parameters.first { $0.name == "returnRateLimits" }?.value != "false"
        let call = SpotCall(
            operation: operation, text: request, key: request.parameters.first { $0.name == "apiKey" }?.value,
            address: asker.address, unit: asker.unit, connection: asker.connection)
        let reply = await answer(call)
        return reply.hangsUp ? nil : socketAnswer(id, reply, asker, returnsLimits)
    }

    /// As it is signed: numbers as they stand, booleans as words, lists as JSON.
    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null: ""
        case .array, .object: JSON(value).rendered
        }
    }

    private static func failed(_ error: SpotError) -> SpotReply {
        var reply = SpotReply()
        reply.fail(error)
        return reply
    }

    private func socketAnswer(
        _ id: JSONValue?, _ reply: SpotReply, _ asker: SocketAsker, _ returnsLimits: Bool
    ) -> String {
        var answer: JSON = ["id": id.map { JSON($0) } ?? .null, "status": .number(Int64(reply.status))]
        if let error = reply.error {
            var body = error.body
            if let seconds = error.retryAfter, error.data == nil {
                let now = SpotRenderer().time(time.now())
                let until = SpotRenderer().time(time.now().advanced(byNanoseconds: Nanoseconds.seconds(seconds)))
                body = body.adding(["data": ["serverTime": now, "retryAfter": until]])
            }
            answer = answer.adding(["error": body])
        } else {
            answer = answer.adding(["result": reply.body])
        }
        guard returnsLimits else { return answer.rendered }
        let used = reply.usedWeight > 0 ? reply.usedWeight : limits.usedWeight(of: asker.address, at: time.now())
        // Answers to orders tell the account's orders first.
        let orders = reply.orderCounts.map { limits.orderJSON($0).elements } ?? []
        return answer.adding(["rateLimits": .list(orders + limits.weightJSON(used).elements)]).rendered
    }
}
