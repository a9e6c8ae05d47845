import Exchanges
import Scheduling
import Synchronization
import TradingCore

/// One instrument's market, told to everybody who listens: the stream's events counted in the instrument's units.
///
/// Who comes later gets a reset and the book as it stands. Everybody is told in order, with no lock held.
final class MarketFeed: Sendable {
    typealias Sink = @Sendable ([MarketRecord]) -> Void

    private struct State: ~Copyable {
        var book = OrderBook()
        /// The book holds what the exchange's does.
        var isWhole = false
        var sinks: [Int: Sink] = [:]
        var lastNumber = 0
        var waiting: [(Sink, [MarketRecord])] = []
        var isTelling = false
        /// When the exchange last told anything of the book.
        var bookAt = Timestamp.distantPast
        /// The stream was silent while the market moved, or late: the book that it begins anew with, which may have been asked for,
        /// proves nothing of the stream, its next word does where that is not late.
        var isDoubted = false
        /// There is such a book, and nobody has been told of it. What changes it is kept.
        var isHeldBack = false
        var lateness: StreamLateness
    }

    /// What the feed cannot mend itself.
    enum Trouble: Hashable, Sendable {
        /// A value between two units came: the rules have changed.
        case offUnit(String)
        /// It tells of some time ago.
        case late(String)
        /// It tells of what we take for the future: the exchange's clock is another than we believe.
        case ahead
    }

    let instrument: Instrument
    private let time: any TimeSource
    private let clock: @Sendable () -> ClockOffset
    private let trouble: @Sendable (Trouble) -> Void
    private let state: Mutex<State>

    /// - Parameter clock: what is known of the exchange's; while that is nothing no word is late.
    init(
        _ instrument: Instrument, time: any TimeSource, pace: ConnectorPace = ConnectorPace(),
        clock: @escaping @Sendable () -> ClockOffset = { ClockOffset() },
        trouble: @escaping @Sendable (Trouble) -> Void
    ) {
        self.instrument = instrument
        self.time = time
        self.clock = clock
        self.trouble = trouble
        state = Mutex(
            State(lateness: StreamLateness(bound: pace.lateness, patience: pace.latenessPatience)))
    }

    func add(_ sink: @escaping Sink) -> Int {
        let now = time.now()
        let number = state.withLock { state in
            state.lastNumber += 1
            state.sinks[state.lastNumber] = sink
            if state.isWhole { state.waiting.append((sink, snapshot(state.book, now))) }
            return state.lastNumber
        }
        tell()
        return number
    }

    /// - Returns: whether nobody listens any more.
    func remove(_ number: Int) -> Bool {
        state.withLock { state in
            state.sinks[number] = nil
            return state.sinks.isEmpty
        }
    }

    func take(_ update: StreamRunner.Update) {
        let now = time.now()
        switch update {
        case .connected, .bookNotFetched: break
        case .disconnected:
            state.withLock { $0.lateness.forget() }
            lose(now)
        case .event(.book(let book)):
            guard let records = records(book, now) else { return broken("a book", now) }
            take(records, book: true, judge(book.time, now, isAnswer: true), now)
        case .event(.bookChange(let change)):
            guard let records = records(change, now) else { return broken("a change", now) }
            take(records, book: false, judge(change.time, now), now)
        case .event(.bookLost): lose(now)
        case .event(.trade(let trade)): if let record = record(trade, now) { spread([record], isWhole: nil) }
        // A connection that lives proves nothing of the market: see ``DialectConnector``'s watch.
        case .event: break
        }
    }

    // MARK: - Silence

    /// When the book was last told of, and its best prices; nil while there is no whole book.
    var lastWord: (at: Timestamp, bid: Int64, ask: Int64)? {
        state.withLock { state in
            state.isWhole ? (state.bookAt, state.book.bestTicks(.buy), state.book.bestTicks(.sell)) : nil
        }
    }

    /// The exchange itself has shown that nothing has changed.
    func confirm() { spread([record(.heartbeat, time.now())], isWhole: nil) }

    /// From here on the book is told only when the stream has shown twice that it lives.
    func doubt() {
        state.withLock { $0.isDoubted = true }
        lose(time.now())
    }

    // MARK: - Lateness

    /// - Parameter isAnswer: it may have been asked for: a book's time is that of its last change, and no sign that it is late.
    private func judge(_ time: Int64?, _ now: Timestamp, isAnswer: Bool = false) -> StreamLateness.Judgement {
        let (clock, now) = (clock(), now.nanoseconds / Nanoseconds.perMillisecond)
        return state.withLock { state in
            guard isAnswer else { return state.lateness.heard(time, at: now, by: clock) }
            var other = state.lateness
            return other.heard(time, at: now, by: clock)
        }
    }

    private func take(_ records: [MarketRecord], book: Bool, _ judgement: StreamLateness.Judgement, _ now: Timestamp) {
        if !isKeptBack(records, book: book, judgement, now) {
            state.withLock { $0.bookAt = now }
            spread(records.isEmpty ? [record(.heartbeat, now)] : records, isWhole: book ? true : nil)
        }
        switch judgement {
        case .late(let age) where !book: isLate(by: age)
        case .ahead where !book: trouble(.ahead)
        case .late, .ahead, .untimed, .unknown, .inTime, .doubtful: break
        }
    }

