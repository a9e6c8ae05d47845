import TradingCore

/// What public and private connections share: subscribing, acknowledgements, pings, and an end before the exchange cuts.
///
/// Source: the documentation's "Websocket Market Streams" and "Websocket User Data Streams".
struct MEXCConnection: Sendable {
    /// Most subscriptions of one connection.
    static let channelLimit = 30
    private static let pingEvery: Int64 = 15_000
    private static let confirmWithin: Int64 = 30_000
    /// The exchange cuts after a day.
    private static let lifetime: Int64 = 86_400_000 - 600_000

    let endpoint: String
    let channels: [String]
    private var nextPing: Int64?
    private var endsAt: Int64?
    /// Subscriptions that were neither confirmed nor refused, and when that is too late.
    private var unconfirmed: Set<String> = []
    private var confirmedBy: Int64?

    init(endpoint: String, channels: [String]) {
        self.endpoint = endpoint
        self.channels = channels
    }

    var nextWake: Int64? { [nextPing, endsAt, confirmedBy].compactMap { $0 }.min() }

    /// Each channel is asked for alone, so that each gets its own answer.
    mutating func opened(_ now: Int64, into effects: inout [StreamEffect]) {
        for channel in channels {
            effects.append(.send("{\"method\":\"SUBSCRIPTION\",\"params\":[\"\(channel)\"]}"))
        }
        unconfirmed = Set(channels)
        confirmedBy = channels.isEmpty ? nil : now + Self.confirmWithin
        nextPing = now + Self.pingEvery
        endsAt = now + Self.lifetime
    }

    mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) {
        if let endsAt, endsAt <= now {
            self.endsAt = nil
            effects.append(.reconnect(failure(.networkError, "the connection is a day old")))
            return
        }
        if let confirmedBy, confirmedBy <= now {
            self.confirmedBy = nil
            effects.append(
                .reconnect(failure(.requestTimeout, "\(unconfirmed.count) subscriptions were not confirmed")))
            return
        }
        if let nextPing, nextPing <= now {
            effects.append(.send("{\"method\":\"PING\"}"))
            self.nextPing = now + Self.pingEvery
        }
    }

    /// Reads a control message: `{"id":0,"code":0,"msg":"…"}`, where `msg` is the channel, or why there is none.
    /// - Returns: the channel that was confirmed.
    mutating func control(_ frame: UnsafeRawBufferPointer, into effects: inout [StreamEffect]) -> String? {
        let message: JSONValue
        do throws(JSONError) { message = try JSONValue(utf8: frame) } catch {
            effects.append(.reconnect(failure(.badResponse, "\(error)")))
            return nil
        }
        guard message.members != nil else {
            effects.append(.reconnect(failure(.badResponse, "no object: \(message.compactText.prefix(80))")))
            return nil
        }
        let text = message.text("msg") ?? ""
        if message.text("method")?.uppercased() == "PING" {
            effects.append(.send("{\"method\":\"PONG\"}"))
        } else if text.uppercased() == "PONG" {
            effects.append(.event(.alive))
        } else if channels.contains(text) {
            settle(text)
            effects.append(.event(.confirmed(text)))
            return text
        } else if let channel = channels.first(where: { text.contains($0) }) {
            settle(channel)
            effects.append(.event(.refused(channel, failure(kind(message, text), text))))
        } else if let code = message.text("code"), code != "0" {
            effects.append(.event(.refused(endpoint, failure(kind(message, text), text))))
        } else {
            effects.append(.event(.unexplained(String(message.compactText.prefix(200)))))
        }
        return nil
    }

    private mutating func settle(_ channel: String) {
        unconfirmed.remove(channel)
        if unconfirmed.isEmpty { confirmedBy = nil }
    }

    private func kind(_ message: JSONValue, _ text: String) -> ExchangeFailure.Kind {
        let code = message.text("code") ?? "0"
        if code != "0" { return MEXCDialect.kind(ofCode: code, text) }
        return text.lowercased().contains("block") ? .rateLimitExceeded : .badRequest
    }

    func failure(_ kind: ExchangeFailure.Kind, _ message: String) -> ExchangeFailure {
        ExchangeFailure(kind, exchange: "mexc", endpoint: endpoint, message: message)
    }
}
