import TradingCore

/// A channel of Gate's and what it is about.
struct GateSubscription: Hashable {
    var channel: GateFrame.Channel
    /// Nil for channels that take none.
    var payload: [String]?

    /// As it is confirmed and refused: `spot.trades BTC_USDT`.
    var title: String { ([channel.rawValue] + (payload ?? [])).joined(separator: " ") }

    /// - Parameters:
    ///   - seconds: since 1970.
    ///   - credentials: for private channels, which are signed one by one.
    func message(
        _ event: String, id: Int64, seconds: Int64, credentials: ExchangeCredentials? = nil
    ) -> String {
        var fields = ParameterList()
        fields.add("time", number: seconds)
        fields.add("id", number: id)
        fields.add("channel", channel.rawValue)
        fields.add("event", event)
        var members = fields.members
        if let payload {
            members.append(JSONValue.Member(key: "payload", value: .array(payload.map { .string($0) })))
        }
        if let credentials {
            members.append(
                JSONValue.Member(
                    key: "auth",
                    value: GateSubscription.authentication(channel.rawValue, event, seconds, credentials)))
        }
        return JSONValue.object(members).compactText
    }

    private static func authentication(
        _ channel: String, _ event: String, _ seconds: Int64, _ credentials: ExchangeCredentials
    ) -> JSONValue {
        var fields = ParameterList()
        fields.add("method", "api_key")
        fields.add("KEY", credentials.apiKey)
        fields.add(
            "SIGN",
            HMACSignature.sha512("channel=\(channel)&event=\(event)&time=\(seconds)", credentials.secret).hex)
        return .object(fields.members)
    }

    static func ping(seconds: Int64) -> String { #"{"time":\#(seconds),"channel":"spot.ping"}"# }
}
