import TradingCore

/// One market's book: a whole book by REST, then the numbered changes.
///
/// Where the whole book is only its best hundred levels, what lies beyond is not known. The levels inside are counted, and
/// before they run out a newer book is fetched, beside the one that goes on meanwhile.
/// Source: docs-new, "Orderbook - Increment".
struct KuCoinBook {
    /// A side with fewer known levels than this is fetched anew.
    static let leastKnownLevels = 20

    let symbol: Symbol
    private let isPartial: Bool
    private var sync = DepthSync()
    /// Waits for the newer book.
    private var refresh: DepthSync?
    /// A book below this number cannot replace the one that goes on.
    private var refreshFloor: Int64 = 0
    private var known = DepthBook()
    /// The worst prices up to which all levels are known; nil: the side is whole.
    private var bidEdge: FixedDecimal?
    private var askEdge: FixedDecimal?

    init(_ symbol: Symbol, isPartial: Bool) {
        self.symbol = symbol
        self.isPartial = isPartial
    }

    /// Takes a change that follows the one before, as nearly every one does.
    /// - Returns: false, with nothing changed, for every other, which ``received(_:)`` judges.
    mutating func follows(_ change: BookChange, first: Int64, last: Int64) -> Bool {
        guard refresh == nil, sync.follows(first: first, last: last) else { return false }
        if isPartial { known.apply(change) }
        return true
    }

    /// Begins to wait for a newer book when the known levels run out.
    /// - Returns: whether it has to be fetched.
    mutating func startsRefresh() -> Bool {
        guard isPartial, refresh == nil, isWearingOut else { return false }
        _ = startRefresh()
        return true
    }

    /// - Returns: what to do, and whether a newer book has to be fetched beside.
    mutating func received(
        _ numbered: DepthSync.Numbered
    ) -> (action: DepthSync.Action, further: DepthSync.Action) {
        let action = sync.received(numbered)
        switch action {
        case .pass(let change):
            guard isPartial else { return (action, .none) }
            known.apply(change)
            if let further = refresh?.received(numbered) { return (action, further) }
            return (action, isWearingOut ? startRefresh() : .none)
        case .lost: refresh = nil
        case .none, .replace, .fetch: break
        }
        return (action, .none)
    }

    mutating func fetched(_ book: ExchangeBook) -> DepthSync.Action {
        if var waiting = refresh {
            guard let number = book.sequence, number >= refreshFloor else { return .fetch }
            let action = waiting.fetched(book)
            refresh = waiting
            guard case .replace(let book, let changes) = action else { return action }
            sync = waiting
            refresh = nil
            learn(book, changes)
            return action
        }
        let action = sync.fetched(book)
        if case .replace(let book, let changes) = action { learn(book, changes) }
        return action
    }

    mutating func fetchFailed() {
        sync.fetchFailed()
        refresh?.fetchFailed()
    }

    /// - Returns: whether a book has to be fetched.
    mutating func retry() -> Bool {
        if refresh != nil { return refresh?.retry() ?? false }
        return sync.retry()
    }

    mutating func invalidate() {
        sync.invalidate()
        refresh = nil
    }

    // MARK: - What is known

    private mutating func learn(_ book: ExchangeBook, _ changes: [BookChange]) {
        guard isPartial else { return }
        known = DepthBook(book)
        bidEdge = book.bids.count < 100 ? nil : book.bids.last?.price
        askEdge = book.asks.count < 100 ? nil : book.asks.last?.price
        for change in changes { known.apply(change) }
    }

    private var isWearingOut: Bool {
        let place = Self.leastKnownLevels - 1
        if let bidEdge, known.bids.count <= place || known.bids[place].price < bidEdge { return true }
        if let askEdge, known.asks.count <= place || known.asks[place].price > askEdge { return true }
        return false
    }

    private mutating func startRefresh() -> DepthSync.Action {
        var waiting = DepthSync()
        _ = waiting.retry()
        refresh = waiting
        refreshFloor = sync.last ?? 0
        return .fetch
    }
}
