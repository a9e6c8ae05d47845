public import Execution
public import MarketData
public import Scheduling
public import TradingCore

/// A market-making session on the paper exchange at the pace of a clock.
///
/// The same ``TradingSimulation`` as a backtest's, with the same records: only when they are applied differs. Time in
/// the market runs `speed` times as fast as the clock, from the first record on.
public struct PaperSession<Market: MarketSource>: ~Copyable {
    public enum Speed: Hashable, Sendable {
        case times(Double)
        /// As fast as it goes.
        case maximum
    }

    /// How a session ended.
    public enum Ending: Hashable, Sendable {
        /// The recording is over.
        case endOfFeed
        case stopped
    }

    private var simulation: TradingSimulation
    private var market: Market
    private let speed: Speed
    private let time: any TimeSource
    private var records: [MarketRecord] = []
    private var next = 0
    private var marketStart: Timestamp?
    private let clockStart: Timestamp
    private let statusInterval: Int64
    private var nextStatus: Timestamp

    /// - Parameters:
    ///   - statusInterval: nanoseconds of the clock between two status reports.
    /// - Throws: ``InstrumentError`` from the plan.
    public init(
        _ plan: BacktestPlan, on market: Market, speed: Speed, time: any TimeSource,
        statusInterval: Int64 = 500 * Nanoseconds.perMillisecond, keepsLog: Bool = false
    ) throws {
        simulation = try plan.simulation()
        simulation.keepsLog = keepsLog
        self.market = market
        self.speed = speed
        self.time = time
        self.statusInterval = statusInterval
        clockStart = time.now()
        nextStatus = clockStart
    }

    public var eventCount: Int { market.eventCount }

    /// Trades until the feed ends or `shouldStop` says so, then takes every own order off and verifies that none is left.
    /// - Parameters:
    ///   - shouldStop: asked at least every 50 ms of the clock.
    ///   - report: given the session every `statusInterval`, and at the end.
    /// - Returns: how it ended, and whether the exchange confirmed that nothing is open.
    /// - Throws: ``FeedError`` from the market.
    public mutating func run(
        shouldStop: () -> Bool, report: (borrowing TradingSimulation, Int) -> Void
    ) async throws -> (ending: Ending, isClean: Bool) {
        var ending = Ending.endOfFeed
        while try fill() {
            if shouldStop() {
                ending = .stopped
                break
            }
            advance()
            let now = time.now()
            if now >= nextStatus {
                nextStatus = now.advanced(byNanoseconds: statusInterval)
                report(simulation, market.eventCount)
            }
            try await pause()
        }
        let isClean = simulation.stopAll()
        simulation.finishMeasuring()
        report(simulation, market.eventCount)
        return (ending, isClean)
    }

    /// The finished session's orders, cancels and fills, when kept.
    public var log: [SimulationLogEntry] { simulation.log }

    /// Makes sure that there is a record to come.
    private mutating func fill() throws -> Bool {
        if next < records.count { return true }
        records.removeAll(keepingCapacity: true)
        next = 0
        while records.isEmpty {
            guard try market.read(into: &records) else { return false }
        }
        marketStart = marketStart ?? records[0].time
        return true
    }

    /// Applies every record whose time has come, and what falls due meanwhile.
    private mutating func advance() {
        let until = marketTime()
        while next < records.count, records[next].time <= until {
            simulation.apply(records[next])
            next += 1
        }
        if next < records.count { simulation.run(until: min(until, records[next].time)) }
    }

    private func marketTime() -> Timestamp {
        guard case .times(let factor) = speed, let marketStart else { return .distantFuture }
        let passed = Double(time.now().nanoseconds(since: clockStart)) * factor
        return marketStart.advanced(byNanoseconds: Int64(min(passed, 9e18)))
    }

    /// Sleeps until the next record is due, at most 50 ms; at full speed lets others run.
    private func pause() async throws {
        guard case .times(let factor) = speed, next < records.count else {
            await Task.yield()
            return
        }
        let wait = Double(records[next].time.nanoseconds(since: marketTime())) / factor
        guard wait > 0 else { return }
        let limit = Double(50 * Nanoseconds.perMillisecond)
        // Rounded up: a wait below a nanosecond must not be no wait, or a clock that only moves by sleeping stands still.
        try await time.sleep(until: time.now().advanced(byNanoseconds: Int64(min(wait, limit).rounded(.up)) + 1))
    }
}
