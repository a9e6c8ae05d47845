import TradingCore

/// Counts the changes of one book as it is shown: one number per changed level, without holes, so that snapshot and streams
/// tell the same story.
struct DepthCounter {
    struct Level: Hashable {
        var side: Side
        var ticks: Int64
    }

    /// What a stream has to tell next.
    struct Update {
        var first: Int64
        var last: Int64
        /// Best price first, with the quantities as they are now.
        var bids: [BookLevel]
        var asks: [BookLevel]
    }

    /// Changed since a stream last told.
    private struct Pending {
        var first: Int64 = 0
        var levels: Set<Level> = []
    }

    /// How often a stream tells.
    enum Pace: Int, CaseIterable {
        case fast
        case slow

        var milliseconds: Int64 { self == .fast ? 100 : 1_000 }
    }

    /// The number of the newest change.
    private(set) var last: Int64
    private var shown: [Level: Int64] = [:]
    private var touched: Set<Level> = []
    private var pending = [Pending(), Pending()]

    /// - Parameter start: higher than any number that an earlier life of this book has used.
    init(start: Int64) {
        last = start
    }

    /// A level may have changed.
    mutating func touch(_ side: Side, _ ticks: Int64) { touched.insert(Level(side: side, ticks: ticks)) }

    /// Levels at and better than a price may have changed.
    mutating func touchBetter(_ side: Side, than ticks: Int64) {
        touch(side, ticks)
        for level in shown.keys
        where level.side == side && side.isBetter(Price(ticks: level.ticks), than: Price(ticks: ticks)) {
            touched.insert(level)
        }
    }

    /// All that was shown may have changed; what is new has to be touched beside.
    mutating func touchAll() { touched.formUnion(shown.keys) }

    /// Numbers what has really changed.
    /// - Parameter lots: what is shown at a level now.
    mutating func settle(_ lots: (Level) -> Int64) {
        guard !touched.isEmpty else { return }
        for level in touched {
            let now = lots(level)
            guard now != shown[level] ?? 0 else { continue }
            shown[level] = now == 0 ? nil : now
            last += 1
            for pace in pending.indices {
                if pending[pace].levels.isEmpty { pending[pace].first = last }
                pending[pace].levels.insert(level)
            }
        }
        touched.removeAll(keepingCapacity: true)
    }

    func hasNews(_ pace: Pace) -> Bool { !pending[pace.rawValue].levels.isEmpty }

    /// Nobody listens: what was to tell is told by the next snapshot.
    mutating func skip(_ pace: Pace) { pending[pace.rawValue] = Pending() }

    /// Takes what a stream has to tell; nil after a quiet stretch.
    mutating func take(_ pace: Pace) -> Update? {
        let told = pending[pace.rawValue]
        guard !told.levels.isEmpty else { return nil }
        pending[pace.rawValue] = Pending()
        func side(_ side: Side) -> [BookLevel] {
            told.levels.filter { $0.side == side }
                .map { BookLevel(price: Price(ticks: $0.ticks), quantity: Quantity(lots: shown[$0] ?? 0)) }
                .sorted { side.isBetter($0.price, than: $1.price) }
        }
        return Update(first: told.first, last: last, bids: side(.buy), asks: side(.sell))
    }
}