    private func isLate(by age: Int64) {
        guard !state.withLock({ $0.isDoubted }) else { return }
        doubt()
        trouble(.late("\(instrument.id.symbol) is told \(age) ms late"))
    }

    /// While the stream is doubted its book is kept, and told of when a word has come in time, or one comes where words bear no times. One
    /// that cannot be judged shows nothing.
    private func isKeptBack(
        _ records: [MarketRecord], book: Bool, _ judgement: StreamLateness.Judgement, _ now: Timestamp
    ) -> Bool {
        let proven = state.withLock { state -> [MarketRecord]? in
            guard state.isDoubted else { return [] }
            guard book || state.isHeldBack else { return nil }
            for record in records { state.book.apply(record) }
            let isFirst = !state.isHeldBack
            state.isHeldBack = true
            guard !isFirst, judgement == .inTime || judgement == .untimed else { return nil }
            (state.isDoubted, state.isHeldBack, state.bookAt) = (false, false, now)
            return snapshot(state.book, now)
        }
        guard let proven else { return true }
        if proven.isEmpty { return false }
        spread(proven, isWhole: true)
        return true
    }

    // MARK: - Telling

    private func spread(_ records: [MarketRecord], isWhole: Bool?) {
        state.withLock { state in
            // What changes a book that is not there is of no use to anybody.
            if isWhole == nil, !state.isWhole { return }
            if let isWhole { state.isWhole = isWhole }
            for record in records { state.book.apply(record) }
            for number in state.sinks.keys.sorted() {
                if let sink = state.sinks[number] { state.waiting.append((sink, records)) }
            }
        }
        tell()
    }

    private func lose(_ now: Timestamp) {
        let had = state.withLock { state in
            state.isHeldBack = false
            return state.isWhole
        }
        if had { spread([record(.gap, now)], isWhole: false) }
    }

    private func broken(_ what: String, _ now: Timestamp) {
        lose(now)
        trouble(.offUnit("\(what) of \(instrument.id) has a price between two ticks of \(instrument.unit.price)"))
    }

    /// Whoever comes first tells for all; what comes meanwhile is told by the same, in its turn.
    private func tell() {
        let begins = state.withLock { state in
            if state.isTelling || state.waiting.isEmpty { return false }
            state.isTelling = true
            return true
        }
        guard begins else { return }
        while true {
            let batch = state.withLock { state -> [(Sink, [MarketRecord])] in
                defer { state.waiting.removeAll(keepingCapacity: true) }
                state.isTelling = !state.waiting.isEmpty
                return state.waiting
            }
            if batch.isEmpty { return }
            for (sink, records) in batch { sink(records) }
        }
    }

    // MARK: - Counting

    private func records(_ book: ExchangeBook, _ now: Timestamp) -> [MarketRecord]? {
        var records = [record(.reset, now)]
        for (side, levels) in [(Side.buy, book.bids), (.sell, book.asks)] {
            guard add(levels, side, .snapshot, now, to: &records) else { return nil }
        }
        return closed(records)
    }

    private func records(_ change: BookChange, _ now: Timestamp) -> [MarketRecord]? {
        var records: [MarketRecord] = []
        for (side, levels) in [(Side.buy, change.bids), (.sell, change.asks)] {
            guard add(levels, side, .level, now, to: &records) else { return nil }
        }
        return closed(records)
    }

    /// Prices beyond what a book counts are nobody's to trade at, and left out.
    private func add(
        _ levels: [PriceLevel], _ side: Side, _ kind: MarketRecord.Kind, _ now: Timestamp,
        to records: inout [MarketRecord]
    ) -> Bool {
        for level in levels {
            guard level.price.isPositive, let ticks = instrument.unit.ticks(level.price) else { return false }
            guard ticks <= BookSide.maximumTicks, let lots = instrument.unit.shownLots(level.amount) else { continue }
            records.append(
                MarketRecord(
                    time: now, kind: kind, side: side, price: Price(ticks: ticks), quantity: Quantity(lots: lots),
                    isLast: false))
        }
        return true
    }

    private func closed(_ records: [MarketRecord]) -> [MarketRecord] {
        var records = records
        for index in records.indices { records[index].isLast = index == records.count - 1 }
        return records
    }

    private func record(_ trade: ExchangeTrade, _ now: Timestamp) -> MarketRecord? {
        guard let price = trade.price, let amount = trade.amount, let ticks = instrument.unit.ticks(price),
            (1...BookSide.maximumTicks).contains(ticks), let lots = instrument.unit.shownLots(amount)
        else { return nil }
        return MarketRecord(
            time: now, kind: .trade, side: trade.side ?? .buy, price: Price(ticks: ticks),
            quantity: Quantity(lots: lots), isLast: true)
    }

    private func record(_ kind: MarketRecord.Kind, _ now: Timestamp) -> MarketRecord {
        MarketRecord(time: now, kind: kind, side: .buy, price: Price(ticks: 0), quantity: .zero, isLast: true)
    }

    private func snapshot(_ book: borrowing OrderBook, _ now: Timestamp) -> [MarketRecord] {
        var records = [record(.reset, now)]
        for side in [Side.buy, .sell] {
            for level in book.levels(side, limit: .max) {
                records.append(
                    MarketRecord(
                        time: now, kind: .snapshot, side: side, price: level.price, quantity: level.quantity,
                        isLast: false))
            }
        }
        return closed(records)
    }
}
