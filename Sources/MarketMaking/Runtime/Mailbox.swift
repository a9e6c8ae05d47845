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

    /// A closure in a struct: by itself it would be wrapped anew each time the lock hands it out.
    private struct Reader: Sendable {
        let tell: @Sendable (Urgency) -> Void
    }

    private struct State: Sendable {
        var inputs: [ExecutorInput] = []
        var reader: Reader?
        /// The reader was told, and has not come yet.
        var isTold = false
        var recordCount = 0
        var accountCount = 0
        var hasWake = false

        /// Nil where it has been told already, or there is none.
        mutating func readerToTell() -> Reader? {
            guard !isTold, let reader else { return nil }
            isTold = true
            return reader
        }
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
        let reader = state.withLock { state -> Reader? in
            guard state.recordCount >= 0 else { return nil }
            if state.recordCount + records.count > maximumRecords {
                state.inputs.removeAll { if case .market = $0 { true } else { false } }
                state.inputs.append(.marketOverflow)
                // Until the overflow is taken out, what follows it is of no use.
                state.recordCount = -1
            } else {
                state.recordCount += records.count
                state.inputs.append(.market(records, at: now))
            }
            return state.readerToTell()
        }
        reader?.tell(.news)
    }

    func account(_ update: AccountUpdate) {
        let reader = state.withLock { state -> Reader? in
            guard state.accountCount >= 0 else { return nil }
            if state.accountCount >= maximumAccountUpdates {
                state.inputs.removeAll { if case .account = $0 { true } else { false } }
                state.inputs.append(.accountOverflow)
                state.accountCount = -1
            } else {
                state.accountCount += 1
                state.inputs.append(.account(update))
            }
            return state.readerToTell()
        }
        reader?.tell(.news)
    }

    func wake() {
        let reader = state.withLock { state -> Reader? in
            if state.hasWake { return nil }
            state.hasWake = true
            state.inputs.append(.wake)
            return state.readerToTell()
        }
        reader?.tell(.alarm)
    }

    /// Names who takes what comes, and tells it of what has come before.
    func open(_ reader: @escaping @Sendable (Urgency) -> Void) {
        let reader = state.withLock { state in
            state.reader = Reader(tell: reader)
            return state.readerToTell()
        }
        reader?.tell(.alarm)
    }

    /// Moves everything that has come since to `inputs`, in order. Memory goes back and forth instead of being made anew.
    /// - Parameter inputs: empty.
    func take(into inputs: inout [ExecutorInput]) {
        state.withLock { state in
            swap(&state.inputs, &inputs)
            (state.recordCount, state.accountCount, state.hasWake, state.isTold) = (0, 0, false, false)
        }
    }

    /// Tells nobody any more.
    func close() { state.withLock { $0.reader = nil } }
}
