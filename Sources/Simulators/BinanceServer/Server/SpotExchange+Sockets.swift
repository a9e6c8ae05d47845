import Scheduling
import TradingCore

/// WebSocket connections: market streams with their control messages, and the WebSocket API.
extension SpotExchange {
    /// What a connection is for, by the path it was opened on.
    enum SocketKind: Sendable, Equatable {
        /// - Parameter streams: subscribed at once.
        case streams(isCombined: Bool, streams: [String])
        case api
    }

    /// Reads an address to connect to.
    /// - Returns: nil for a path that takes no WebSocket.
    static func socketKind(_ path: String, query: [RequestText.Parameter]) -> SocketKind? {
        let parts = path.split(separator: "/").map(String.init)
        switch parts.first {
        case "ws-api": return .api
        case "ws":
            // A tail with an @ names streams; other tails are labels, or listen keys.
            let tail = parts.dropFirst()
            let streams = tail.filter { $0.contains("@") || $0.utf8.count == 64 }
            return .streams(isCombined: false, streams: Array(streams))
        case "stream":
            let named = query.first { $0.name == "streams" }?.value.split(separator: "/").map(String.init) ?? []
            return .streams(isCombined: true, streams: named)
        default: return nil
        }
    }

    /// A connection has been opened.
    /// - Returns: its number; nil when the address opens too many, and it must be closed.
    func connected(
        _ kind: SocketKind, address: String, unit: SpotRenderer.TimeUnit, send: @escaping @Sendable (String) -> Void,
        close: @escaping @Sendable () -> Void
    ) -> Int? {
        guard limits.connect(address, at: time.now()) else { return nil }
        let number = nextConnection
        nextConnection += 1
        var listener = StreamHub.Listener(send: send, close: close, unit: unit)
        if case .streams(let isCombined, _) = kind { listener.isCombined = isCombined }
        hub.add(number, listener)
        switch kind {
        case .streams(_, let names): _ = hub.subscribe(number, names.compactMap { name in topic(name).map { (name, $0) } })
        case .api: _ = try? limits.charge(2, to: address, at: time.now())
        }
        return number
    }

    func disconnected(_ number: Int) { hub.remove(number) }

    /// Tells everybody that the server goes down.
    public func announceShutdown() {
        let text = (["e": .text("serverShutdown"), "E": SpotRenderer().time(time.now())] as JSON).rendered
        for listener in hub.listeners.values { listener.send(text) }
    }

    private func topic(_ name: String) -> StreamTopic? {
        if let account = listenKeys.account(name, at: time.now()) { return .account(account) }
        return StreamTopic(name)
    }

    // MARK: - Control messages of streams

    /// Takes a message on a stream connection.
    /// - Returns: what to answer; nil to hang up on whoever talks too much.
    func control(_ number: Int, _ text: String) -> String? {
        let now = time.now()
        var isTooMuch = false
        hub.change(number) { listener in
            listener.received.removeAll { now.nanoseconds(since: $0) >= Nanoseconds.perSecond }
            listener.received.append(now)
            isTooMuch = listener.received.count > 5
        }
        if isTooMuch { return nil }
        guard let value = try? JSONValue(text), case .object = value else {
            return Self.controlError(3, "Invalid JSON: expected value at line 1 column 1", id: nil)
        }
        let id = value["id"]
        guard case .string(let method)? = value["method"] else {
            return Self.controlError(2, "Invalid request: missing field `method`", id: id)
        }
        return carryOut(method, value["params"], number, id)
    }

    private func carryOut(_ method: String, _ parameters: JSONValue?, _ number: Int, _ id: JSONValue?) -> String {
        switch method {
        case "SUBSCRIBE", "UNSUBSCRIBE":
            guard case .array(let elements)? = parameters else {
                return Self.controlError(2, "Invalid request: params must be an array of stream names", id: id)
            }
            var names: [String] = []
            for element in elements {
                guard case .string(let name) = element else {
                    return Self.controlError(2, "Invalid request: request must be an array of strings", id: id)
                }
                names.append(name)
            }
            if method == "UNSUBSCRIBE" {
                hub.unsubscribe(number, names)
                return Self.controlAnswer(.null, id: id)
            }
            return subscribe(names, number, id)
        case "LIST_SUBSCRIPTIONS":
            let names = hub.listeners[number]?.streams.map { JSON.text($0.name) } ?? []
            return Self.controlAnswer(.list(names), id: id)
        case "SET_PROPERTY":
            guard case .array(let pair)? = parameters, pair.count == 2, pair[0] == .string("combined"),
                case .bool(let isCombined) = pair[1]
            else { return Self.controlError(2, "Invalid request: params must be [\"combined\", true or false]", id: id) }
            hub.change(number) { $0.isCombined = isCombined }
            return Self.controlAnswer(.null, id: id)
        case "GET_PROPERTY":
            guard case .array(let names)? = parameters, names == [.string("combined")] else {
                return Self.controlError(2, "Invalid request: params must be [\"combined\"]", id: id)
            }
            return Self.controlAnswer(.bool(hub.listeners[number]?.isCombined ?? false), id: id)
        default:
            return Self.controlError(
                2,
                "Invalid request: unknown variant `\(method)`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`",
                id: id)
        }
    }

