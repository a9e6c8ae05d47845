import Execution
import TradingCore

/// What live markets have told, on its way into the exchange and its journal.
///
/// A real exchange cannot be asked again for what it told. So what may touch anybody's order is journaled before it is done;
/// the rest is done at once, and journaled only where something follows before the next checkpoint.
struct HeardMarkets {
    /// Not done yet.
    var waiting: [SpotCommand] = []
    /// Done, in no journal.
    var unstored: [SpotCommand] = []
}

extension SpotCore {
    /// Takes what has come up to a moment. Nothing more is taken before it is done.
    func hear(until time: Timestamp) {
        guard heard.waiting.isEmpty else { return }
        for market in markets {
            guard let records = market.live?.take(until: time), !records.isEmpty else { continue }
            heard.waiting.append(.market(symbol: market.name, records: records))
        }
    }

    /// Whether what waits may touch somebody's order: it is to be journaled first.
    var concernsOrders: Bool {
        heard.waiting.contains { command in
            guard case .market(let symbol, _) = command, let market = try? market(symbol) else { return false }
            return market.engine.restingCount > 0
        }
    }

    /// Does what waits.
    /// - Parameter isStored: it is in the journal, with all that was done before.
    func doHeard(isStored: Bool) {
        let waiting = heard.waiting
        heard.waiting.removeAll()
        for command in waiting { _ = perform(command) }
        if isStored { heard.unstored.removeAll() } else { heard.unstored += waiting }
    }
}
