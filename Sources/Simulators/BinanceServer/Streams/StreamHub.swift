import TradingCore

/// Who listens to what. Decides who gets a message and in which wrapping; sending is left to each connection.
struct StreamHub {
    /// A connection that streams are sent over.
    struct Listener {
        let send: @Sendable (String) -> Void
        let close: @Sendable () -> Void
        var unit: SpotRenderer.TimeUnit
        /// Payloads are wrapped with their stream's name.
        var isCombined = false
        /// By name, as asked for; in the order they came.
        var streams: [(name: String, topic: StreamTopic)] = []
        /// Of the WebSocket API: accounts by the number of their subscription.
        var accounts: [Int: String] = [:]
        var session: Session?
        var connectedSince = Timestamp.distantPast
        /// Whether answers tell the limits unless a request says otherwise.
        var returnsLimits = true
        /// Moments of the last second's messages, for the limit on them.
        var received: [Timestamp] = []
        /// Nothing is sent before this.
        var silentUntil: Timestamp?
        /// Held back to come after the next.
        var swapped: String?
    }

    /// Of the WebSocket API: whose requests the connection's are, where they name no key.
    struct Session: Sendable {
        var caller: SpotSecurity.Caller
        var since: Timestamp
        /// The subscription that was made by it, and ends with it.
        var subscription: Int?
    }

    private struct Held {
        var due: Timestamp
        var connection: Int
        var text: String
    }

    static let mostStreams = 1_024

    private(set) var listeners: [Int: Listener] = [:]
    private var topics: [StreamTopic: [Int: String]] = [:]
    private var held: [Held] = []

    // MARK: - Coming and going

    mutating func add(_ number: Int, _ listener: Listener) { listeners[number] = listener }

    mutating func remove(_ number: Int) {
        for stream in listeners[number]?.streams ?? [] { forget(stream.topic, number) }
        listeners[number] = nil
        held.removeAll { $0.connection == number }
    }

    mutating func change(_ number: Int, _ body: (inout Listener) -> Void) {
        guard var listener = listeners[number] else { return }
        body(&listener)
        listeners[number] = listener
    }

    /// - Returns: false when it would be too many.
    mutating func subscribe(_ number: Int, _ streams: [(name: String, topic: StreamTopic)]) -> Bool {
        guard let listener = listeners[number] else { return true }
        let fresh = streams.filter { stream in !listener.streams.contains { $0.name == stream.name } }
        guard listener.streams.count + fresh.count <= Self.mostStreams else { return false }
        for stream in fresh {
            listeners[number]?.streams.append(stream)
            topics[stream.topic, default: [:]][number] = stream.name
        }
        return true
    }

    mutating func unsubscribe(_ number: Int, _ names: [String]) {
        for stream in listeners[number]?.streams ?? [] where names.contains(stream.name) {
            forget(stream.topic, number)
        }
        listeners[number]?.streams.removeAll { names.contains($0.name) }
    }

    /// Ends a stream for everybody, as that of a listen key that is no more.
    /// - Parameter farewell: the last that is said on it; nil: nothing.
    mutating func end(_ name: String, _ farewell: ((SpotRenderer) -> JSON)? = nil) {
        for (number, listener) in listeners where listener.streams.contains(where: { $0.name == name }) {
            unsubscribe(number, [name])
            guard let farewell else { continue }
            let text = farewell(SpotRenderer(unit: listener.unit)).rendered
            listener.send(listener.isCombined ? "{\"stream\":\(JSON.text(name).rendered),\"data\":\(text)}" : text)
        }
    }

    private mutating func forget(_ topic: StreamTopic, _ number: Int) {
        topics[topic]?[number] = nil
        if topics[topic]?.isEmpty == true { topics[topic] = nil }
    }

    func hasListeners(_ topic: StreamTopic) -> Bool { topics[topic] != nil }

    /// Candle streams that somebody listens to.
    var candleTopics: [(symbol: String, interval: CandleInterval, offset: Int64)] {
        topics.keys.compactMap {
            if case .candle(let symbol, let interval, let offset) = $0 { (symbol, interval, offset) } else { nil }
        }
    }

    // MARK: - Telling

