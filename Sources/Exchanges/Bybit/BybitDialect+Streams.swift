import TradingCore

extension BybitDialect {
    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        var topics: [BybitTopic] = []
        for channel in channels {
            let market = try catalog.required(channel.symbol)
            var interval = ""
            if case .candles(_, let length) = channel {
                guard let known = BybitDialect.intervals[length] else {
                    throw ExchangeFailure(.badRequest, message: "Bybit has no candles of \(length.rawValue)")
                }
                interval = known
            }
            let topic = BybitTopic(channel, market.id, interval: interval)
            if !topics.contains(topic) { topics.append(topic) }
        }
        return BybitPublicStream(self, topics, url: try streamURL("public"))
    }

    public func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession {
        BybitPrivateStream(self, url: try streamURL("private"))
    }

    private func streamURL(_ name: String) throws(ExchangeFailure) -> String {
        guard let url = hosts.streams[name] else {
            throw ExchangeFailure(.badRequest, exchange: id.rawValue, message: "no host for the \(name) stream")
        }
        return url
    }
}
