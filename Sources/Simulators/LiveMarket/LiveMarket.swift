import Synchronization
public import TradingCore

/// A market as it comes from a real exchange: whoever hears it puts records in, the paper exchange takes them out.
///
/// It is not to be traded on before a whole book has come, nor after a gap until the next one. It begins with a gap, so that
/// an exchange started again does not trade on what it knew before.
public final class LiveMarket: Sendable {
    private struct State {
        var records: [MarketRecord] = [LiveMarket.gap(at: Timestamp(nanoseconds: 0))]
        var isWhole = false
        var isOverrun = false
        var heardAt: Timestamp?
    }

    /// Tells one source from another, for the journal.
    public let name: String
    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: records that may wait. Where more come than are taken, the market counts as lost.
    public init(name: String, capacity: Int = 1_000_000) {
        self.name = name
        self.capacity = capacity
    }

    /// Takes whole messages in, in their order. What changes a book that is not whole is of no use and left out.
    public func put(_ records: [MarketRecord]) {
        guard let first = records.first else { return }
        state.withLock { state in
            if !state.isWhole, first.kind != .reset { return }
            if state.records.count + records.count > capacity {
                state.isOverrun = true
                return Self.lose(&state, at: first.time, forgetting: true)
            }
            for record in records {
                if record.kind == .reset { state.isWhole = true }
                if record.kind == .gap { state.isWhole = false }
            }
            state.records += records
            state.heardAt = records.last?.time
        }
    }

    /// What is known of the market is not to be trusted any more.
    func lose(at time: Timestamp) {
        state.withLock { if $0.isWhole { Self.lose(&$0, at: time, forgetting: false) } }
    }

    private static func lose(_ state: inout State, at time: Timestamp, forgetting: Bool) {
        if forgetting { state.records.removeAll() }
        state.records.append(gap(at: time))
        state.isWhole = false
    }

    private static func gap(at time: Timestamp) -> MarketRecord {
        MarketRecord(time: time, kind: .gap, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: true)
    }

    /// What came up to a moment, in the order it came.
    func take(until time: Timestamp) -> [MarketRecord] {
        state.withLock { state in
            let due = state.records.prefix { $0.time <= time }
            state.records.removeFirst(due.count)
            return Array(due)
        }
    }

    /// When anything was last heard of a market that is whole; nil while it is not.
    var heardAt: Timestamp? { state.withLock { $0.isWhole ? $0.heardAt : nil } }

    /// Whether more came than was taken, since last asked.
    func takeOverrun() -> Bool {
        state.withLock { state in
            defer { state.isOverrun = false }
            return state.isOverrun
        }
    }
}
