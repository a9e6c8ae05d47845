import TradingCore

/// What both kinds of connection share: the welcome before anything may be sent, subscriptions within KuCoin's pace, pings.
struct KuCoinConnection {
    let url: String
    let pingInterval: Int64
    let silenceLimit: Int64
    private var waiting: [String]
    private let isPrivate: Bool
    private var topics: [String: String] = [:]
    private var nextID = 1
    private var isWelcome = false
    private var nextPing: Int64?
    private var nextBatch: Int64?

    /// KuCoin takes 100 messages in 10 s; the rest is for pings and for what is subscribed to again.
    static let (batch, pause): (Int, Int64) = (90, 10_000)

    /// - Parameter token: nil for simulators, which need none.
    init(_ dialect: KuCoinDialect, topics: [String], token: StreamToken?, isPrivate: Bool) throws(ExchangeFailure) {
        guard let address = token?.endpoint ?? dialect.hosts.streams[isPrivate ? "private" : "public"] else {
            throw ExchangeFailure(.badRequest, exchange: "kucoin", message: "no address of the stream")
        }
        url = address + (token.map { "?token=" + FormEncoding.percentEncoded($0.token.reveal()) } ?? "")
        pingInterval = min(max(token?.pingInterval ?? 18_000, 1_000), 300_000)
        silenceLimit = pingInterval + min(max(token?.pingTimeout ?? 10_000, 1_000), 300_000)
        waiting = topics
        self.isPrivate = isPrivate
    }

    var nextWake: Int64? { [nextPing, nextBatch].compactMap { $0 }.min() }

    mutating func opened(_ now: Int64) { nextPing = now &+ pingInterval }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if let ping = nextPing, ping <= now {
            effects.append(.send(#"{"id":"\#(nextID)","type":"ping"}"#))
            nextID &+= 1
            nextPing = now &+ pingInterval
        }
        if let time = nextBatch, time <= now { sendBatch(now, into: &effects) }
    }

    private mutating func sendBatch(_ now: Int64, into effects: inout [StreamEffect]) {
        for topic in waiting.prefix(Self.batch) {
            var fields = ParameterList()
            fields.add("id", String(nextID))
            fields.add("type", "subscribe")
            fields.add("topic", topic)
            if isPrivate { fields.add("privateChannel", flag: true) }
            fields.add("response", flag: true)
            topics[String(nextID)] = topic
            nextID &+= 1
            effects.append(.send(JSONValue.object(fields.members).compactText))
        }
        waiting.removeFirst(min(waiting.count, Self.batch))
        nextBatch = waiting.isEmpty ? nil : now &+ Self.pause
    }

    /// What a frame says that is no message.
    /// - Returns: the topic whose subscription it confirms.
    @discardableResult
    mutating func received(
        _ frame: KuCoinFrame, _ bytes: UnsafeRawBufferPointer, _ now: Int64, into effects: inout [StreamEffect]
    ) -> String? {
        switch frame.kind {
        case .welcome:
            effects.append(.event(.confirmed("welcome")))
            guard !isWelcome else { return nil }
            isWelcome = true
            sendBatch(now, into: &effects)
        case .pong: effects.append(.event(.alive))
        case .ack:
            let topic = frame.id.flatMap { topics.removeValue(forKey: $0) } ?? frame.id ?? ""
            effects.append(.event(.confirmed(topic)))
            return topic
        case .error:
            let topic = frame.id.flatMap { topics.removeValue(forKey: $0) } ?? frame.id ?? ""
            let failure = KuCoinConnection.failure(frame, bytes, topic)
            // A token that has run out is made good by a new one.
            effects.append(frame.code == "401" ? .reconnect(failure) : .event(.refused(topic, failure)))
        case .message, .other:
            effects.append(.event(.unexplained(String(decoding: bytes.prefix(200), as: UTF8.self))))
        }
        return nil
    }

    private static func failure(
        _ frame: KuCoinFrame, _ bytes: UnsafeRawBufferPointer, _ topic: String
    ) -> ExchangeFailure {
        let value = try? frame.dataValue(of: bytes)
        let kind: ExchangeFailure.Kind =
            switch frame.code {
            case "401", "403": .authenticationError
            case "429", "509": .rateLimitExceeded
            case "400", "404", "406", "415": .badRequest
            default: .exchangeError
            }
        return ExchangeFailure(
            kind, exchange: "kucoin", endpoint: topic, code: frame.code, message: value?.text ?? "")
    }
}
