import Exchanges
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import MarketData

/// A recording and the number of depth updates of it that make a book.
struct RecordedMarket: CustomTestStringConvertible {
    let file: String
    let tick: FixedDecimal
    let checks: Int

    var testDescription: String { file }
    var unit: BookUnit { get throws { try BookUnit(price: tick, quantity: "0.00000001") } }

    static let all = [
        RecordedMarket(file: "binance-spot-btcusdt-20240808.gz", tick: "0.01", checks: 3_449),
        RecordedMarket(file: "binance-spot-ethusdt-20240808.gz", tick: "0.01", checks: 3_432),
        RecordedMarket(file: "binance-spot-nexousdt-20240723.gz", tick: "0.001", checks: 54_929),
    ]

    func messages(limit: Int = .max) throws -> [(time: Timestamp, message: FeedMessage)] {
        let path = try #require(SharedFixtures.recording(file))
        return try MarketDataTests.messages(of: path, unit: try unit, limit: limit)
    }
}

@Suite("Recorded books", .enabled(if: SharedFixtures.exist, Comment(rawValue: SharedFixtures.absence)))
struct RecordedBookTests {
    @Test("the levels' top equals the newest bookTicker of an id not above theirs", arguments: RecordedMarket.all)
    func matchesTickers(market: RecordedMarket) throws {
        let messages = try market.messages()
        let tickers = messages.compactMap { entry -> BinanceBookTicker? in
            if case .bookTicker(let ticker) = entry.message.message { ticker } else { nil }
        }.sorted { $0.updateID < $1.updateID }
        let driver = try FeedDriver(unit: market.unit)
        var (next, checks, mismatches, previousID) = (0, 0, 0, Int64(-1))
        for (time, message) in messages {
            driver.receive(message, at: time)
            if !driver.agrees() { mismatches += 1 }
            guard let id = driver.depthUpdateID, id != previousID else { continue }
            previousID = id
            if case .snapshot(let own) = message.message, own == id { continue }
            while next < tickers.count, tickers[next].updateID <= id { next += 1 }
            guard next > 0 else { continue }
            let ticker = tickers[next - 1]
            checks += 1
            let book = driver.storedTop
            if book.bid != ticker.bid || book.ask != ticker.ask { mismatches += 1 }
        }
        #expect(checks == market.checks)
        #expect(mismatches == 0)
    }

    @Test(
        "lost, doubled and reordered messages and late snapshots are noticed and healed",
        arguments: 1...9 as ClosedRange<UInt64>)
    func healsFaults(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let market = RecordedMarket.all[Int(seed % 3)]
        let messages = try market.messages(limit: 4_000).map(\.message)
        let driver = try FeedDriver(unit: market.unit)
        var reference = PlainBook()
        // The exact book at each update id, as a sum.
        var sums: [Int64: Int] = [:]
        var delayed: [(due: Int, message: FeedMessage)] = []
        var (losses, gaps, wrong) = (0, 0, 0)
        var lost = false

        func give(_ message: FeedMessage, at index: Int, _ driver: FeedDriver) {
            let (request, records) = driver.receive(message)
            gaps += records.count { $0.kind == .gap }
            if request == .fetchSnapshot {
                // Answered late, now and then with a book of before the request.
                let answer = reference.snapshot
                delayed.append((index + Int(random.below(40)), answer))
            }
            if !driver.agrees() { wrong += 1 }
        }

        for (index, message) in messages.enumerated() {
            reference.apply(message)
            if case .snapshot = message.message {
                // The recording's own answer; ours come on request.
                delayed.append((index + Int(random.below(30)), message))
                continue
            }
            if case .depthUpdate = message.message { sums[reference.updateID] = reference.checksum }
            let isQuiet = index > messages.count - 400
            switch isQuiet ? 99 : random.below(100) {
            case 0:
                losses += 1
                lost = true
            case 1, 2:
                give(message, at: index, driver)
                give(message, at: index, driver)
            case 3, 4:
                delayed.append((index + 1 + Int(random.below(12)), message))
            default:
                give(message, at: index, driver)
            }
            let due = delayed.filter { $0.due <= index }
            delayed.removeAll { $0.due <= index }
            for entry in due { give(entry.message, at: index, driver) }
            if driver.isSynced, let id = driver.depthUpdateID, let sum = sums[id],
                sum != driver.checksum
            {
                wrong += 1
            }
        }
        #expect(driver.isSynced, "seed \(seed)")
        let isSame = driver.equals(reference)
        #expect(isSame, "seed \(seed)")
        #expect(driver.depthUpdateID == reference.updateID, "seed \(seed)")
        #expect(wrong == 0, "seed \(seed)")
        #expect(lost && losses > 0 && gaps > 0, "seed \(seed)")
    }

