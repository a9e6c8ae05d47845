import Exchanges

/// Whether a market's stream tells what is or what was: its words' times against the exchange's clock. Pure; milliseconds.
///
/// A stream that has fallen behind, in a queue of the exchange's or of ours, talks as busily as any. A few late words are a
/// stutter; a row of them that lasts is a market of some time ago.
struct StreamLateness: Sendable {
    enum Judgement: Hashable, Sendable {
        /// It bears no time.
        case untimed
        /// The exchange's clock is not known, or what the word bears is no time of it.
        case unknown
        case inTime
        /// Later than it should be, or no longer late for sure: nothing follows from this word alone.
        case doubtful
        /// As many others before it, by so many milliseconds. Told once for each row.
        case late(by: Int64)
        /// It comes from what we take for the future, as others before it: our idea of the exchange's clock is wrong. Told once
        /// for each row.
        case ahead(by: Int64)
    }

    private enum Row { case late, ahead }

    /// How late a word may come.
    let bound: Int64
    /// For how long, and how many in a row, words may be later than that.
    let patience: Int64
    static let leastWords = 3
    /// What is further ahead than a day is in other units than we read.
    static let longestAhead: Int64 = 86_400_000

    private var row: Row?
    private var since: Int64 = 0
    private var words = 0
    private var isTold = false

    init(bound: Int64, patience: Int64) {
        self.bound = bound
        self.patience = patience
    }

    /// - Parameters:
    ///   - time: by the exchange's clock; nil where the word bears none.
    ///   - now: by ours.
    ///   - clock: what is known of the exchange's. What it is unsure of counts for the stream.
    mutating func heard(_ time: Int64?, at now: Int64, by clock: ClockOffset) -> Judgement {
        guard let time else { return .untimed }
        guard let offset = clock.offset(at: now), let doubt = clock.uncertainty(at: now) else { return .unknown }
        let (difference, isAbsurd) = (now &+ offset).subtractingReportingOverflow(time)
        // Only a time before 1970 can be too far away, and that is as late as any: a zero where a time should stand proves nothing.
        let age = isAbsurd ? .max : difference
        guard age > -Self.longestAhead else { return .unknown }
        if age > bound + doubt { return continues(.late, now) ? .late(by: age) : .doubtful }
        if age < -(bound + doubt) { return continues(.ahead, now) ? .ahead(by: -age) : .doubtful }
        // At the bound itself a stream would be believed and doubted by turns.
        guard row != .late || age <= bound / 2 + doubt else { return .doubtful }
        forget()
        return .inTime
    }

    /// Another connection: what the old one told says nothing of it.
    mutating func forget() { row = nil }

    /// - Returns: whether the row has become long enough with this word.
    private mutating func continues(_ kind: Row, _ now: Int64) -> Bool {
        if row != kind {
            (row, since, words, isTold) = (kind, now, 0, false)
        }
        words += 1
        guard !isTold, words >= Self.leastWords, now - since >= patience else { return false }
        isTold = true
        return true
    }
}
