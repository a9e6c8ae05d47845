public import Exchanges
import Synchronization
public import TradingCore

/// Turns what a market's stream tells into the bytes of a recording. Takes from whatever thread brings it; whoever owns the
/// file fetches what has gathered and writes it.
///
/// `binance-raw` holds frames and snapshots as they came; `mme` what they meant. A break of the connection, a hole in the
/// sequence and a frame that cannot be read are marked: a reader then trusts the book only from the next whole one on.
public final class MarketRecorder: Sendable {
    public enum Format: Sendable {
        case binanceRaw(BookUnit)
        /// - Parameter tick: chosen by a person.
        case mme(ExchangeMarket, tick: FixedDecimal?)
    }

    /// What has been recorded so far.
    public struct Counts: Equatable, Sendable {
        /// Frames and events that were written.
        public var messages = 0
        public var gaps = 0
        /// Frames that nobody understood; not written.
        public var unreadable = 0
        /// Books that came whole: of them the first makes a recording usable.
        public var books = 0
    }

    private struct State {
        var bytes: [UInt8] = []
        var writer: MMEWriter?
        /// Of raw frames.
        var unit: BookUnit?
        var lastTime = Timestamp.distantPast
        var counts = Counts()
        var failure: RecordingFailure?
        var hasEnded = false
        /// The newest number of the book.
        var sequence: Int64?
    }

    /// Bytes that wait to be written at most.
    static let mostWaiting = 64 << 20

    private let format: Format
    private let symbol: Symbol
    private let state = Mutex(State())

    public init(_ format: Format, _ symbol: Symbol) {
        self.format = format
        self.symbol = symbol
        if case .binanceRaw(let unit) = format { state.withLock { $0.unit = unit } }
    }

    public var counts: Counts { state.withLock { $0.counts } }
    /// What the recording's ticks and lots are worth; nil before it is known.
    public var unit: BookUnit? { state.withLock { $0.writer?.unit ?? $0.unit } }
    /// The exchange's number of the newest book; nil before there is one.
    public var bookSequence: Int64? { state.withLock { $0.sequence } }

    // MARK: - What comes

    /// A frame and what it told. Only `binance-raw` looks at it.
    public func frame(_ bytes: UnsafeRawBufferPointer, _ effects: ArraySlice<StreamEffect>, at now: Timestamp) {
        guard case .binanceRaw = format else { return }
        take(now) { state, time in
            if Self.isUnreadable(effects) {
                state.counts.unreadable += 1
                if Self.losesBook(effects) { Self.gap("a frame that cannot be read", time, &state) }
                return
            }
            BinanceRawLines.append(bytes, at: time, to: &state.bytes)
            state.counts.messages += 1
            if Self.losesBook(effects) { Self.gap("a hole in the sequence", time, &state) }
        }
    }

    /// The answer to a request for the book, as it came. Only `binance-raw` looks at it.
    public func snapshot(_ body: [UInt8], at now: Timestamp) {
        guard case .binanceRaw = format else { return }
        take(now) { state, time in
            body.withUnsafeBytes { BinanceRawLines.append($0, at: time, to: &state.bytes) }
            state.counts.messages += 1
        }
    }

    public func event(_ event: StreamEvent, at now: Timestamp) {
        take(now) { state, time throws(RecordingFailure) in
            switch event {
            case .book(let book) where book.symbol == self.symbol:
                state.counts.books += 1
                state.sequence = book.sequence
            case .bookChange(let change): state.sequence = change.sequence ?? state.sequence
            default: break
            }
            guard case .mme(let market, let tick) = self.format else { return }
            if case .book(let book) = event, state.writer == nil {
                try Self.begin(book, market, tick, time, &state)
            }
            if case .bookLost = event { state.counts.gaps += 1 }
            let before = state.bytes.count
            try state.writer?.take(event, at: time, into: &state.bytes)
            if state.bytes.count > before { state.counts.messages += 1 }
        }
    }

    public func disconnected(_ reason: String, at now: Timestamp) {
        take(now) { state, time in
            switch self.format {
            case .binanceRaw: Self.gap("disconnected: " + reason, time, &state)
            // The books have been told lost before.
            case .mme: break
            }
        }
    }