    private func subscribe(_ names: [String], _ number: Int, _ id: JSONValue?) -> String {
        var streams: [(name: String, topic: StreamTopic)] = []
        for name in names {
            guard let topic = topic(name) else {
                return Self.controlError(2, "Invalid request: no such stream `\(name)`", id: id)
            }
            streams.append((name, topic))
        }
        guard hub.subscribe(number, streams) else {
            return Self.controlError(2, "Invalid request: too many streams, at most \(StreamHub.mostStreams)", id: id)
        }
        return Self.controlAnswer(.null, id: id)
    }

    private static func controlAnswer(_ result: JSON, id: JSONValue?) -> String {
        (["result": result, "id": id.map { JSON($0) } ?? .null] as JSON).rendered
    }

    private static func controlError(_ code: Int64, _ message: String, id: JSONValue?) -> String {
        let error: JSON = ["code": .number(code), "msg": .text(message)]
        return (["error": error, "id": id.map { JSON($0) } ?? .null] as JSON).rendered
    }

    // MARK: - The WebSocket API

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
        guard let operation = SpotOperation(rawValue: method), operation.isSocketMethod else {
            return socketAnswer(id, Self.failed(SpotError(-1000, "Unknown method.")), asker, true)
        }
        let parameters: [RequestText.Parameter]
        switch value["params"] {
        case .object(let members)?: parameters = members.map { .init(name: $0.key, value: Self.text($0.value)) }
        case nil, .null?: parameters = []
        case .array(let elements)? where operation == .unsubscribeAccount:
            parameters = elements.prefix(1).map { .init(name: "subscriptionId", value: Self.text($0)) }
        default: return socketAnswer(id, Self.failed(SpotError(-1130, "Data sent for parameter 'params' is not valid.")), asker, true)
        }
        let request = RequestText(members: parameters)
        let returnsLimits = asker.returnsLimits && request.parameters.first { $0.name == "returnRateLimits" }?.value != "false"
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
            if let seconds = error.retryAfter {
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
        return answer.adding(["rateLimits": limits.weightJSON(used)]).rendered
    }

    // MARK: - Accounts on sockets

    func subscribe(_ request: AccountRequest, _ reader: inout ParameterReader) throws(SpotError) -> JSON {
        try reader.finish()
        guard let connection = request.connection, let listener = hub.listeners[connection] else {
            throw .badCombination
        }
        guard !listener.accounts.values.contains(request.account) else {
            throw SpotError(-2035, "User data stream subscription already active.")
        }
        let number = (listener.accounts.keys.max() ?? -1) + 1
        hub.change(connection) { $0.accounts[number] = request.account }
        return ["subscriptionId": .number(Int64(number))]
    }

    func session(
        _ operation: SpotOperation, _ reader: inout ParameterReader, _ connection: Int?
    ) throws(SpotError) -> JSON {
        guard let connection, let listener = hub.listeners[connection] else { throw .badCombination }
        let renderer = SpotRenderer(unit: listener.unit)
        switch operation {
        case .subscriptions:
            try reader.finish()
            return .list(listener.accounts.keys.sorted().map { ["subscriptionId": .number(Int64($0))] })
        case .unsubscribeAccount:
            let number = try reader.integer("subscriptionId").map { Int(clamping: $0) }
            try reader.finish()
            if let number, listener.accounts[number] == nil {
                throw SpotError(-2036, "User data stream subscription not active.")
            }
            let ended = number.map { [$0] } ?? listener.accounts.keys.sorted()
            hub.change(connection) { listener in
                for number in ended { listener.accounts[number] = nil }
            }
            for number in ended {
                let event: JSON = ["e": .text("eventStreamTerminated"), "E": renderer.time(time.now())]
                listener.send((["subscriptionId": .number(Int64(number)), "event": event] as JSON).rendered)
            }
            return [:]
        case .sessionStatus, .logout:
            try reader.finish()
            return [
                "apiKey": .null, "authorizedSince": .null, "connectedSince": renderer.time(time.now()),
                "returnRateLimits": .bool(true), "serverTime": renderer.time(time.now()),
                "userDataStream": .bool(!listener.accounts.isEmpty),
            ]
        default: throw SpotError(-4056, "HMAC_SHA256 API key is not supported.")
        }
    }

    func listenKey(
        _ operation: SpotOperation, _ request: AccountRequest, _ reader: inout ParameterReader
    ) throws(SpotError) -> JSON {
        guard configuration.servesListenKeys else { throw .gone }
        let now = time.now()
        if operation == .startListenKey {
            try reader.finish()
            let bytes = random.bytes(48)
            let key = listenKeys.start(request.account, at: now) { Self.listenKey(bytes) }
            return ["listenKey": .text(key)]
        }
        let key = try reader.required("listenKey")
        try reader.finish()
        let isKnown =
            operation == .extendListenKey
            ? listenKeys.extend(key, of: request.account, at: now) : listenKeys.close(key, of: request.account)
        guard isKnown else { throw .badListenKey }
        return [:]
    }

    /// Sixty-four letters and digits, of 48 bytes that nobody can guess.
    private static func listenKey(_ bytes: [UInt8]) -> String {
        var seed: UInt64 = 0
        var text = ""
        for (index, byte) in bytes.enumerated() {
            seed = seed << 8 | UInt64(byte)
            guard index % 16 == 15 else { continue }
            var generator = SplitMix64(seed: seed)
            text += GeneratedClientID.make(&generator)
        }
        return String(text.prefix(64))
    }
}
