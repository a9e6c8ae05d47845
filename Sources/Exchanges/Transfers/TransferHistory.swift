/// How an exchange lists an account's deposits and withdrawals.
public struct TransferHistory: Hashable, Sendable {
    /// Longest window of one call, milliseconds; nil: no bound.
    public var window: Int64?
    /// How far back it lists at all, milliseconds; nil: as far as anybody knows for ever.
    public var reach: Int64?
    /// Most rows in one answer; so many are asked for.
    public var page: Int
    /// Deposits stand in the same list, and fill its pages too (Bitfinex).
    public var holdsBoth: Bool

    public init(window: Int64? = nil, reach: Int64? = nil, page: Int = 100, holdsBoth: Bool = false) {
        (self.window, self.reach, self.page, self.holdsBoth) = (window, reach, max(1, page), holdsBoth)
    }
}

/// Which windows of an exchange's list have to be asked for so that nothing from a time on is left out: the oldest first, each no
/// longer than the exchange allows, one whose answer is full in halves. Pure.
///
/// Ask for ``next()`` until it is nil, and tell of each answer how many rows it held; rows of a window that is asked for again in
/// halves come twice, and so do those at the moment where two windows meet: of some exchanges an end is included, of some (OKX) not.
public struct TransferWindows: Hashable, Sendable {
    /// From ``since`` up to ``until``, milliseconds since 1970.
    public struct Window: Hashable, Sendable {
        public var since: Int64
        /// Nil of the last one: clocks differ, and what comes just now belongs to it.
        public var until: Int64?
    }

    /// Milliseconds below which a window is not halved any more.
    static let shortest: Int64 = 1_000

    /// Whether everything since then was asked for: not where the exchange does not list so far back, or more came at once than it
    /// tells.
    public private(set) var isWhole = true
    private let history: TransferHistory
    private let now: Int64
    /// The next at the end.
    private var open: [Window] = []

    /// - Parameters:
    ///   - since: milliseconds since 1970.
    ///   - now: the same.
    public init(since: Int64, now: Int64, _ history: TransferHistory) {
        self.history = history
        self.now = now
        var start = max(0, since)
        if let reach = history.reach, case let earliest = now &- reach &+ Self.margin, start < earliest {
            start = max(0, earliest)
            isWhole = false
        }
        guard let longest = history.window else {
            open = [Window(since: start)]
            return
        }
        // A last window without an end is read up to the exchange's own now, which may be later than ours.
        let length = max(Self.shortest, longest &- Self.margin)
        while now &- start > length {
            open.append(Window(since: start, until: start &+ length))
            start = start &+ length
        }
        open.append(Window(since: start))
        open.reverse()
    }

    /// Milliseconds that clocks may differ by.
    static let margin: Int64 = 60_000

    public mutating func next() -> Window? { open.popLast() }

    /// - Parameter rows: how many the answer held, of both kinds where they stand in one list.
    public mutating func answered(_ window: Window, rows: Int) {
        guard rows >= history.page else { return }
        let end = window.until ?? max(now, window.since)
        guard end &- window.since >= Self.shortest else {
            isWhole = false
            return
        }
        let middle = window.since &+ (end &- window.since) / 2
        open.append(Window(since: middle, until: window.until))
        open.append(Window(since: window.since, until: middle))
    }
}
