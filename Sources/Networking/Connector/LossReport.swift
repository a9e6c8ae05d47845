import Exchanges
import Logging
import Scheduling
import Synchronization
import TradingCore

/// Why an instrument's market is not known, for whoever reads the log: always when a whole book is lost, and while there is none
/// seldom enough that a stream of nonsense does not fill the disk.
final class LossReport: Sendable {
    private static let pause = Nanoseconds.seconds(10)
    private let logger: Logger
    private let market: String
    private let time: any TimeSource
    private let told = Mutex(Timestamp?.none)

    init(_ market: String, _ logger: Logger, time: any TimeSource) {
        self.market = market
        self.logger = logger
        self.time = time
    }

    /// - Parameter wasWhole: there was a book to quote on until now.
    func tell(_ failure: ExchangeFailure, wasWhole: Bool) {
        let now = time.now()
        let isDue = told.withLock { told in
            let isDue = wasWhole || told.map { now >= $0.advanced(byNanoseconds: Self.pause) } ?? true
            if isDue { told = now }
            return isDue
        }
        if isDue { logger.warning("\(market): \(failure)") }
    }
}
