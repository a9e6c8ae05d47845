/// How much recorded volume stands before an order at its price, and what is known of why it shrinks.
///
/// A trade and the book update that reports it shrink the queue once, in whichever order they come: what has been seen
/// of only one of them is remembered until the other comes, or until the report window closes.
struct QueuePosition: Codable, Sendable {
    /// Recorded lots that trade before us.
    private(set) var ahead: Int64
    /// The newest recorded quantity of the level.
    private(set) var level: Int64
    /// Drops of the level that no trade has explained yet.
    private var dropped = PendingVolume()
    /// How much of `dropped` has already shrunk `ahead`, because the level cannot hold more than it shows.
    private var droppedAhead: Int64 = 0
    /// Trades at our price whose drop has not been seen yet.
    private var traded = PendingVolume()

    /// Last at a level of `level` lots, of which orders of accounts have taken some that the feed does not know about.
    ///
    /// The level is what it is after the pending drops, so their trades take nothing from before us when they come.
    init(level: Int64, consumed: Int64 = 0, dropped: PendingVolume = .init(), traded: PendingVolume = .init()) {
        ahead = max(0, level - consumed)
        self.level = level
        self.dropped = dropped
        droppedAhead = dropped.lots
        self.traded = traded
    }

    /// Last at a level where an order of ours has been waiting.
    ///
    /// That one knows the level at least as well as the book, which shows an older quantity where a top has just moved
    /// away to a better price.
    init(behind earlier: QueuePosition, consumed: Int64) {
        self.init(level: earlier.level, consumed: consumed, dropped: earlier.dropped, traded: earlier.traded)
    }

    var isSettled: Bool { dropped.lots | traded.lots == 0 }

    /// The level's recorded quantity is now `lots`, of which `available` are not taken by orders of accounts.
    mutating func levelChanged(to lots: Int64, available: Int64, at now: Int64) {
        let drop = level - lots
        level = lots
        guard drop > 0 else { return }
        let rest = drop - traded.take(drop)
        dropped.add(rest, at: now)
        if ahead > available {
            droppedAhead += min(ahead - available, rest)
            ahead = available
        }
    }

    /// `lots` of recorded volume traded at our price, of which earlier orders of accounts left `reaching`.
    /// - Returns: how many of them went past everything ahead and reached us.
    mutating func volumeTraded(_ lots: Int64, reaching: Int64, at now: Int64) -> Int64 {
        let explained = dropped.take(lots)
        let alreadyAhead = min(droppedAhead, explained)
        droppedAhead -= alreadyAhead
        traded.add(lots - explained, at: now)
        ahead -= max(0, reaching - alreadyAhead)
        guard ahead < 0 else { return 0 }
        defer { ahead = 0 }
        return -ahead
    }

    /// Recorded volume traded at a worse price than ours: nothing is ahead, and every trade at our price has been told.
    mutating func passed() {
        ahead = 0
        droppedAhead = 0
        dropped = PendingVolume()
    }

    /// An order of an account took `lots` of the recorded volume before us; the feed will not tell.
    mutating func consumedAhead(_ lots: Int64) {
        ahead = max(0, ahead - lots)
    }

    /// Drops that no trade explained in time were cancels.
    mutating func settle(_ model: QueueModel, window: Int64, now: Int64) {
        let before = Int128(level) + Int128(dropped.lots)
        let cancelled = dropped.expire(window: window, now: now)
        if cancelled > 0 {
            let share: Int64
            switch model {
            case .tradesOnly: share = 0
            case .proportional: share = Int64(Int128(cancelled) * Int128(ahead + droppedAhead) / before)
            case .front: share = cancelled
            }
            // What still waits keeps as much of the part already taken as it can hold.
            let kept = min(droppedAhead, dropped.lots)
            ahead = max(0, ahead - max(0, share - (droppedAhead - kept)))
            droppedAhead = kept
        }
        _ = traded.expire(window: window, now: now)
    }

    /// Whoever joined earlier trades earlier, whatever the estimates say.
    mutating func stay(behind earlier: Int64) {
        ahead = max(ahead, earlier)
    }

    // MARK: - Whole fills

    /// hftbacktest's risk-averse queue: a trade takes from the front.
    /// - Returns: whether it reached us.
    mutating func volumeTradedWhole(_ lots: Int64) -> Bool {
        ahead -= lots
        return ahead < 0
    }

    mutating func levelChangedWhole(to lots: Int64) {
        level = lots
        ahead = min(ahead, lots)
    }
}
