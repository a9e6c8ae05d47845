import Exchanges
import Synchronization
import TradingCore

/// What reaches an executor.
enum ExecutorInput: Sendable {
    /// - Parameter at: when it reached the mailbox.
    case market([MarketRecord], at: Timestamp)
    /// More of the market came than could be kept: everything since is missing.
    case marketOverflow
    case account(AccountUpdate)
    /// More of the account came than could be kept.
    case accountOverflow
    case wake
}

/// An executor's one way in, bounded: a market that comes faster than it is worked off is dropped whole, which is
/// noticed and healed like a gap in the feed; commands and our own account's events are kept.
final class Mailbox: Sendable {
    /// How the executor is told that there is something to ``take()``.
    enum Urgency: Sendable {
        /// On this thread, at once.
        case news
        /// On a thread of its own: this one has other alarms to sound.
        case alarm
    }

    private struct State: Sendable {
        var inputs: [ExecutorInput] = []
        var reader: (@Sendable (Urgency) -> Void)?
        /// The reader was told, and has not come yet.
        var isTold = false
        var recordCount = 0
        var accountCount = 0
        var hasWake = false
    }

    private let state = Mutex(State())
    private let maximumRecords: Int
    private let maximumAccountUpdates: Int

    /// - Parameter maximumRecords: a full snapshot and some seconds of a busy market.
    init(maximumRecords: Int = 200_000, maximumAccountUpdates: Int = 50_000) {
        self.maximumRecords = maximumRecords
        self.maximumAccountUpdates = maximumAccountUpdates
    }

    func market(_ records: [MarketRecord], at now: Timestamp) {
        let isNew = state.withLock { state in
            guard state.recordCount >= 0 else { return false }
            if state.recordCount + records.count > maximumRecords {
                state.inputs.removeAll { if case .market = $0 { true } else { false } }
                state.inputs.append(.marketOverflow)
                // Until the overflow is taken out, what follows it is of no use.
                state.recordCount = -1
                return true
            }
            state.recordCount += records.count
            state.inputs.append(.market(records, at: now))
            return true
        }
        if isNew { tell(.news) }
    }

    func account(_ update: AccountUpdate) {
        let isNew = state.withLock { state in
            guard state.accountCount >= 0 else { return false }
            if state.accountCount >= maximumAccountUpdates {
                state.inputs.removeAll { if case .account = $0 { true } else { false } }
                state.inputs.append(.accountOverflow)
                state.accountCount = -1
                return true
            }
            state.accountCount += 1
            state.inputs.append(.account(update))
            return true
        }
        if isNew { tell(.news) }
    }

    func wake() {
        let isNew = state.withLock { state in
            if state.hasWake { return false }
            state.hasWake = true
            state.inputs.append(.wake)
            return true
        }
        if isNew { tell(.alarm) }
    }

    /// Names who takes what comes, and tells it of what has come before.
    func open(_ reader: @escaping @Sendable (Urgency) -> Void) {
        state.withLock { $0.reader = reader }
        tell(.alarm)
    }

    /// Everything that has come since, in order.
    func take() -> [ExecutorInput] {
        state.withLock { state in
            defer {
                state.inputs = []
                (state.recordCount, state.accountCount, state.hasWake, state.isTold) = (0, 0, false, false)
            }
            return state.inputs
        }
    }

    /// Tells nobody any more.
    func close() { state.withLock { $0.reader = nil } }

    private func tell(_ urgency: Urgency) {
        let reader = state.withLock { state -> (@Sendable (Urgency) -> Void)? in
            guard !state.isTold, let reader = state.reader else { return nil }
            state.isTold = true
            return reader
        }
        reader?(urgency)
    }
}
