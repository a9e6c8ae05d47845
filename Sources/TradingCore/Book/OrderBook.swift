/// A price-level (L2) order book of one instrument, in its own ticks and lots.
public struct OrderBook: ~Copyable, @unchecked Sendable {
    // Sendable by construction: the storage is owned by this one value, which cannot be copied, and is reached only
    // through it; the sides are Sendable themselves.

    /// Bids, then asks: a place in memory is chosen where two properties would need a branch, which on market data is
    /// taken wrong half of the time.
    @usableFromInline let sides: UnsafeMutablePointer<BookSide>

    public init() {
        sides = .allocate(capacity: 2)
        sides.initialize(to: BookSide(.buy))
        (sides + 1).initialize(to: BookSide(.sell))
    }

    // Without `@inlinable` the compiler (6.3.1) fails: it would inline this into the end of whatever holds a book.
    @inlinable
    deinit {
        sides.deinitialize(count: 2)
        sides.deallocate()
    }

    public var bids: BookSide {
        @inlinable @inline(__always)
        unsafeAddress { UnsafePointer(sides) }
        @inlinable @inline(__always)
        unsafeMutableAddress { sides }
    }

    public var asks: BookSide {
        @inlinable @inline(__always)
        unsafeAddress { UnsafePointer(sides + 1) }
        @inlinable @inline(__always)
        unsafeMutableAddress { sides + 1 }
    }

    public subscript(side: Side) -> BookSide {
        @inlinable @inline(__always)
        unsafeAddress { UnsafePointer(sides + (side == .buy ? 0 : 1)) }
        @inlinable @inline(__always)
        unsafeMutableAddress { sides + (side == .buy ? 0 : 1) }
    }

    @inlinable public var bestBid: Price? { bids.best }
    @inlinable public var bestAsk: Price? { asks.best }

    /// Twice the mid price, in ticks: the sum of best bid and best ask. Nil unless both sides have a level.
    @inlinable
    public var doubleMid: Int64? {
        let (bid, ask) = (bids.bestTicks, asks.bestTicks)
        return bid == 0 || ask == .max ? nil : bid + ask
    }

    /// How the two sides stand to each other.
    @inlinable
    public var shape: BookShape {
        let (bid, ask) = (bids.bestTicks, asks.bestTicks)
        if bid == 0 { return ask == .max ? .empty : .asksOnly }
        if ask == .max { return .bidsOnly }
        return bid < ask ? .normal : (bid == ask ? .locked : .crossed)
    }

    @inlinable
    public func bestTicks(_ side: Side) -> Int64 { self[side].bestTicks }

    @inlinable
    public func lots(_ side: Side, at ticks: Int64) -> Int64 {
        self[side].lots(at: ticks)
    }

    @inlinable
    public func nextTicks(_ side: Side, after ticks: Int64) -> Int64 {
        self[side].nextTicks(after: ticks)
    }

    /// Sets a level; 0 removes it.
    /// - Returns: the stored quantity before.
    @inlinable @inline(__always) @discardableResult
    public mutating func set(_ side: Side, ticks: Int64, lots: Int64) -> Int64 {
        self[side].set(ticks, lots: lots)
    }

    @inlinable
    public mutating func setTop(_ side: Side, ticks: Int64, lots: Int64) {
        self[side].setTop(ticks, lots: lots)
    }

    @inlinable
    public mutating func clearTop() {
        bids.clearTop()
        asks.clearTop()
    }

    public mutating func removeAll() {
        bids.removeAll()
        asks.removeAll()
    }

    /// Applies one record as a reader of the feed would: trades change nothing, a gap or reset empties the book.
    @inlinable
    public mutating func apply(_ record: MarketRecord) {
        switch record.kind {
        case .level, .snapshot: set(record.side, ticks: record.price.ticks, lots: record.quantity.lots)
        case .top: setTop(record.side, ticks: record.price.ticks, lots: record.quantity.lots)
        case .topCleared: clearTop()
        case .gap, .reset: removeAll()
        case .trade, .heartbeat: break
        }
    }

    /// Up to `limit` visible levels from the touch.
    public func levels(_ side: Side, limit: Int) -> [BookLevel] {
        var levels: [BookLevel] = []
        var ticks = bestTicks(side)
        while levels.count < limit, ticks != 0, ticks != .max {
            levels.append(BookLevel(price: Price(ticks: ticks), quantity: Quantity(lots: lots(side, at: ticks))))
            ticks = nextTicks(side, after: ticks)
        }
        return levels
    }
}

/// One price of a book and what rests there.
public struct BookLevel: Hashable, Sendable {
    public var price: Price
    public var quantity: Quantity

    public init(price: Price, quantity: Quantity) {
        self.price = price
        self.quantity = quantity
    }
}

public enum BookShape: UInt8, Sendable {
    case empty
    case bidsOnly
    case asksOnly
    case normal
    /// Best bid equals best ask.
    case locked
    /// Best bid above best ask.
    case crossed
}