    /// Sends to everybody who listens to a topic.
    /// - Parameter payload: rendered once for each unit of time that is wanted.
    mutating func publish(
        _ topic: StreamTopic, _ faults: inout FaultDesk, at now: Timestamp, account: String? = nil,
        _ payload: (SpotRenderer) -> JSON
    ) {
        guard let wanted = topics[topic] else { return }
        var rendered: [SpotRenderer.TimeUnit: String] = [:]
        for (number, name) in wanted {
            guard let listener = listeners[number] else { continue }
            let text = rendered[listener.unit] ?? payload(SpotRenderer(unit: listener.unit)).rendered
            rendered[listener.unit] = text
            let wrapped = listener.isCombined ? "{\"stream\":\(JSON.text(name).rendered),\"data\":\(text)}" : text
            deliver(wrapped, to: number, topic.faultName, &faults, account, now)
        }
    }

    /// Sends an account's event to its subscriptions of the WebSocket API.
    mutating func publish(
        account: String, _ faults: inout FaultDesk, at now: Timestamp, _ payload: (SpotRenderer) -> JSON
    ) {
        for number in listeners.keys.sorted() {
            guard let listener = listeners[number] else { continue }
            for (subscription, owner) in listener.accounts where owner == account {
                let event: JSON = [
                    "subscriptionId": .number(Int64(subscription)), "event": payload(SpotRenderer(unit: listener.unit)),
                ]
                deliver(event.rendered, to: number, "stream.user", &faults, account, now)
            }
        }
    }

    /// Sends, unless misbehaviour says otherwise.
    private mutating func deliver(
        _ text: String, to number: Int, _ name: String, _ faults: inout FaultDesk, _ account: String?, _ now: Timestamp
    ) {
        guard let listener = listeners[number] else { return }
        if let until = listener.silentUntil {
            if now < until { return }
            listeners[number]?.silentUntil = nil
        }
        guard faults.concernsStreams || listener.swapped != nil else {
            listener.send(text)
            return
        }
        var copies = 1
        var delay: Int64 = 0
        var isSwapped = false
        for fault in faults.strike(on: name, account: account, where: { $0.isOfStreams }) {
            switch fault.kind {
            case .silent:
                let length = fault.milliseconds > 0 ? Nanoseconds.milliseconds(fault.milliseconds) : Int64.max
                listeners[number]?.silentUntil = now.advanced(byNanoseconds: length)
                return
            case .gap: return
            case .disconnect:
                listener.close()
                return
            case .duplicate: copies += 1
            case .stale: delay += fault.milliseconds
            case .balanceLag where name == "stream.user": delay += fault.milliseconds
            case .reorder: isSwapped = true
            default: break
            }
        }
        if isSwapped, listener.swapped == nil {
            listeners[number]?.swapped = text
            // Where nothing follows, it comes alone.
            held.append(Held(due: now.advanced(byNanoseconds: Nanoseconds.seconds(1)), connection: number, text: ""))
            return
        }
        for _ in 0..<copies { send(text, to: number, delay, now) }
        if let swapped = listener.swapped {
            listeners[number]?.swapped = nil
            listener.send(swapped)
        }
    }

    private mutating func send(_ text: String, to number: Int, _ delay: Int64, _ now: Timestamp) {
        guard delay > 0 else {
            listeners[number]?.send(text)
            return
        }
        let due = now.advanced(byNanoseconds: Nanoseconds.milliseconds(delay))
        held.append(Held(due: due, connection: number, text: text))
    }

    /// Sends what has been held back long enough.
    mutating func release(at now: Timestamp) {
        guard !held.isEmpty else { return }
        let due = held.filter { $0.due <= now }
        held.removeAll { $0.due <= now }
        for message in due {
            if !message.text.isEmpty {
                listeners[message.connection]?.send(message.text)
            } else if let swapped = listeners[message.connection]?.swapped {
                listeners[message.connection]?.swapped = nil
                listeners[message.connection]?.send(swapped)
            }
        }
    }

    /// Misbehaviour is over: nobody is kept waiting any more.
    mutating func heal() {
        for number in listeners.keys { listeners[number]?.silentUntil = nil }
        release(at: .distantFuture)
    }
}
