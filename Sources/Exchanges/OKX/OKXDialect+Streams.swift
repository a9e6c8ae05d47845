import TradingCore

extension OKXDialect {
    /// - Throws: `badRequest` when candles are asked together with anything else: OKX has two addresses for them.
    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        var named: [OKXChannel] = []
        for channel in channels {
            let market = try catalog.required(channel.symbol)
            var bar = ""
            if case .candles(_, let interval) = channel {
                guard let known = OKXDialect.bars[interval] else {
                    throw ExchangeFailure(.badRequest, message: "OKX has no candles of \(interval.rawValue)")
                }
                bar = known
            }
            let next = OKXChannel(channel, market.id, bar: bar)
            if !named.contains(next) { named.append(next) }
        }
        let business = named.count(where: \.isBusiness)
        guard business == 0 || business == named.count else {
            throw ExchangeFailure(.badRequest, message: "candles need a connection of their own on OKX")
        }
        return OKXPublicStream(self, named, url: try streamURL(business > 0 ? "business" : "public"))
    }

    public func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession {
        OKXPrivateStream(self, url: try streamURL("private"))
    }

    private func streamURL(_ name: String) throws(ExchangeFailure) -> String {
        guard let url = hosts.streams[name] else {
            throw ExchangeFailure(.badRequest, exchange: id.rawValue, message: "no host for the \(name) stream")
        }
        return url
    }
}
