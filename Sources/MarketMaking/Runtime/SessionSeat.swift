import Execution
import Strategies
import TradingCore

/// Who a session at work is: the stored strategy instance it runs for, and which run of it.
struct SessionSeat: Hashable, Sendable {
    /// What it is called in this process: the number it was put to work with.
    var session: SessionID
    var instanceID: Int64
    var key: StrategyKey
    var run: Int64
    var parametersVersion: Int64
    /// No price was known yet when it was stored: the first one that comes is its start price.
    var lacksStartPrice = false
}

extension SessionSeat {
    init(_ row: StrategyInstanceStore.Row, _ session: SessionID) {
        self.init(
            session: session, instanceID: row.instance.id, key: row.instance.key, run: row.run,
            parametersVersion: row.instance.parametersVersion,
            lacksStartPrice: row.instance.startPrice == nil && row.instance.key.type != .direct)
    }
}

/// A session about to be put to work.
struct SessionStart: Sendable {
    var seat: SessionSeat
    var configuration: SessionConfiguration
    var strategy: any Strategy
    var restored: RestoredSession
}
