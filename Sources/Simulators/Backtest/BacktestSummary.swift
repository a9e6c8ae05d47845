public import Execution
public import TradingCore

/// The figures of a finished, or running, session on the paper exchange. Money in quote unless said otherwise.
public struct BacktestSummary: Sendable {
    /// Lines or records of the feed.
    public var events: Int
    public var orders: Int
    public var cancels: Int
    public var fills: Int
    /// Base bought less base sold, fees in base taken off.
    public var position: FixedDecimal
    /// Fees in quote; those taken in base at the price of their fill.
    public var feesPaid: FixedDecimal
    /// Profit of closed positions by average cost, all fees paid.
    public var realizedPnL: FixedDecimal
    /// The rest of the profit: what the open position gained against its cost.
    public var unrealizedPnL: FixedDecimal
    /// What prices moving while we held base brought: profit before fees less what the spread brought.
    public var inventoryPnL: FixedDecimal
    /// What trading away from the mid brought.
    public var spreadCaptured: FixedDecimal
    /// Mid against fill price after 1, 10 and 60 seconds, summed over fills.
    public var markouts: [FixedDecimal]
    public var markoutBasisPoints: [Double]
    /// Worth of everything at the last mid.
    public var equity: FixedDecimal
    /// Worth of the starting balances at the last mid.
    public var holdEquity: FixedDecimal
    public var maxDrawdown: FixedDecimal
    /// Base.
    public var rmsInventory: Double
    /// 0 to 1.
    public var twoSidedUptime: Double
    public var makerVolume: FixedDecimal
    public var takerVolume: FixedDecimal
    public var elapsedNanoseconds: Int64
    /// Reasons why orders were kept back, and how often.
    public var refusals: [(code: String, count: Int)]
    public var lastHold: HoldReasonName?
    public var haltReason: HaltReason?

    public typealias HoldReasonName = String

    /// - Parameter events: how many the feed has told.
    public init(_ simulation: borrowing TradingSimulation, events: Int) {
        self.events = events
        let unit = simulation.engine.instrument.unit
        let session = simulation.engine.sessions[0]
        let account = session.account
        let mid = simulation.exchange.book.doubleMid ?? simulation.lastDoubleMid ?? 0
        let profit = account.profit(doubleMark: mid, unit: unit)
        let fees = FixedDecimal(raw: account.feesInQuote)
        orders = session.orderCount
        cancels = session.cancelCount
        fills = account.fillCount
        position = FixedDecimal(raw: unit.decimal(account.position).raw - account.baseFees)
        feesPaid = fees
        realizedPnL = FixedDecimal(raw: account.realized * unit.notional.raw - fees.raw)
        unrealizedPnL = FixedDecimal(raw: profit.raw - realizedPnL.raw)
        makerVolume = FixedDecimal(raw: account.makerVolume * unit.notional.raw)
        takerVolume = FixedDecimal(raw: account.takerVolume * unit.notional.raw)
        let recorder = simulation.recorder
        spreadCaptured = recorder?.spreadCaptured(account) ?? .zero
        inventoryPnL = FixedDecimal(raw: profit.raw + fees.raw - spreadCaptured.raw)
        markouts = recorder?.markouts.map { $0.value(unit) } ?? []
        markoutBasisPoints = recorder?.markouts.map(\.basisPoints) ?? []
        holdEquity = recorder?.holdEquity(mid) ?? .zero
        equity = FixedDecimal(raw: holdEquity.raw + profit.raw)
        maxDrawdown = recorder?.maximumDrawdown ?? .zero
        rmsInventory = recorder?.rmsInventory ?? 0
        twoSidedUptime = recorder?.twoSidedUptime ?? 0
        elapsedNanoseconds = recorder?.elapsedNanoseconds ?? 0
        refusals = session.refusals.map { ($0.key.code, $0.value) }.sorted { $0.code < $1.code }
        lastHold = session.lastHold.map { "\($0)" }
        haltReason = session.haltReason
    }
}
