import TradingCore

/// The volume-weighted average price of the last five minutes, in whole-minute steps: what Binance's price band refers to.
struct AveragePrice: Sendable {
    private static let minute: Int64 = 60_000_000_000
    private var minutes = [Int64](repeating: .min, count: 5)
    private var value = [Int128](repeating: 0, count: 5)
    private var volume = [Int128](repeating: 0, count: 5)

    mutating func add(_ trade: MarketRecord) {
        let minute = trade.time.nanoseconds / AveragePrice.minute
        let slot = Int(minute % 5)
        if minutes[slot] != minute {
            minutes[slot] = minute
            value[slot] = 0
            volume[slot] = 0
        }
        value[slot] += Int128(trade.price.ticks) * Int128(trade.quantity.lots)
        volume[slot] += Int128(trade.quantity.lots)
    }

    /// - Returns: nil when nothing traded in the last five minutes.
    func price(at now: Timestamp) -> Price? {
        let newest = now.nanoseconds / AveragePrice.minute
        var (value, volume): (Int128, Int128) = (0, 0)
        for slot in 0..<5 where minutes[slot] > newest - 5 && minutes[slot] <= newest {
            value += self.value[slot]
            volume += self.volume[slot]
        }
        return volume == 0 ? nil : Price(ticks: Int64(value / volume))
    }
}

extension AveragePrice: Codable {
    private enum Key: CodingKey { case minutes, value, volume }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func wide(_ key: Key) throws -> [Int128] {
            try container.decode([String].self, forKey: key).map { Int128($0) ?? 0 }
        }
        self.init()
        minutes = try container.decode([Int64].self, forKey: .minutes)
        (value, volume) = (try wide(.value), try wide(.volume))
        guard minutes.count == 5, value.count == 5, volume.count == 5 else {
            throw DecodingError.dataCorruptedError(
                forKey: .minutes, in: container, debugDescription: "an average of five minutes has five of each")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(minutes, forKey: .minutes)
        try container.encode(value.map { "\($0)" }, forKey: .value)
        try container.encode(volume.map { "\($0)" }, forKey: .volume)
    }
}
