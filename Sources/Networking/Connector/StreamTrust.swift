import TradingCore

/// Whether an account's stream can be relied on: it has to tell of what the exchange accepts, and soon. Pure; all times are milliseconds
/// of our clock.
///
/// *Relied on* from the start; *owing a word* once an order was accepted that it has to tell of, until it tells of that, or of what
/// happened since; *doubted* when that took too long, or what it tells comes late again and again, until it tells of something that has
/// only just happened: an old word proves nothing. Who doubts it asks the exchange instead.
struct StreamTrust: Sendable {
    /// What the stream tells of an order or a fill.
    struct Word: Sendable {
        /// Whose order it is about; nil where that is not known.
        var order: ClientOrderID?
        /// When it happened, as late as the two clocks may mean; nil where it bears no time.
        var happenedAt: Int64?
    }

    /// Why it is doubted.
    enum Doubt: Equatable, Sendable {
        /// It has told nothing for so many milliseconds of an order that was accepted.
        case silent(Int64)
        /// What it tells happened so many milliseconds ago.
        case late(Int64)
    }

    /// Milliseconds that a word may be on its way.
    struct Bounds: Sendable {
        /// Longer, and it is doubted.
        var silence: Int64
        /// No longer, and a doubted one is relied on again.
        var freshness: Int64
    }

    private struct Debt: Sendable {
        var order: ClientOrderID
        var sentAt: Int64
        /// When it was accepted.
        var since: Int64
    }

    /// So many late words in a row, over so many milliseconds, are no jam that has passed.
    static let lateWords = 3
    static let lateFor: Int64 = 2_000
    /// Words that came lately are known by their orders: one may come before the answer that accepts.
    static let wordsKept = 200

    private let bounds: Bounds
    /// Since when everything that happens is told, by its own word; nil while it is down or being opened.
    private var readySince: Int64?
    private var debts: [Debt] = []
    private var told: [(order: ClientOrderID, at: Int64)] = []
    /// What has happened until then, it has told.
    private var toldUntil: Int64?
    /// Words in a row that came late, since when, and by how much the last one did.
    private var late: (words: Int, since: Int64, by: Int64)?
    private(set) var doubt: Doubt?
    /// When it was last begun anew for what it kept back.
    private(set) var doubtedSince: Int64?

    var isDoubted: Bool { doubt != nil }
    var isThere: Bool { readySince != nil }

    init(_ pace: ConnectorPace = ConnectorPace()) {
        bounds = Bounds(silence: pace.silence, freshness: pace.freshness)
    }

    /// It tells everything from now on. What happened before is no business of its.
    mutating func isReady(at now: Int64) {
        isDown()
        readySince = now
    }

    mutating func isDown() {
        readySince = nil
        debts = []
        late = nil
    }

    /// It has told of an order or a fill.
    mutating func hasTold(_ word: Word, at now: Int64) {
        note(word, at: now)
        let paid = debts.filter { isPaid($0, by: word) }
        // The word on what was accepted is the first there is: that it has come shows how late all are.
        let isFirst = paid.contains { $0.order == word.order }
        debts = debts.filter { !isPaid($0, by: word) }
        judge(word, isFirst: isFirst, at: now)
        if isFresh(word, paying: paid, at: now) { isTrusted() }
    }

    /// The exchange has accepted an order that was sent then.
    mutating func accepted(_ order: ClientOrderID, sentAt: Int64, now: Int64) {
        // One that was sent before may have been accepted before, and nobody was there to be told.
        guard let readySince, readySince < sentAt else { return }
        // Its word may have come before the answer.
        if let word = told.last(where: { $0.order == order && $0.at >= sentAt }) {
            if isDoubted, word.at &- sentAt <= bounds.freshness { isTrusted() }
            return
        }
        if let toldUntil, toldUntil >= sentAt { return }
        debts.append(Debt(order: order, sentAt: sentAt, since: now))
    }

    /// To be asked now and then.
    /// - Returns: why it is doubted from now on; nil where nothing has changed.
    mutating func begunDoubt(at now: Int64) -> Doubt? {
        // Whoever asks instead has asked: what is owed longer than that shows nothing new.
        if isDoubted {
            debts.removeAll { now &- $0.since >= bounds.silence }
            return nil
        }
        let owed = debts.map { now &- $0.since }.max() ?? 0
        guard owed >= bounds.silence || isLate else { return nil }
        let begun: Doubt = isLate ? .late(late?.by ?? 0) : .silent(owed)
        (doubt, doubtedSince, debts) = (begun, now, [])
        return begun
    }

    /// Another connection may tell what a doubted one does not.
    /// - Returns: whether one is to be tried again.
    mutating func isRetryDue(at now: Int64, every interval: Int64) -> Bool {
        guard let since = doubtedSince, now &- since >= interval else { return false }
        doubtedSince = now
        return true
    }

    // MARK: - Words

    private var isLate: Bool { (late?.words ?? 0) >= Self.lateWords }

    private mutating func isTrusted() { (doubt, doubtedSince, late) = (nil, nil, nil) }

    private mutating func note(_ word: Word, at now: Int64) {
        if let order = word.order {
            told.append((order, now))
            if told.count > Self.wordsKept { told.removeFirst() }
        }
        // Without time and owner it is taken at its word, as one of now.
        if let until = word.happenedAt ?? (word.order == nil ? now : nil) { toldUntil = max(until, toldUntil ?? until) }
    }

    private func isPaid(_ debt: Debt, by word: Word) -> Bool {
        if word.order == debt.order { return true }
        if let happenedAt = word.happenedAt { return happenedAt >= debt.sentAt }
        guard let order = word.order else { return true }
        // Of one that was accepted since. An older one's word may itself be old.
        return debts.contains { $0.order == order && $0.sentAt >= debt.sentAt }
    }

    /// Counts what comes late. What happened before it was there, as in a list of what is open, came no later for it.
    private mutating func judge(_ word: Word, isFirst: Bool, at now: Int64) {
        guard let readySince, let happenedAt = word.happenedAt, happenedAt >= readySince else { return }
        let age = now &- happenedAt
        guard age >= bounds.silence else {
            late = nil
            return
        }
        let since = late?.since ?? now
        let words = (late?.words ?? 0) + 1
        // Several that come at once are one jam, and no more.
        let counted = isFirst ? Self.lateWords : now &- since >= Self.lateFor ? words : min(words, Self.lateWords - 1)
        late = (counted, since, age)
    }

    private func isFresh(_ word: Word, paying paid: [Debt], at now: Int64) -> Bool {
        if let happenedAt = word.happenedAt { return now &- happenedAt <= bounds.freshness }
        guard word.order != nil else { return true }
        return paid.contains { now &- $0.since <= bounds.freshness }
    }
}
