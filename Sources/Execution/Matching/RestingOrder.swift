import TradingCore

/// An order of an account, resting at the paper exchange among recorded volume.
struct RestingOrder {
    var account: AccountID
    var request: OrderRequest
    var remaining: Int64
    var queue: QueuePosition

    var ticks: Int64 { request.price.ticks }
}

/// How much recorded volume stands before an order at its price, and what is known of why it shrinks.
///
/// A trade and the book update that reports it shrink the queue once, in whichever order they come: what has been seen
/// of only one of them is remembered until the other comes, or until the report window closes.
struct QueuePosition {
    /// Recorded lots that trade before us.
    var ahead: Int64
    /// The newest recorded quantity of the level.
    var level: Int64
    /// Drops of the level that no trade has explained yet.
    var dropped: Int64 = 0
    /// How much of `dropped` has already shrunk `ahead`, because the level cannot hold more than it shows.
    var droppedAhead: Int64 = 0
    var droppedSince: Int64 = 0
    /// Trades at our price whose drop has not been seen yet.
    var traded: Int64 = 0
    var tradedSince: Int64 = 0

    init(level: Int64) {
        ahead = level
        self.level = level
    }

    var isSettled: Bool { dropped | traded == 0 }

    /// The level's recorded quantity is now `lots`.
    mutating func levelChanged(to lots: Int64, at now: Int64) {
        let drop = level - lots
        level = lots
        guard drop > 0 else { return }
        let explained = min(drop, traded)
        traded -= explained
        let rest = drop - explained
        if rest > 0 {
            if dropped == 0 { droppedSince = now }
            dropped += rest
        }
        if ahead > lots {
            droppedAhead += min(ahead - lots, rest)
            ahead = lots
        }
    }

    /// `lots` of recorded volume traded at our price.
    /// - Returns: how many of them went past everything ahead and reached us.
    mutating func volumeTraded(_ lots: Int64, at now: Int64) -> Int64 {
        let explained = min(lots, dropped)
        let alreadyAhead = min(droppedAhead, explained)
        dropped -= explained
        droppedAhead -= alreadyAhead
        let rest = lots - explained
        if rest > 0 {
            if traded == 0 { tradedSince = now }
            traded += rest
        }
        ahead -= lots - alreadyAhead
        guard ahead < 0 else { return 0 }
        defer { ahead = 0 }
        return -ahead
    }

    /// An order of an account took `lots` of the recorded volume before us; the feed will not tell.
    mutating func consumedAhead(_ lots: Int64) {
        ahead = max(0, ahead - lots)
    }

    /// Drops that no trade explained in time were cancels.
    mutating func settle(_ model: QueueModel, window: Int64, now: Int64) {
        if dropped > 0, now - droppedSince >= window {
            let share: Int64
            switch model {
            case .tradesOnly: share = 0
            case .proportional:
                let before = Int128(level) + Int128(dropped)
                share = Int64(Int128(dropped) * Int128(ahead + droppedAhead) / max(before, 1))
            case .front: share = dropped
            }
            ahead = max(0, ahead - max(0, share - droppedAhead))
            dropped = 0
            droppedAhead = 0
        }
        if traded > 0, now - tradedSince >= window { traded = 0 }
    }
}
