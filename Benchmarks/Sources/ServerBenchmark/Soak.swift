import Foundation
import MarketMaking
import Scheduling
import TradingCore

/// A market that moves and trades once a minute for a month, ten sessions that follow it, and what operators look at
/// meanwhile. Prints resident memory by the day, and fails when it grows.
struct Soak {
    let exchange: InstantExchange
    let supervisor: StrategySupervisor
    let time: SteppedTime
    let symbol: Symbol

    /// What the last third of the days may grow by, in kB. Before that SQLite's page caches fill to their bounds, 16 MB for the
    /// writer and 4 for each reader.
    private static let allowanceKilobytes = 2_048
    /// A run in which nothing traded would prove nothing.
    private static let fillsPerDay: UInt64 = 100

    func run(days: Int) async throws {
        var random = SplitMix64(seed: 11)
        var mid: Int64 = 6_000_000
        var resident: [Int] = []
        for day in 1...days {
            for minute in 0..<1_440 {
                mid += Int64(random.below(4_001)) - 2_000
                // Two looks within a minute, so that markouts, refreshes and staleness come due.
                for _ in 0..<2 {
                    time.advance(byNanoseconds: Nanoseconds.seconds(30))
                    try await settle()
                }
                exchange.fillThrough(symbol, mid: mid)
                exchange.market(symbol, mid: mid)
                try await settle()
                if minute % 60 == 0 { try await look() }
            }
            // The exchange's own notes are no memory of the server's.
            _ = exchange.takeTimes()
            resident.append(try residentKilobytes())
            print(
                "day \(day): \(resident[day - 1]) kB resident, \(exchange.tradeCount) fills, open \(exchange.openCount)"
            )
        }
        let last = resident.suffix(max(1, days / 3))
        let (start, end) = (last.first ?? 0, last.max() ?? 0)
        print(
            "soak: \(days) days, \(exchange.tradeCount) fills; the last \(last.count) days begin with \(start) kB, reach \(end) kB"
        )
        if end > start + Self.allowanceKilobytes || exchange.tradeCount < UInt64(days) * Self.fillsPerDay { exit(1) }
    }

    /// Lets what was decided be stored and sent: the clock stands meanwhile, so that no order is old before it rests.
    private func settle() async throws {
        var (last, still) = (exchange.requestCount, 0)
        // Where a session has nothing to quote with, fewer orders rest than there could: then what counts is that all is still.
        while still < 6, exchange.openCount < Self.quotes {
            try await Task.sleep(for: .microseconds(200))
            let now = exchange.requestCount
            still = now == last ? still + 1 : 0
            last = now
        }
    }

    /// Two of each session.
    private static let quotes = 20

    private func look() async throws {
        _ = await supervisor.health()
        for strategy in try await supervisor.strategies(.all) {
            _ = try await supervisor.inspect(strategy.key.description)
        }
        _ = try await supervisor.orderBook(exchange: "paper", symbol: symbol.description, limit: 100)
    }

    private func residentKilobytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }
}
