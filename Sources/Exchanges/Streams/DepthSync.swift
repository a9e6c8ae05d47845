import TradingCore

/// The rule that Binance, MEXC, KuCoin and Gate share: keep numbered changes, fetch a book, drop what it contains, begin with
/// the change that spans its number, and from then on each must follow the one before.
///
/// *Waiting* holds changes until a book fits; *synced* passes them on; a hole leads back to waiting.
public struct DepthSync: Sendable {
    /// A change that covers the numbers `first` to `last`.
    public struct Numbered: Sendable {
        public var change: BookChange
        public var first: Int64
        public var last: Int64

        public init(_ change: BookChange, first: Int64, last: Int64) {
            self.change = change
            self.first = first
            self.last = last
        }
    }

    public enum Action: Sendable {
        /// Nothing new.
        case none
        case pass(BookChange)
        /// A whole book, and what follows it.
        case replace(ExchangeBook, [BookChange])
        /// A book has to be fetched.
        case fetch
        /// A hole: the book is lost, and another has to be fetched.
        case lost(String)
    }

    /// Most changes held; when more come the oldest go, which a newer book makes good.
    public static let heldLimit = 1_000

    /// The last number passed on; nil while waiting.
    public private(set) var last: Int64?
    public private(set) var held: [Numbered] = []
    public private(set) var isFetching = false

    public init() {}

    /// Takes a change that follows the last one passed on, as nearly every change does: by its numbers alone.
    /// - Returns: whether it is to be passed on; false, with nothing changed, for every other, which ``received(_:)`` judges.
    public mutating func follows(first: Int64, last: Int64) -> Bool {
        guard let previous = self.last, last > previous, first <= Self.next(after: previous) else { return false }
        self.last = last
        return true
    }

    public mutating func received(_ numbered: Numbered) -> Action {
        guard let last else {
            hold(numbered)
            if isFetching { return .none }
            isFetching = true
            return .fetch
        }
        if numbered.last <= last { return .none }
        guard numbered.first <= Self.next(after: last) else {
            self.last = nil
            held = [numbered]
            isFetching = true
            return .lost("expected number \(Self.next(after: last)), got \(numbered.first) to \(numbered.last)")
        }
        self.last = numbered.last
        return .pass(numbered.change)
    }

    /// A fetched book has come.
    /// - Parameter book: with its ``ExchangeBook/sequence``.
    public mutating func fetched(_ book: ExchangeBook) -> Action {
        guard last == nil else { return .none }
        isFetching = false
        let number = book.sequence ?? 0
        if let first = held.first, Self.next(after: number) < first.first {
            // Older than what is held: what lies between is lost.
            isFetching = true
            return .fetch
        }
        var newest = number
        var changes: [BookChange] = []
        let waiting = held
        held = []
        for numbered in waiting where numbered.last > newest {
            guard numbered.first <= Self.next(after: newest) else {
                held = [numbered]
                isFetching = true
                return .fetch
            }
            newest = numbered.last
            changes.append(numbered.change)
        }
        last = newest
        return .replace(book, changes)
    }

    /// The book could not be fetched; ``received(_:)`` or ``retry()`` asks again.
    public mutating func fetchFailed() { isFetching = false }

    /// - Returns: whether a book has to be fetched.
    public mutating func retry() -> Bool {
        guard last == nil, !isFetching else { return false }
        isFetching = true
        return true
    }

    /// Forgets everything: the stream broke, or a message could not be read.
    public mutating func invalidate() {
        last = nil
        held = []
    }

    /// Exchanges' numbers are taken as they come: the highest has none after it.
    private static func next(after number: Int64) -> Int64 { number == .max ? number : number + 1 }

    private mutating func hold(_ numbered: Numbered) {
        if held.count >= Self.heldLimit { held.removeFirst() }
        held.append(numbered)
    }
}
