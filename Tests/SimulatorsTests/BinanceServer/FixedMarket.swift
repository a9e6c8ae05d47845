import Exchanges
import Execution
import MarketData
import TradingCore

@testable import Simulators

/// A market that opens with a few levels and then says only what it is told to, so that everything that happens is the
/// accounts' doing.
struct FixedMarket: MarketSource {
    /// A level: side, price in units of 0.01 and quantity in units of 10⁻⁸.
    struct Level: Sendable {
        var side: Side
        var price: Int64
        var lots: Int64
    }

    private var records: [MarketRecord]
    private(set) var eventCount = 0
    var progress: Double { 0 }

    init(_ levels: [Level]) {
        records = [
            MarketRecord(
                time: Timestamp(nanoseconds: 0), kind: .reset, side: .buy, price: Price(ticks: 0), quantity: .zero,
                isLast: false)
        ]
        for (index, level) in levels.enumerated() {
            records.append(
                MarketRecord(
                    time: Timestamp(nanoseconds: 0), kind: .snapshot, side: level.side,
                    price: Price(ticks: level.price), quantity: Quantity(lots: level.lots),
                    isLast: index == levels.count - 1))
        }
    }

    mutating func read(into records: inout [MarketRecord]) throws(FeedError) -> Bool {
        guard !self.records.isEmpty else { return false }
        records += self.records
        eventCount += self.records.count
        self.records = []
        return true
    }

    /// 59 990 with 2 BTC and 59 980 with 3, 60 010 with 2 BTC and 60 020 with 3.
    static let levels = [
        Level(side: .buy, price: 5_999_000, lots: 200_000_000), Level(side: .buy, price: 5_998_000, lots: 300_000_000),
        Level(side: .sell, price: 6_001_000, lots: 200_000_000),
        Level(side: .sell, price: 6_002_000, lots: 300_000_000),
    ]

    static func configuration(_ levels: [Level] = levels) throws -> SpotConfiguration {
        guard let symbol = Symbol("BTC/USDT"), let instrument = BinanceInstruments.instrument(symbol) else {
            throw SpotFaultError(description: "BTC/USDT is not checked in")
        }
        let funds: [AssetID: FixedDecimal] = ["USDT": "1000000", "BTC": "10"]
        return SpotConfiguration(
            listings: [
                .init(
                    instrument: PaperExchangeConfiguration.paper(instrument),
                    source: .recorded(name: "fixed", speed: 1) { FixedMarket(levels) })
            ],
            accounts: [
                SpotAccount(name: "alice", key: "KEYA", secret: Secret("SECRETA"), funds: funds),
                SpotAccount(name: "bob", key: "KEYB", secret: Secret("SECRETB"), funds: funds),
            ])
    }
}
