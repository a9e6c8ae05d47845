public import Exchanges
public import Logging
public import Scheduling
public import TradingCore

/// Keeps a live market told by an exchange's connector, and takes it away when the exchange says nothing any more.
///
/// A connector notices connections and sequences that break, and asks after books that are silent; what it then tells keeps
/// the market alive. Where it tells nothing for as long as ``patience``, the market is lost, and its stream begun anew.
public struct LiveFeed: Sendable {
    private let connector: any ExchangeConnector
    private let symbol: Symbol
    private let market: LiveMarket
    private let patience: Int64
    private let time: any TimeSource
    private let logger: Logger
    /// Nanoseconds before another try.
    private static let pause = Nanoseconds.seconds(1)

    /// - Parameter patience: nanoseconds of silence after which nothing is traded on what was told before.
    public init(
        _ connector: any ExchangeConnector, _ symbol: Symbol, into market: LiveMarket, patience: Int64,
        time: any TimeSource, logger: Logger
    ) {
        self.connector = connector
        self.symbol = symbol
        self.market = market
        self.patience = patience
        self.time = time
        self.logger = logger
    }

    /// Until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                let subscription = try await connector.subscribe(symbol) { [market] in market.put($0) }
                let reason = await watch()
                subscription.cancel()
                market.lose(at: time.now())
                if let reason { logger.warning("\(symbol) at \(connector.displayName): \(reason): begun anew") }
            } catch {
                logger.warning("\(symbol) at \(connector.displayName) cannot be heard: \(error)")
            }
            do { try await time.sleep(until: time.now().advanced(byNanoseconds: Self.pause)) } catch { return }
        }
    }

    /// - Returns: why the stream must be begun anew; nil when the task is cancelled.
    private func watch() async -> String? {
        var looked = time.now()
        while true {
            let due = (market.heardAt ?? looked).advanced(byNanoseconds: patience)
            // A heartbeat may have come from a clock that is behind: never the same moment twice.
            let next = max(due, looked.advanced(byNanoseconds: Nanoseconds.perMillisecond))
            do { try await time.sleep(until: next) } catch { return nil }
            looked = time.now()
            if market.takeOverrun() { return "more was told than could be taken" }
            if let heard = market.heardAt, looked.nanoseconds(since: heard) >= patience {
                return "silent for \(looked.nanoseconds(since: heard) / Nanoseconds.perMillisecond) ms"
            }
        }
    }
}