    @Test("a local clock that is off changes nothing but the times", arguments: [-2, 2] as [Int64])
    func ignoresClockOffset(seconds: Int64) throws {
        let market = RecordedMarket.all[0]
        let messages = try market.messages(limit: 10_000)
        let (exact, shifted) = (try FeedDriver(unit: market.unit), try FeedDriver(unit: market.unit))
        for (time, message) in messages {
            let later = time.advanced(byNanoseconds: seconds * Nanoseconds.perSecond)
            let (request, records) = exact.receive(message, at: time)
            let (shiftedRequest, shiftedRecords) = shifted.receive(message, at: later)
            let back = shiftedRecords.map { record in
                var record = record
                record.time = record.time.advanced(byNanoseconds: -seconds * Nanoseconds.perSecond)
                return record
            }
            #expect(request == shiftedRequest && records == back)
            #expect(exact.isStale(at: time) == shifted.isStale(at: later))
        }
    }

    @Test("every recording reads to its end in bounded steps", arguments: RecordedMarket.all)
    func readsRecordings(market: RecordedMarket) throws {
        let path = try #require(SharedFixtures.recording(market.file))
        let symbol = market.file.contains("btc") ? "BTCUSDT" : market.file.contains("eth") ? "ETHUSDT" : "NEXOUSDT"
        let recording = try BinanceRecording(paths: [path], symbol: symbol, unit: market.unit)
        var book = OrderBook()
        var records: [MarketRecord] = []
        var (trades, largest, last) = (0, 0, Timestamp.distantPast)
        while try recording.read(into: &records) {
            largest = max(largest, records.count)
            for record in records {
                #expect(record.time >= last)
                last = record.time
                book.apply(record)
                if record.kind == .trade { trades += 1 }
            }
            #expect(records.last?.isLast == true)
            records.removeAll(keepingCapacity: true)
        }
        #expect(recording.isSynced && recording.progress == 1 && recording.skippedCount == 0)
        #expect(largest < 3 * recordsPerRead)
        let shape = book.shape
        #expect(shape == .normal)
        let messages = try market.messages()
        let expected = messages.count { if case .trade = $0.message.message { true } else { false } }
        #expect(trades == expected && recording.eventCount == messages.count)
    }
}

extension OrderBook {
    /// The best levels without the top over them; empty sides as a ticker says it.
    var storedTop: (bid: BookLevel, ask: BookLevel) {
        let (bid, ask) = (bids.storedBestPrice?.ticks ?? 1, asks.storedBestPrice?.ticks ?? BookSide.maximumTicks)
        return (
            BookLevel(price: Price(ticks: bid), quantity: Quantity(lots: bids.storedLots(at: bid))),
            BookLevel(price: Price(ticks: ask), quantity: Quantity(lots: asks.storedLots(at: ask)))
        )
    }

    /// Tells two books apart with all but certainty, where walking all levels each time takes too long.
    var checksum: Int {
        let top = storedTop
        return [
            bids.levelCount, asks.levelCount, Int(top.bid.price.ticks), Int(top.bid.quantity.lots),
            Int(top.ask.price.ticks), Int(top.ask.quantity.lots),
        ].reduce(0) { $0 &* 1_000_003 &+ $1 }
    }
}

extension PlainBook {
    var checksum: Int {
        let (bids, asks) = (levels[.buy] ?? [:], levels[.sell] ?? [:])
        let (bid, ask) = (bids.keys.max() ?? 1, asks.keys.min() ?? BookSide.maximumTicks)
        return [bids.count, asks.count, Int(bid), Int(bids[bid] ?? 0), Int(ask), Int(asks[ask] ?? 0)]
            .reduce(0) { $0 &* 1_000_003 &+ $1 }
    }
}
