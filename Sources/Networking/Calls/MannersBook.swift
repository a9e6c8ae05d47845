public import Exchanges
import Synchronization
import TradingCore

/// The one ``SharedManners`` of each exchange, for all who talk to it from here: trading, checks of keys, transfers. Who counted
/// apart would spend what the others think they have.
public final class MannersBook: Sendable {
    /// An exchange's test network counts for itself.
    private struct Place: Hashable {
        var exchange: ExchangeID
        var roots: [String: String]
    }

    private let known = Mutex<[Place: SharedManners]>([:])

    public init() {}

    /// - Parameter dialect: with the hosts that it is spoken to.
    public func manners(of dialect: any ExchangeDialect) -> SharedManners {
        let place = Place(exchange: dialect.id, roots: dialect.hosts.rest)
        return known.withLock { known in
            if let manners = known[place] { return manners }
            // Where the exchange has no call for its time, answers carry it in whole seconds.
            let resolution: Int64 = (try? dialect.serverTime()) == nil ? 1_000 : 1
            let manners = SharedManners(limits: dialect.limits, clockResolution: resolution)
            known[place] = manners
            return manners
        }
    }
}
