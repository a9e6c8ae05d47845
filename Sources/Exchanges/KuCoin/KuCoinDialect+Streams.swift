import TradingCore

extension KuCoinDialect {
    public func publicStream(_ channels: [StreamChannel]) throws(ExchangeFailure) -> any StreamSession {
        try publicStream(channels, token: nil)
    }

    public func publicStream(
        _ channels: [StreamChannel], token: StreamToken?
    ) throws(ExchangeFailure) -> any StreamSession {
        try KuCoinPublicStream(self, channels, token: token)
    }

    public func privateStream(token: StreamToken?) throws(ExchangeFailure) -> any StreamSession {
        try KuCoinPrivateStream(self, token: token)
    }

    /// Good for a day, and for one connection.
    public func streamToken(isPrivate: Bool) -> EndpointCall<StreamToken>? {
        let request =
            isPrivate
            ? privateRequest(.post, "bullet-private", weight: 10)
            : EndpointRequest(.post, ["public"], "bullet-public", costs: KuCoinPool.public.costs(10))
        return call(request) { data in
            let server = data["instanceServers"]?[0]
            return StreamToken(
                token: Secret(try data.requiredText("token")), endpoint: server?.text("endpoint"),
                pingInterval: try server?.integer("pingInterval"), pingTimeout: try server?.integer("pingTimeout"),
                lifetime: 86_400_000)
        }
    }

    /// Topics of several markets are joined, a hundred to a topic.
    func topics(_ channels: [StreamChannel]) throws(ExchangeFailure) -> [String] {
        var markets: [(topic: KuCoinFrame.Topic, names: [String])] = []
        func add(_ topic: KuCoinFrame.Topic, _ name: String) {
            if let index = markets.lastIndex(where: { $0.topic == topic }), markets[index].names.count < 100 {
                markets[index].names.append(name)
            } else {
                markets.append((topic, [name]))
            }
        }
        var candles: [String] = []
        for channel in channels {
            let name = try catalog.required(channel.symbol).id
            switch channel {
            case .book: add(.changes, name)
            case .bestPrices: add(.bestPrices, name)
            case .trades: add(.trades, name)
            case .ticker: add(.ticker, name)
            case .candles(_, let interval):
                guard let length = KuCoinDialect.intervals[interval] else {
                    throw unsupported("candles of \(interval.rawValue)")
                }
                candles.append("\(KuCoinFrame.Topic.candles.rawValue):\(name)_\(length)")
            }
        }
        return markets.map { "\($0.topic.rawValue):" + $0.names.joined(separator: ",") } + candles
    }
}
