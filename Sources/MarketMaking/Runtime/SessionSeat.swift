import Execution
import Strategies
import TradingCore

/// Who a session at work is: the stored strategy instance it runs for, and which run of it.
struct SessionSeat: Hashable, Sendable {
    var session: SessionID
    var instanceID: Int64
    var key: StrategyKey
    var run: Int64
    var parametersVersion: Int64
    /// No price was known yet when it was stored: the first one that comes is its start price.
    var lacksStartPrice = false
}

/// A session about to be put to work.
struct SessionStart: Sendable {
    var seat: SessionSeat
    var configuration: SessionConfiguration
    var strategy: any Strategy
    var restored: RestoredSession
}
