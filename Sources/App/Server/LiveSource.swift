import Exchanges
import Execution
import Logging
import Networking
import Scheduling
import Simulators
import TradingCore

/// An exchange that is heard, and the markets made of what it tells.
struct LiveSource: Sendable {
    let listings: [PaperExchangeConfiguration.Listing]
    private let feeds: [LiveFeed]
    private let connector: DialectConnector
    private let caller: HTTPCaller

    static func open(
        _ exchange: RecordableExchange, _ symbols: [Symbol], _ hosts: (rest: String?, streams: String?),
        pace: ConnectorPace, patience: Int64, time: any TimeSource, logger: Logger
    ) async throws -> LiveSource {
        let caller: HTTPCaller
        do { caller = try HTTPCaller(time: time) } catch {
            throw BadInput("the trusted certificates cannot be read: \(error)")
        }
        do {
            let wires = Wires(
                time: time, webSockets: try WebSocketClient(), logger: logger, pace: pace,
                seed: UInt64.random(in: .min ... .max)
            ) { request, milliseconds throws(HTTPFailure) in
                try await caller.send(request, within: milliseconds)
            }
            let dialect = exchange.dialect(hosts, MarketCatalog(markets: [], currencies: []))
            let connector = DialectConnector(dialect, wires)
            let instruments: [Instrument]
            do { instruments = try await connector.instruments() } catch {
                throw BadInput("--live \(exchange.rawValue): its markets cannot be had: \(error)")
            }
            var listings: [PaperExchangeConfiguration.Listing] = []
            var feeds: [LiveFeed] = []
            for symbol in symbols {
                guard let instrument = instruments.first(where: { $0.id.symbol == symbol }) else {
                    throw BadInput(
                        "--instrument \(symbol): must be one of the \(instruments.count) markets of \(exchange.rawValue)"
                    )
                }
                let market = LiveMarket(name: name(exchange, instrument.unit))
                listings.append(try listing(instrument, market))
                feeds.append(
                    LiveFeed(
                        connector, symbol, into: market, patience: Nanoseconds.seconds(patience), time: time,
                        logger: logger))
            }
            return LiveSource(listings: listings, feeds: feeds, connector: connector, caller: caller)
        } catch {
            await caller.shutdown()
            throw error
        }
    }

    /// With the units that everything in the journal is counted in: where the exchange changes them, it is another journal.
    private static func name(_ exchange: RecordableExchange, _ unit: BookUnit) -> String {
        "\(exchange.rawValue) counted in \(unit.price) and \(unit.quantity)"
    }

    /// The exchange's rules and rates, fees in what is received.
    private static func listing(
        _ instrument: Instrument, _ market: LiveMarket
    ) throws -> PaperExchangeConfiguration.Listing {
        let fees = try FeeSchedule(maker: instrument.fees.maker, taker: instrument.fees.taker)
        return PaperExchangeConfiguration.Listing(
            instrument: PaperExchangeConfiguration.paper(instrument.with(fees: fees)), source: .live(market),
            // Trades and books come on streams of their own.
            matching: MatchingConfiguration(reportWindowNanoseconds: FeedFormat.binanceRaw.reportWindow))
    }

    /// Hears until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for feed in feeds { group.addTask { await feed.run() } }
        }
    }

    /// Once nothing runs any more.
    func close() async {
        connector.close()
        await caller.shutdown()
    }
}
