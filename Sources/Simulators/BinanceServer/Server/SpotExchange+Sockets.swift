import Scheduling
import TradingCore

/// WebSocket connections, and the control messages of market streams.
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
        _ kind: SocketKind, address: String, unit: SpotRenderer.TimeUnit, returnsLimits: Bool = true,
        send: @escaping @Sendable (String) -> Void, close: @escaping @Sendable () -> Void
    ) -> Int? {
        guard limits.connect(address, at: time.now()) else { return nil }
        let number = nextConnection
        nextConnection += 1
        var listener = StreamHub.Listener(send: send, close: close, unit: unit)
        (listener.connectedSince, listener.returnsLimits) = (time.now(), returnsLimits)
        if case .streams(let isCombined, _) = kind { listener.isCombined = isCombined }
        hub.add(number, listener)
        switch kind {
        case .streams(_, let names):
            _ = hub.subscribe(number, names.compactMap { name in topic(name).map { (name, $0) } })
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
            else {
                return Self.controlError(2, "Invalid request: params must be [\"combined\", true or false]", id: id)
            }
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
}