    /// Nothing more is taken: that we hang up is no gap.
    public func end() { state.withLock { $0.hasEnded = true } }

    // MARK: - What is written

    /// What has gathered.
    /// - Throws: when recording cannot go on; what came before was fetched.
    public func fetch() throws(RecordingFailure) -> [UInt8] {
        let (bytes, failure) = state.withLock { state in
            defer { state.bytes = [] }
            return (state.bytes, state.bytes.isEmpty ? state.failure : nil)
        }
        if let failure { throw failure }
        return bytes
    }

    /// What has gathered for the present file; what comes from now on is for the next one, which begins with all it needs.
    public func turn(at now: Timestamp) throws(RecordingFailure) -> [UInt8] {
        let bytes = try fetch()
        take(now) { state, time throws(RecordingFailure) in try state.writer?.begin(at: time, into: &state.bytes) }
        return bytes
    }

    // MARK: -

    /// Receive times never decrease.
    private func take(
        _ now: Timestamp, _ body: (inout State, Timestamp) throws(RecordingFailure) -> Void
    ) {
        state.withLock { state in
            guard state.failure == nil, !state.hasEnded else { return }
            guard state.bytes.count <= Self.mostWaiting else {
                state.failure = RecordingFailure(
                    "the disk does not keep up: \(state.bytes.count) bytes wait to be written")
                return
            }
            state.lastTime = max(state.lastTime, now)
            do throws(RecordingFailure) { try body(&state, state.lastTime) } catch { state.failure = error }
        }
    }

    private static func begin(
        _ book: ExchangeBook, _ market: ExchangeMarket, _ tick: FixedDecimal?, _ time: Timestamp, _ state: inout State
    ) throws(RecordingFailure) {
        guard let price = (book.asks.last ?? book.bids.first)?.price else { return }
        var writer = MMEWriter(unit: try RecordingUnit.unit(of: market, near: price, tick: tick))
        try writer.begin(at: time, into: &state.bytes)
        state.writer = writer
    }

    private static func gap(_ reason: String, _ time: Timestamp, _ state: inout State) {
        state.counts.gaps += 1
        BinanceRawLines.appendGap(reason, at: time, to: &state.bytes)
    }

    private static func isUnreadable(_ effects: ArraySlice<StreamEffect>) -> Bool {
        effects.contains { effect in
            switch effect {
            case .event(.unexplained): true
            case .event(.bookLost(_, let failure)): failure.kind == .badResponse
            default: false
            }
        }
    }

    private static func losesBook(_ effects: ArraySlice<StreamEffect>) -> Bool {
        effects.contains { if case .event(.bookLost) = $0 { true } else { false } }
    }
}

/// A session whose frames are seen by somebody else too, with what they led to.
public struct WatchedSession: StreamSession {
    private var session: any StreamSession
    private let watch: @Sendable (UnsafeRawBufferPointer, ArraySlice<StreamEffect>) -> Void

    public init(
        _ session: any StreamSession,
        watch: @escaping @Sendable (UnsafeRawBufferPointer, ArraySlice<StreamEffect>) -> Void
    ) {
        self.session = session
        self.watch = watch
    }

    public var url: String { session.url }
    public var silenceLimit: Int64 { session.silenceLimit }
    public var nextWake: Int64? { session.nextWake }

    public mutating func opened(_ context: SigningContext, into effects: inout [StreamEffect]) {
        session.opened(context, into: &effects)
    }

    public mutating func received(
        _ frame: UnsafeRawBufferPointer, isBinary: Bool, now: Int64, into effects: inout [StreamEffect]
    ) {
        let before = effects.count
        session.received(frame, isBinary: isBinary, now: now, into: &effects)
        watch(frame, effects[before...])
    }

    public mutating func fetched(
        _ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol, now: Int64, into effects: inout [StreamEffect]
    ) {
        session.fetched(book, symbol, now: now, into: &effects)
    }

    public mutating func wake(_ now: Int64, into effects: inout [StreamEffect]) { session.wake(now, into: &effects) }
}
