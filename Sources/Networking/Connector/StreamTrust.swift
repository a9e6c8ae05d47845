/// Whether an account's stream can be relied on: it has to tell of what the exchange accepts. Pure; all times are milliseconds of our
/// clock.
///
/// *Relied on* from the start; *owing a word* once an order was accepted that it has to tell of, until it tells of any; *doubted* when that
/// took too long, until it tells of an order. Who doubts it asks the exchange instead.
struct StreamTrust: Sendable {
    /// Since when everything that happens is told, by its own word; nil while it is down or being opened.
    private var readySince: Int64?
    /// When it last told of an order or a fill.
    private var toldAt: Int64?
    private var owesSince: Int64?
    /// When it was last begun anew for what it kept back.
    private(set) var doubtedSince: Int64?

    var isDoubted: Bool { doubtedSince != nil }
    var isThere: Bool { readySince != nil }

    /// It tells everything from now on. What happened before is no business of its.
    mutating func isReady(at now: Int64) {
        readySince = now
        owesSince = nil
    }

    mutating func isDown() {
        readySince = nil
        owesSince = nil
    }

    /// It has told of an order or a fill.
    mutating func hasTold(at now: Int64) {
        toldAt = now
        owesSince = nil
        doubtedSince = nil
    }

    /// The exchange has accepted an order that was sent then.
    mutating func accepted(sentAt: Int64, now: Int64) {
        // One that was sent before may have been accepted before, and nobody was there to be told.
        guard !isDoubted, let readySince, readySince < sentAt else { return }
        // Its word may have come before the answer.
        if let toldAt, toldAt >= sentAt { return }
        owesSince = owesSince ?? now
    }

    /// - Parameter bound: how long a word may be on its way.
    /// - Returns: for how long one has been owed that is overdue; from now on it is doubted.
    mutating func overdue(at now: Int64, after bound: Int64) -> Int64? {
        guard let since = owesSince, now &- since >= bound else { return nil }
        owesSince = nil
        doubtedSince = doubtedSince ?? now
        return now &- since
    }

    /// Another connection may tell what a doubted one does not.
    /// - Returns: whether one is to be tried again.
    mutating func isRetryDue(at now: Int64, every interval: Int64) -> Bool {
        guard let since = doubtedSince, now &- since >= interval else { return false }
        doubtedSince = now
        return true
    }
}
